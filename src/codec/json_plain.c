/* JSON to XML in a single pass: tags and structure. */
#include "codec/json_plain_parts.h"
#include "codec/json_skip.h"

static inline bool is_null(const struct tg_json_plain *q, const char *p)
{
    return *p == 'n' && q->flow.end - p >= 4 && memcmp(p, "null", 4) == 0;
}

/* Tags */

static inline bool settle(struct tg_json_plain *q)
{
    return q->pending_count == 0 || tg_json_plain_settle(q);
}

/* Ends the start tag around what is written next; NULL: a prefix is not declared. */
static inline char *end_start(struct tg_json_plain *q, char *out)
{
    struct tg_json_frame *element = q->element;

    if (!element->open)
        return out;
    element->open = false;
    *out = '>';
    return settle(q) ? out + 1 : NULL;
}

/* "<name"; what follows is up to the caller. */
static inline char *begin_tag(struct tg_json_plain *q, char *out, const struct tg_xml_name *name)
{
    out = tg_json_make_room(&q->flow, out);
    if (out == NULL || (out = end_start(q, out)) == NULL ||
        ++q->elements > q->writer->limits.elements)
        return NULL;
    q->tops += q->element->name == NULL;
    q->tag++;
    if (name->prefix != NULL && !tg_json_plain_use(q, name, false))
        return NULL;
    *out++ = '<';
    return tg_json_put_text(&q->flow, out, tg_xml_name_text(name));
}

/* An element that is null. */
static struct tg_json_spot put_nil(struct tg_json_plain *q, struct tg_json_spot s)
{
    static const char nil[] =
        " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/>";

    return settle(q) ? tg_json_at(s.in + 4, tg_json_put(s.out, nil, sizeof(nil) - 1))
                     : tg_json_given_up;
}

/* An element of the plain value at `in`. */
static inline struct tg_json_spot put_simple(struct tg_json_plain *q, struct tg_json_spot s,
                                             const struct tg_xml_name *name)
{
    s.out = begin_tag(q, s.out, name);
    if (s.out == NULL || is_null(q, s.in))
        return s.out == NULL ? tg_json_given_up : put_nil(q, s);
    if (!settle(q))
        return tg_json_given_up;
    if (*s.in == '"' && s.in[1] == '"')
        return tg_json_at(s.in + 2, tg_json_put(s.out, "/>", 2));
    *s.out++ = '>';
    s = tg_json_put_scalar(&q->flow, s, false);
    if (s.in != NULL)
        s.out = tg_json_plain_put_end(q, s.out, name);
    return s.out != NULL ? s : tg_json_given_up;
}

static struct tg_json_spot put_text(struct tg_json_plain *q, struct tg_json_spot s)
{
    if (q->element->name == NULL)
        return tg_json_given_up;
    if (is_null(q, s.in))
        return tg_json_at(s.in + 4, s.out);
    if (*s.in == '"' && s.in[1] == '"')
        return tg_json_at(s.in + 2, s.out);
    s.out = tg_json_make_room(&q->flow, s.out);
    if (s.out == NULL || (s.out = end_start(q, s.out)) == NULL)
        return tg_json_given_up;
    return tg_json_put_scalar(&q->flow, s, false);
}

/* Whether the attribute, whose text as written begins at `text`, has nothing against it. */
static bool is_good(struct tg_json_plain *q, const struct tg_xml_name *name,
                    struct tg_json_spot before, const char *text, struct tg_json_spot behind)
{
    struct tg_text value = tg_text(text, (size_t)(behind.out - text));

    if (name->kind == TG_XML_PLAIN)
        return tg_json_plain_use(q, name, true);
    /* A namespace name without references and escapes. */
    return (size_t)(behind.in - before.in) == value.len + 2 && *before.in == '"' &&
           memcmp(before.in + 1, value.base, value.len) == 0 &&
           tg_json_plain_declare(q, name, value);
}

static struct tg_json_spot put_attribute(struct tg_json_plain *q, struct tg_json_spot s)
{
    struct tg_xml_name *name = q->value;
    struct tg_json_spot before = s;

