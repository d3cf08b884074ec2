/* Objects, arrays and elements in a single pass. */
#include <assert.h>
#include <stdlib.h>

#include "codec/json_skip.h"
#include "codec/schema_xml_pass.h"

/* How often the input may be handled once more, all in all. */
enum { AGAIN = 16, BY_NODES = 8 };

static inline bool is_null(const struct pass *p, const char *in)
{
    return *in == 'n' && p->flow.end - in >= 4 && memcmp(in, "null", 4) == 0;
}

/* Behind the last bracket nothing may be read. */
static inline bool is_end(const struct pass *p, const char *in)
{
    return in == p->flow.end;
}

static struct tg_json_spot leave(struct object *o, const char *in)
{
    o->odd = in;
    return tg_json_given_up;
}

/* ---- texts */

static inline struct tg_json_spot put_bare(struct pass *p, struct tg_json_spot s,
                                           const struct tg_schema_simple *type, bool attribute)
{
    const char *end = tg_schema_skip_number(type, s.in, p->flow.end);

    if (end == NULL || end - s.in > TG_BLOCK || p->flow.end - s.in < TG_BLOCK)
        return tg_sxml_pass_bare(p, s, type, attribute);
    tg_block_store(s.out, tg_block_load(s.in));
    return tg_json_at(end, s.out + (end - s.in));
}

static inline struct tg_json_spot put_value(struct pass *p, struct tg_json_spot s,
                                            const struct tg_schema_simple *type, bool attribute)
{
    if (*s.in == '"' && type->free)
        return tg_json_put_string(&p->flow, tg_json_at(s.in + 1, s.out), attribute);
    return *s.in == '"' ? tg_sxml_pass_string(p, s, type, attribute)
                        : put_bare(p, s, type, attribute);
}

static inline struct tg_json_spot put_text(struct pass *p, struct tg_json_spot s,
                                           const struct tg_schema_element *element,
                                           const struct tg_schema_simple *type)
{
    if (element->has_default)
        return tg_sxml_text_by_nodes(p, s, element, type);
    return put_value(p, s, type, false);
}

/* ---- elements */

/* "<name" */
static inline char *begin_tag(struct pass *p, char *out, const struct tg_schema_element *element)
{
    out = tg_json_make_room(&p->flow, out);
    if (out == NULL || p->left-- == 0)
        return NULL;
    p->used[element->namespace] = true;
    return tg_json_put_text(&p->flow, out, element->open);
}

/* An element that is nothing but text. */
static inline __attribute__((always_inline)) struct tg_json_spot
put_leaf(struct pass *p, struct tg_json_spot s, const struct tg_schema_element *element)
{
    s.out = begin_tag(p, s.out, element);
    if (s.out == NULL)
        return tg_json_given_up;
    *s.out++ = '>';
    s = put_text(p, s, element, element->type->simple);
    if (s.in == NULL)
        return s;
    s.out = tg_json_put_text(&p->flow, s.out, element->close);
    return s.out != NULL ? s : tg_json_given_up;
}

static __attribute__((noinline)) struct tg_json_spot
put_object(struct pass *p, struct tg_json_spot s, const struct tg_schema_element *element);

static inline __attribute__((always_inline)) struct tg_json_spot
put_element(struct pass *p, struct tg_json_spot s, const struct tg_schema_element *element)
{
    const struct tg_schema_type *type = element->type;

    if (!type->complex && !is_null(p, s.in))
        return put_leaf(p, s, element);
    if (type->streams && *s.in == '{')
        return put_object(p, s, element);
    return tg_sxml_element_by_nodes(p, s, element);
}

/* ---- members */

static __attribute__((noinline)) void grow_pieces(struct pass *p)
{
    size_t count = p->pieces != NULL ? (size_t)(p->piece - p->pieces) : 0;
    size_t capacity = count * 2 + 64;

    p->pieces = realloc(p->pieces, capacity * sizeof(*p->pieces));
    assert(p->pieces != NULL);
    p->piece = p->pieces + count;
    p->pieces_end = p->pieces + capacity;
}

static inline void add_piece(struct pass *p, struct object *o, uint32_t rank, const char *out)
{
    if (p->piece == p->pieces_end)
        grow_pieces(p);
    struct piece *piece = p->piece++;
    piece->rank = rank;
    piece->count = 1;
    piece->begin = (size_t)(out - p->flow.out->base);
    o->loose |= rank < o->rank;
    o->rank = rank + 1;
}

/* The type is known before anything else of the object is written, or nodes do it. */
static struct tg_json_spot put_type(struct pass *p, struct tg_json_spot s, struct object *o)
{
    static const char key[TG_BLOCK] = "\"@xsi:type\":";
    const struct tg_schema_type *declared = o->element->type;
    struct writer *w = p->w;

