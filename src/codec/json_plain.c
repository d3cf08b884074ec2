#include "codec/json_plain.h"

#include "codec/block.h"
#include "codec/json_escape.h"
#include "codec/json_plain_parts.h"
#include "codec/json_skip.h"
#include "codec/utf8.h"
#include "codec/xml_parts.h"

/* The output has always room for so much: a start tag, an end tag and a block of text. */
#define SLACK ((size_t)256)

/* Most names are copied as two blocks. */
#define NAME_BLOCKS ((size_t)2 * TG_BLOCK)

/* Where reading and writing go on. Each step takes one and gives the next; without `in` it gave
 * up. The last byte of the input is a bracket, so that most loops need no other bound. */
struct spot {
    const char *in;
    char *out;
};

static const struct spot given_up = {NULL, NULL};

static inline struct spot at(const char *in, char *out)
{
    return (struct spot){in, out};
}

/* Room for n bytes and the slack behind them; NULL: a limit is in the way. */
static __attribute__((noinline)) char *grow(struct tg_json_plain *q, char *out, size_t n)
{
    q->out->len = (size_t)(out - q->out->base);
    if (q->out->len - q->base > q->writer->limits.output ||
        tg_buffer_reserve(q->out, n + 2 * SLACK) == NULL)
        return NULL;
    size_t most = q->base + q->writer->limits.output, room = q->out->capacity - SLACK;
    q->enough = q->out->base + (room < most ? room : most);
    return q->out->base + q->out->len;
}

static inline char *make_room(struct tg_json_plain *q, char *out)
{
    return out < q->enough ? out : grow(q, out, 0);
}

static char *put_long_name(struct tg_json_plain *q, char *out, struct tg_text name)
{
    out = grow(q, out, name.len);
    if (out == NULL)
        return NULL;
    memcpy(out, name.base, name.len);
    return out + name.len;
}

static inline char *put_name(struct tg_json_plain *q, char *out, const struct tg_xml_name *name)
{
    const char *text = tg_xml_name_text(name).base;

    if (name->len > NAME_BLOCKS)
        return put_long_name(q, out, tg_xml_name_text(name));
    tg_block_store(out, tg_block_load(text));
    tg_block_store(out + TG_BLOCK, tg_block_load(text + TG_BLOCK));
    return out + name->len;
}

static inline char *put(char *out, const char *bytes, size_t n)
{
    memcpy(out, bytes, n);
    return out + n;
}

/* Text */

static char *put_character(char *out, uint32_t code, bool attribute)
{
    switch (code) {
    case '<':
        return put(out, "&lt;", 4);
    case '>':
        return put(out, "&gt;", 4);
    case '&':
        return put(out, "&amp;", 5);
    case '\r':
        return put(out, "&#13;", 5);
    case '"':
        return attribute ? put(out, "&quot;", 6) : put(out, "\"", 1);
    case '\t':
        return attribute ? put(out, "&#9;", 4) : put(out, "\t", 1);
    case '\n':
        return attribute ? put(out, "&#10;", 5) : put(out, "\n", 1);
    default:
        return tg_utf8_write(out, code);
    }
}

/* The escape or the byte at `in` that is not as it should be in XML. */
static __attribute__((noinline)) struct spot put_odd(const struct tg_json_plain *q, struct spot s,
                                                     bool attribute)
{
    uint32_t code = (unsigned char)*s.in;
    const char *behind = s.in + 1;

    if (code == '\\')
        behind = tg_json_read_escape(s.in, q->end, &code);
    else if (code < 0x20)
        return given_up;
    if (behind == NULL || !tg_utf8_is_xml(code))
        return given_up;
    return at(behind, put_character(s.out, code, attribute));
}

static inline unsigned text_stops(struct tg_block block)
{
    /* '"' and '&', and '<' and '>', differ in one bit. */
    return tg_block_upto(block, 0x1f) | tg_block_is(block, '\\') |
           tg_block_is(tg_block_with(block, 4), '&') | tg_block_is(tg_block_with(block, 2), '>');
}

/* Near the end of the input. */
static struct spot put_string_tail(struct tg_json_plain *q, struct spot s, bool attribute)
{
    while (s.in < q->end && *s.in != '"') {
        unsigned char c = (unsigned char)*s.in;
        s.out = make_room(q, s.out);
        if (s.out == NULL)
            return given_up;
        if (c < 0x20 || c == '\\' || c == '<' || c == '>' || c == '&') {
            s = put_odd(q, s, attribute);
            if (s.in == NULL)
                return given_up;
        } else {
            *s.out++ = *s.in++;
        }
    }
    return s.in < q->end ? at(s.in + 1, s.out) : given_up;
}