    if (is_null(q, s.in))
        return tg_json_at(s.in + 4, s.out);
    s.out = tg_json_make_room(&q->flow, s.out);
    if (s.out == NULL || !q->element->open || name->tag == q->tag ||
        ++q->attributes > q->writer->limits.attributes)
        return tg_json_given_up;
    name->tag = q->tag;
    *s.out++ = ' ';
    s.out = tg_json_put_text(&q->flow, s.out, tg_xml_name_text(name));
    if (s.out == NULL)
        return tg_json_given_up;
    s.out = tg_json_put(s.out, "=\"", 2);
    size_t start = (size_t)(s.out - q->flow.out->base);
    s = tg_json_put_scalar(&q->flow, s, true);
    if (s.in == NULL || ((name->kind != TG_XML_PLAIN || name->prefix != NULL) &&
                         !is_good(q, name, before, q->flow.out->base + start, s)))
        return tg_json_given_up;
    *s.out++ = '"';
    return s;
}

/* Structure */

static inline struct tg_json_frame *push(struct tg_json_plain *q, struct tg_xml_name *name,
                                         bool is_list)
{
    struct tg_json_frame *frame = (struct tg_json_frame *)(void *)(q->frames.base + q->frames.len);

    frame->name = name;
    frame->bindings = (uint32_t)(q->bindings.len / sizeof(struct tg_xml_binding));
    frame->is_list = frame->is_empty = is_list;
    frame->wraps = false;
    frame->open = !is_list;
    q->frames.len += sizeof(*frame);
    q->frame = frame;
    return frame;
}

/* Below a list is the element that it is in. */
static inline void pop(struct tg_json_plain *q)
{
    q->frames.len -= sizeof(struct tg_json_frame);
    q->frame--;
    q->element = q->frame - q->frame->is_list;
}

/* Ends the element that is the innermost frame. */
static inline char *close_element(struct tg_json_plain *q, char *out)
{
    const struct tg_json_frame *frame = q->frame;

    out = tg_json_make_room(&q->flow, out);
    if (out == NULL)
        return NULL;
    if (frame->open)
        out = settle(q) ? tg_json_put(out, "/>", 2) : NULL;
    else
        out = tg_json_plain_put_end(q, out, frame->name);
    if (frame->bindings != q->bindings.len / sizeof(struct tg_xml_binding))
        tg_json_plain_unbind(q, frame->bindings);
    pop(q);
    return out;
}

static char *close_list(struct tg_json_plain *q, char *out)
{
    const struct tg_json_frame *list = q->frame;
    struct tg_xml_name *name = list->name;
    bool wraps = list->wraps;
    bool keeps = list->is_empty && q->writer->options->empty_array == TG_XML_EMPTY_ARRAY_EMPTY;

    pop(q);
    if (wraps)
        return close_element(q, out);
    if (!keeps)
        return out;
    out = begin_tag(q, out, name);
    return out != NULL && settle(q) ? tg_json_put(out, "/>", 2) : NULL;
}

static inline char *open_element(struct tg_json_plain *q, char *out, struct tg_xml_name *name)
{
    out = begin_tag(q, out, name);
    q->element = push(q, name, false);
    q->attributes = 0;
    return out;
}

/* Whether the key is what the string at p holds. */
static inline bool is_key_at(const struct tg_json_plain *q, const struct tg_xml_name *key,
                             const char *p)
{
    size_t left = (size_t)(q->flow.end - p);

    if (key->len <= TG_BLOCK)
        return left > TG_BLOCK && tg_xml_name_is_at(key, p) && p[key->len] == '"';
    return left > key->len && memcmp(tg_xml_name_text(key).base, p, key->len) == 0 &&
           p[key->len] == '"';
}

/* Reads a key and goes to its value. */
static inline struct tg_json_spot read_key(struct tg_json_plain *q, struct tg_json_spot s)
{
    const char *p = tg_json_skip_space(s.in);
    struct tg_xml_name *key = q->key->follower;

    if (*p != '"')
        return tg_json_given_up;
    p++;
    if (key == NULL || !is_key_at(q, key, p)) {
        key = tg_json_plain_find(q, p);
        if (key == NULL)
            return tg_json_given_up;
        q->key->follower = key;
    }
    q->key = key;
    q->value = key->local;
    q->role = key->role;
    if (key->document != q->document && !tg_json_plain_meet(q, key))
        return tg_json_given_up;
    p = tg_json_skip_space(p + key->len + 1);
    return *p == ':' ? tg_json_at(tg_json_skip_space(p + 1), s.out) : tg_json_given_up;
}