    if (o->typed || p->piece != p->pieces + o->first ||
        !is_key_at(p, tg_text(key, 12), (1U << 12) - 1, s.in))
        return leave(o, s.in);
    const char *in = tg_json_skip_space(s.in + 12);
    struct tg_xml_arena_mark mark = tg_xml_arena_mark(&w->arena);
    const struct node *named = tg_sxml_take_node(p, &in);
    bool good = named != NULL && tg_sxml_choose_type(w, o->element, named, &o->type);
    tg_xml_arena_release(&w->arena, mark);
    if (!good)
        return tg_json_given_up;
    if (!o->type->streams)
        return leave(o, in);
    o->typed = true;
    o->next = o->type->members;
    w->out->len = (size_t)(s.out - w->out->base);
    if (o->type != declared)
        tg_sxml_put_type(w, o->type);
    return tg_sxml_resume(p, in);
}

static struct tg_json_spot put_attribute(struct pass *p, struct tg_json_spot s, struct object *o)
{
    const struct tg_schema_type *type = o->type;
    uint32_t index = o->rank;
    const char *in = s.in;

    if (index < type->attribute_count &&
        is_key_at(p, type->attributes[index].key, type->attributes[index].mask, in))
        in = tg_json_skip_space(in + type->attributes[index].key.len);
    else
        index = tg_sxml_find_attribute_key(p, type, index, &in);
    if (index == NONE)
        return put_type(p, s, o);
    const struct tg_schema_attribute *attribute = &type->attributes[index];
    add_piece(p, o, index, s.out);
    o->attributes |= UINT64_C(1) << index;
    o->before++;
    if (attribute->is_fixed)
        return tg_sxml_attribute_by_nodes(p, tg_json_at(in, s.out), attribute);
    s.out = tg_json_make_room(&p->flow, s.out);
    if (s.out == NULL || (s.out = tg_json_put_text(&p->flow, s.out, attribute->open)) == NULL)
        return tg_json_given_up;
    tg_sxml_use(p->w, attribute->namespace);
    s = put_value(p, tg_json_at(in, s.out), attribute->type, true);
    if (s.in != NULL)
        *s.out++ = '"';
    return s;
}

/* The values of a member, up to the bracket behind them. */
static __attribute__((noinline)) struct tg_json_spot
put_items(struct pass *p, struct tg_json_spot s, const struct tg_schema_element *element)
{
    uint32_t count = 0;

    if (*s.in != '[' || p->depth++ == p->most)
        return tg_json_given_up;
    s.in = tg_json_skip_space(s.in + 1);
    while (*s.in != ']') {
        s = put_element(p, s, element);
        if (s.in == NULL)
            return s;
        count++;
        s.in = tg_json_skip_space(s.in);
        if (*s.in != ',')
            break;
        s.in = tg_json_skip_space(s.in + 1);
        if (*s.in == ']')
            return tg_json_given_up;
    }
    p->piece[-1].count = count;
    p->depth--;
    return *s.in == ']' && !is_end(p, s.in + 1) ? tg_json_at(s.in + 1, s.out) : tg_json_given_up;
}

/* The text of an element with attributes. */
static struct tg_json_spot put_object_text(struct pass *p, struct tg_json_spot s, struct object *o)
{
    static const char key[TG_BLOCK] = "\"#text\":";

    if (!is_key_at(p, tg_text(key, 8), (1U << 8) - 1, s.in))
        return leave(o, s.in);
    add_piece(p, o, (uint32_t)o->type->attribute_count + 1, s.out);
    s.in = tg_json_skip_space(s.in + 8);
    return put_text(p, s, o->element, o->type->simple);
}

static inline struct tg_json_spot put_child(struct pass *p, struct tg_json_spot s, struct object *o)
{
    const struct tg_schema_type *type = o->type;
    const struct tg_schema_member *member = o->next;
    const char *in = s.in;

    if (member != type->members + type->member_count && is_key_at(p, member->key, member->mask, in))
        in = tg_json_skip_space(in + member->key.len);
    else
        member = tg_sxml_find_key(p, type, member, &in);
    if (member == NULL || member->element == NULL)
        return leave(o, s.in);
    add_piece(p, o, member->rank, s.out);
    o->next = member + 1;
    s.in = in;
    if (member->array)
        return put_items(p, s, member->element);
    return put_element(p, s, member->element);
}

/* The member at `in`, with its key. */
static inline struct tg_json_spot put_member(struct pass *p, struct tg_json_spot s,
                                             struct object *o)
{
    if (*s.in != '"')
        return tg_json_given_up;
    if (s.in[1] == '@')
        return put_attribute(p, s, o);
    if (o->open) {
        s.out = tg_json_make_room(&p->flow, s.out);
        if (s.out == NULL)
            return tg_json_given_up;
        add_piece(p, o, (uint32_t)o->type->attribute_count, s.out);
        *s.out++ = '>';
        o->open = false;
        o->before++;
    }
    return o->type->simple != NULL ? put_object_text(p, s, o) : put_child(p, s, o);
}