/* The string behind whose quote `in` is. */
static inline struct spot put_string(struct tg_json_plain *q, struct spot s, bool attribute)
{
    while (q->end - s.in >= TG_BLOCK) {
        struct tg_block block = tg_block_load(s.in);
        unsigned stops = text_stops(block);
        tg_block_store(s.out, block);
        unsigned plain = stops != 0 ? tg_block_first(stops) : TG_BLOCK;
        s = at(s.in + plain, s.out + plain);
        if (stops != 0) {
            if (*s.in == '"')
                return at(s.in + 1, s.out);
            s = put_odd(q, s, attribute);
            if (s.in == NULL)
                return given_up;
        }
        s.out = make_room(q, s.out);
        if (s.out == NULL)
            return given_up;
    }
    return put_string_tail(q, s, attribute);
}

/* Numbers and words stay as they are. */
static struct spot put_plain(struct tg_json_plain *q, struct spot s)
{
    const char *end = tg_json_skip_bare(s.in, q->end);
    size_t n = end != NULL ? (size_t)(end - s.in) : 0;

    if (end == NULL || (n > TG_BLOCK && (s.out = grow(q, s.out, n)) == NULL))
        return given_up;
    return at(end, put(s.out, s.in, n));
}

static inline struct spot put_scalar(struct tg_json_plain *q, struct spot s, bool attribute)
{
    return *s.in == '"' ? put_string(q, at(s.in + 1, s.out), attribute) : put_plain(q, s);
}

static inline bool is_null(const struct tg_json_plain *q, const char *p)
{
    return *p == 'n' && q->end - p >= 4 && memcmp(p, "null", 4) == 0;
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
    out = make_room(q, out);
    if (out == NULL || (out = end_start(q, out)) == NULL ||
        ++q->elements > q->writer->limits.elements)
        return NULL;
    q->tops += q->element->name == NULL;
    q->tag++;
    if (name->prefix != NULL && !tg_json_plain_use(q, name, false))
        return NULL;
    *out++ = '<';
    return put_name(q, out, name);
}

static inline char *put_end_tag(struct tg_json_plain *q, char *out, const struct tg_xml_name *name)
{
    out = put_name(q, put(out, "</", 2), name);
    if (out != NULL)
        *out++ = '>';
    return out;
}

/* An element that is null. */
static struct spot put_nil(struct tg_json_plain *q, struct spot s)
{
    static const char nil[] =
        " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/>";

    return settle(q) ? at(s.in + 4, put(s.out, nil, sizeof(nil) - 1)) : given_up;
}

/* An element of the plain value at `in`. */
static inline struct spot put_simple(struct tg_json_plain *q, struct spot s,
                                     const struct tg_xml_name *name)
{
    s.out = begin_tag(q, s.out, name);
    if (s.out == NULL || is_null(q, s.in))
        return s.out == NULL ? given_up : put_nil(q, s);
    if (!settle(q))
        return given_up;
    if (*s.in == '"' && s.in[1] == '"')
        return at(s.in + 2, put(s.out, "/>", 2));
    *s.out++ = '>';
    s = put_scalar(q, s, false);
    if (s.in != NULL)
        s.out = put_end_tag(q, s.out, name);
    return s.out != NULL ? s : given_up;
}

static struct spot put_text(struct tg_json_plain *q, struct spot s)
{
    if (q->element->name == NULL)
        return given_up;
    if (is_null(q, s.in))
        return at(s.in + 4, s.out);
    if (*s.in == '"' && s.in[1] == '"')
        return at(s.in + 2, s.out);
    s.out = make_room(q, s.out);
    if (s.out == NULL || (s.out = end_start(q, s.out)) == NULL)
        return given_up;
    return put_scalar(q, s, false);
}

/* Whether the attribute, whose text as written begins at `text`, has nothing against it. */
static bool is_good(struct tg_json_plain *q, const struct tg_xml_name *name, struct spot before,
                    const char *text, struct spot behind)
{
    struct tg_text value = tg_text(text, (size_t)(behind.out - text));

    if (name->kind == TG_XML_PLAIN)
        return tg_json_plain_use(q, name, true);
    /* A namespace name without references and escapes. */
    return (size_t)(behind.in - before.in) == value.len + 2 && *before.in == '"' &&
           memcmp(before.in + 1, value.base, value.len) == 0 &&
           tg_json_plain_declare(q, name, value);
}

static struct spot put_attribute(struct tg_json_plain *q, struct spot s)
{
    struct tg_xml_name *name = q->value;
    struct spot before = s;