/* The object at `in`, of which the first value is gone to; `*whole`: it is empty. */
static inline struct tg_json_spot open_object(struct tg_json_plain *q, struct tg_json_spot s,
                                              bool *whole)
{
    if (q->frame == NULL) {
        q->element = push(q, NULL, false);
        q->frame->open = false;
    } else if (q->role != TG_XML_ROLE_ELEMENT ||
               (s.out = open_element(q, s.out, q->value)) == NULL) {
        return tg_json_given_up;
    }
    s.in = tg_json_skip_space(s.in + 1);
    *whole = *s.in == '}';
    return *whole ? s : read_key(q, s);
}

/* A list in another one, or one that is the document, has an element around it. */
static struct tg_json_spot open_array(struct tg_json_plain *q, struct tg_json_spot s, bool *whole)
{
    struct tg_xml_name *name = q->value;
    bool wraps = q->frame == NULL || q->frame->is_list;

    if (q->frame == NULL) {
        q->element = push(q, NULL, false);
        q->frame->open = false;
        name = q->root;
    } else if (q->role != TG_XML_ROLE_ELEMENT) {
        return tg_json_given_up;
    }
    if (wraps && (s.out = open_element(q, s.out, name)) == NULL)
        return tg_json_given_up;
    push(q, wraps ? q->item : name, true)->wraps = wraps;
    q->value = q->frame->name;
    q->role = TG_XML_ROLE_ELEMENT;
    s.in = tg_json_skip_space(s.in + 1);
    *whole = *s.in == ']';
    q->frame->is_empty = *whole;
    return s;
}

/* The value at `in`; `*whole` when it is not an array or object of which a value comes next. */
static inline struct tg_json_spot put_value(struct tg_json_plain *q, struct tg_json_spot s,
                                            bool *whole)
{
    *whole = true;
    if (*s.in == '{' || *s.in == '[') {
        if (++q->depth > q->writer->limits.depth)
            return tg_json_given_up;
        return *s.in == '{' ? open_object(q, s, whole) : open_array(q, s, whole);
    }
    switch (q->role) {
    case TG_XML_ROLE_ELEMENT:
        return put_simple(q, s, q->value);
    case TG_XML_ROLE_ATTRIBUTE:
        return put_attribute(q, s);
    case TG_XML_ROLE_TEXT:
        return put_text(q, s);
    default:
        return tg_json_given_up;
    }
}

/* The bracket at `in` ends the innermost array or object. */
static inline struct tg_json_spot close_one(struct tg_json_plain *q, struct tg_json_spot s)
{
    q->depth--;
    if (q->frame->is_list)
        s.out = close_list(q, s.out);
    else if (q->frame->name != NULL)
        s.out = close_element(q, s.out);
    return s.out != NULL ? tg_json_at(s.in + 1, s.out) : tg_json_given_up;
}

/* What follows a value: the ends of what it closes, and the comma, up to the next value. */
static inline struct tg_json_spot go_on(struct tg_json_plain *q, struct tg_json_spot s)
{
    while (s.in != NULL && q->depth != 0 && s.in < q->flow.end) {
        s.in = tg_json_skip_space(s.in);
        bool is_list = q->frame->is_list;
        if (*s.in == ',' && !is_list)
            return read_key(q, tg_json_at(s.in + 1, s.out));
        if (*s.in == ',') {
            q->value = q->frame->name;
            q->role = TG_XML_ROLE_ELEMENT;
            return tg_json_at(tg_json_skip_space(s.in + 1), s.out);
        }
        if (*s.in != (is_list ? ']' : '}'))
            return tg_json_given_up;
        s = close_one(q, s);
    }
    return q->depth == 0 ? s : tg_json_given_up;
}

struct tg_json_spot tg_json_plain_convert(struct tg_json_plain *q, struct tg_json_spot s)
{
    do {
        bool whole;
        s = put_value(q, s, &whole);
        if (s.in != NULL && whole)
            s = go_on(q, s);
    } while (s.in != NULL && q->depth != 0);
    return s.in == q->flow.end ? s : tg_json_given_up;
}