/* ---- objects */

/* Whether all is there that has to be, and nothing else. */
static bool is_complete(struct pass *p, const struct object *o)
{
    const struct tg_schema_type *type = o->type;
    const struct piece *members = p->pieces + o->first + o->before;

    if ((o->attributes & type->required) != type->required || (type->abstract && !o->typed))
        return false;
    if (type->simple != NULL)
        return p->piece == members + 1;
    return tg_sxml_is_complete(type, members, p->piece);
}

static inline struct tg_json_spot end_object(struct pass *p, struct tg_json_spot s,
                                             struct object *o)
{
    if (*s.in != '}' || (is_end(p, s.in + 1) && p->depth != 1) ||
        (o->loose && !tg_sxml_arrange(p, o, s.out)) || !is_complete(p, o) ||
        (s.out = tg_json_make_room(&p->flow, s.out)) == NULL)
        return tg_json_given_up;
    if (o->open)
        *s.out++ = '>';
    s.out = tg_json_put_text(&p->flow, s.out, o->element->close);
    return s.out != NULL ? tg_json_at(s.in + 1, s.out) : tg_json_given_up;
}

/* The object at `in`, behind "<name". */
static inline struct tg_json_spot put_members(struct pass *p, struct tg_json_spot s,
                                              struct object *o)
{
    s.in = tg_json_skip_space(s.in + 1);
    if (*s.in == '}')
        return end_object(p, s, o);
    for (;;) {
        s = put_member(p, s, o);
        if (s.in == NULL)
            return s;
        s.in = tg_json_skip_space(s.in);
        if (*s.in != ',')
            return end_object(p, s, o);
        s.in = tg_json_skip_space(s.in + 1);
    }
}

static struct tg_json_spot put_object(struct pass *p, struct tg_json_spot s,
                                      const struct tg_schema_element *element)
{
    struct object o = {.element = element,
                       .type = element->type,
                       .next = element->type->members,
                       .first = (size_t)(p->piece - p->pieces),
                       .open = true};
    size_t begin = (size_t)(s.out - p->flow.out->base), elements = p->left;
    const char *in = s.in;

    if (p->depth++ == p->most || (s.out = begin_tag(p, s.out, element)) == NULL)
        return tg_json_given_up;
    size_t depth = p->depth;
    s = put_members(p, s, &o);
    p->depth = depth - 1;
    p->piece = p->pieces + o.first;
    if (o.odd == NULL)
        return s;
    size_t again = (size_t)(o.odd - in) * BY_NODES;
    if (again > p->budget)
        return tg_json_given_up;
    p->budget -= again;
    p->left = elements;
    return tg_sxml_element_by_nodes(p, tg_json_at(in, p->flow.out->base + begin), element);
}

/* ---- the document */

static bool run(struct pass *p, const struct tg_schema_root *root, struct tg_json_spot s)
{
    bool bare = root != NULL && root->bare;
    struct tg_text name = {NULL, 0};
    struct writer *w = p->w;

    if (!bare) {
        p->depth++;
        const char *in = tg_json_skip_space(s.in + 1);
        if (*s.in != '{' || (name = tg_sxml_read_key(p, &in)).base == NULL)
            return false;
        s.in = in;
    }
    const struct tg_schema_element *element = tg_sxml_find_root(w, root, name);
    if (element == NULL || element->type->raw)
        return false;
    size_t at = (size_t)(s.out - w->out->base) + element->open.len;
    s = put_element(p, s, element);
    if (s.in != NULL && !bare) {
        s.in = tg_json_skip_space(s.in);
        s.in = *s.in == '}' ? s.in + 1 : NULL;
    }
    if (s.in != p->flow.end)
        return false;
    w->out->len = (size_t)(s.out - w->out->base);
    tg_sxml_declare(w, at);
    return w->out->len - w->base <= w->limit;
}

bool tg_sxml_pass(struct writer *w, const struct tg_schema_root *root, struct tg_text json,
                  size_t depth)
{
    struct pass p = {.flow = {.out = w->out, .base = w->base, .most = w->limit},
                     .w = w,
                     .used = w->used,
                     .left = w->most,
                     .most = depth == 0 ? TG_JSON_DEPTH : depth,
                     .budget = (json.len + 1024) * AGAIN};
    char *out;

    if (p.most > TG_JSON_MAX_DEPTH)
        p.most = TG_JSON_MAX_DEPTH;
    grow_pieces(&p);
    bool good =
        tg_json_flow_begin(&p.flow, &json, &out) && run(&p, root, tg_json_at(json.base, out));
    free(p.pieces);
    tg_buffer_dispose(&p.moved);
    return good;
}