    if (is_null(q, s.in))
        return at(s.in + 4, s.out);
    s.out = make_room(q, s.out);
    if (s.out == NULL || !q->element->open || name->tag == q->tag ||
        ++q->attributes > q->writer->limits.attributes)
        return given_up;
    name->tag = q->tag;
    *s.out++ = ' ';
    s.out = put_name(q, s.out, name);
    if (s.out == NULL)
        return given_up;
    s.out = put(s.out, "=\"", 2);
    size_t start = (size_t)(s.out - q->out->base);
    s = put_scalar(q, s, true);
    if (s.in == NULL || ((name->kind != TG_XML_PLAIN || name->prefix != NULL) &&
                         !is_good(q, name, before, q->out->base + start, s)))
        return given_up;
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

    out = make_room(q, out);
    if (out == NULL)
        return NULL;
    if (frame->open)
        out = settle(q) ? put(out, "/>", 2) : NULL;
    else
        out = put_end_tag(q, out, frame->name);
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
    return out != NULL && settle(q) ? put(out, "/>", 2) : NULL;
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
    size_t left = (size_t)(q->end - p);

    if (key->len <= TG_BLOCK)
        return left > TG_BLOCK && tg_xml_name_is_at(key, p) && p[key->len] == '"';
    return left > key->len && memcmp(tg_xml_name_text(key).base, p, key->len) == 0 &&
           p[key->len] == '"';
}

/* Reads a key and goes to its value. */
static inline struct spot read_key(struct tg_json_plain *q, struct spot s)
{
    const char *p = tg_json_skip_space(s.in);
    struct tg_xml_name *key = q->key->follower;

    if (*p != '"')
        return given_up;
    p++;
    if (key == NULL || !is_key_at(q, key, p)) {
        key = tg_json_plain_find(q, p);
        if (key == NULL)
            return given_up;
        q->key->follower = key;
    }
    q->key = key;
    q->value = key->local;
    q->role = key->role;
    if (key->document != q->document && !tg_json_plain_meet(q, key))
        return given_up;
    p = tg_json_skip_space(p + key->len + 1);
    return *p == ':' ? at(tg_json_skip_space(p + 1), s.out) : given_up;
}

/* The object at `in`, of which the first value is gone to; `*whole`: it is empty. */
static inline struct spot open_object(struct tg_json_plain *q, struct spot s, bool *whole)
{
    if (q->frame == NULL) {
        q->element = push(q, NULL, false);
        q->frame->open = false;
    } else if (q->role != TG_XML_ROLE_ELEMENT ||
               (s.out = open_element(q, s.out, q->value)) == NULL) {
        return given_up;
    }
    s.in = tg_json_skip_space(s.in + 1);
    *whole = *s.in == '}';
    return *whole ? s : read_key(q, s);
}

/* A list in another one, or one that is the document, has an element around it. */
static struct spot open_array(struct tg_json_plain *q, struct spot s, bool *whole)
{
    struct tg_xml_name *name = q->value;
    bool wraps = q->frame == NULL || q->frame->is_list;

    if (q->frame == NULL) {
        q->element = push(q, NULL, false);
        q->frame->open = false;
        name = q->root;
    } else if (q->role != TG_XML_ROLE_ELEMENT) {
        return given_up;
    }
    if (wraps && (s.out = open_element(q, s.out, name)) == NULL)
        return given_up;
    push(q, wraps ? q->item : name, true)->wraps = wraps;
    q->value = q->frame->name;
    q->role = TG_XML_ROLE_ELEMENT;
    s.in = tg_json_skip_space(s.in + 1);
    *whole = *s.in == ']';
    q->frame->is_empty = *whole;
    return s;
}

/* The value at `in`; `*whole` when it is not an array or object of which a value comes next. */
static inline struct spot put_value(struct tg_json_plain *q, struct spot s, bool *whole)
{
    *whole = true;
    if (*s.in == '{' || *s.in == '[') {
        if (++q->depth > q->writer->limits.depth)
            return given_up;
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
        return given_up;
    }
}

/* The bracket at `in` ends the innermost array or object. */
static inline struct spot close_one(struct tg_json_plain *q, struct spot s)
{
    q->depth--;
    if (q->frame->is_list)
        s.out = close_list(q, s.out);
    else if (q->frame->name != NULL)
        s.out = close_element(q, s.out);
    return s.out != NULL ? at(s.in + 1, s.out) : given_up;
}

/* What follows a value: the ends of what it closes, and the comma, up to the next value. */
static inline struct spot go_on(struct tg_json_plain *q, struct spot s)
{
    while (s.in != NULL && q->depth != 0 && s.in < q->end) {
        s.in = tg_json_skip_space(s.in);
        bool is_list = q->frame->is_list;
        if (*s.in == ',' && !is_list)
            return read_key(q, at(s.in + 1, s.out));
        if (*s.in == ',') {
            q->value = q->frame->name;
            q->role = TG_XML_ROLE_ELEMENT;
            return at(tg_json_skip_space(s.in + 1), s.out);
        }
        if (*s.in != (is_list ? ']' : '}'))
            return given_up;
        s = close_one(q, s);
    }
    return q->depth == 0 ? s : given_up;
}

static struct spot convert(struct tg_json_plain *q, struct spot s)
{
    do {
        bool whole;
        s = put_value(q, s, &whole);
        if (s.in != NULL && whole)
            s = go_on(q, s);
    } while (s.in != NULL && q->depth != 0);
    return s.in == q->end ? s : given_up;
}

/* Around the whole */

/* <root> before what begins at `start`, and </root> behind. */
static char *put_root(struct tg_json_plain *q, char *out, size_t start)
{
    struct tg_text name = tg_xml_name_text(q->root);
    size_t n = (size_t)(out - q->out->base) - start;

    out = grow(q, out, 2 * name.len);
    if (out == NULL)
        return NULL;
    char *from = q->out->base + start, *to = from + name.len + 2;
    memmove(to, from, n);
    *from = '<';
    memcpy(from + 1, name.base, name.len);
    to[-1] = '>';
    return put_end_tag(q, to + n, q->root);
}

static bool take_options(struct tg_json_plain *q, const struct tg_xml_write_options *o)
{
    bool plain = o->attribute_group.len == 0 && o->cdata_key.len == 0 && o->comments_key.len == 0 &&
                 o->pi_key.len == 0 && o->item_names.count == 0 && o->namespaces.count == 0 &&
                 o->order_count == 0 && o->arrays == TG_XML_ARRAYS_REPEAT &&
                 o->duplicate_keys == TG_XML_DUPLICATE_REPEAT && o->mixed == TG_XML_WRITE_TEXT &&
                 o->xmlns == TG_XML_WRITE_XMLNS_KEEP && o->null == TG_XML_NULL_NIL &&
                 o->indent == 0;

    return plain && tg_json_plain_name_by(q);
}

/* Cuts off the blanks around the input, which must be an object or array of XML's characters. */
static bool take_input(struct tg_json_plain *q, struct tg_text *json)
{
    bool cr;

    *json = tg_xml_trim_start(tg_xml_trim_end(*json));
    if (json->len < 2)
        return false;
    char first = json->base[0], last = json->base[json->len - 1];
    q->end = json->base + json->len;
    return (first == '{' || first == '[') && (last == '}' || last == ']') &&
           tg_utf8_check_xml(*json, &cr) == json->len;
}

static void begin(struct tg_json_plain *q)
{
    tg_buffer_reserve(&q->frames, (q->writer->limits.depth + 1) * 2 * sizeof(struct tg_json_frame));
    q->frames.len = 0;
    q->frame = q->element = NULL;
    q->key = q->root;
    q->role = TG_XML_ROLE_ELEMENT;
    q->document++;
    q->depth = q->elements = q->tops = q->distinct = q->attributes = 0;
    q->pending_count = 0;
}

/* The end of what was written, or NULL. */
static char *put_document(struct tg_json_plain *q, struct tg_text json)
{
    static const char declaration[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    char *out = grow(q, q->out->base + q->base, json.len + json.len / 4);

    if (out != NULL && q->writer->options->declaration)
        out = put(out, declaration, sizeof(declaration) - 1);
    if (out == NULL)
        return NULL;
    size_t start = (size_t)(out - q->out->base);
    struct spot s = convert(q, at(json.base, out));
    if (s.in == NULL || q->tops == 0)
        return NULL;
    return q->tops == 1 ? s.out : put_root(q, s.out, start);
}

bool tg_json_plain_to_xml(struct tg_xml_writer *writer, struct tg_text json,
                          const struct tg_xml_write_options *options, struct tg_buffer *out)
{
    struct tg_json_plain *q = tg_xml_write_plain_of(writer);
    char *end = NULL;

    q->writer = writer;
    q->out = out;
    q->base = out->len;
    tg_xml_write_options_set(writer, options);
    if (json.len <= writer->limits.input && take_input(q, &json) && take_options(q, options)) {
        begin(q);
        end = put_document(q, json);
        tg_json_plain_unbind(q, 0);
    }
    size_t len = end != NULL ? (size_t)(end - out->base) : q->base;
    bool good = end != NULL && len - q->base <= writer->limits.output;
    out->len = good ? len : q->base;
    return good;
}
