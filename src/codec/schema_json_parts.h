/* What the files of schema_to_json.c share; nobody else includes it. */
#ifndef TG_CODEC_SCHEMA_JSON_PARTS_H
#define TG_CODEC_SCHEMA_JSON_PARTS_H

#include "codec/json_write.h"
#include "codec/schema_parts.h"
#include "codec/xml_scan.h"
#include "codec/xml_slice.h"

#define NONE UINT32_MAX

/* An open element with children, or with attributes. */
struct frame {
    const struct tg_schema_type *type;
    const struct tg_schema_element *element;
    uint32_t position, count;  /* the last place that was taken, and how often in a row */
    uint32_t member;           /* whose array is open; NONE */
    struct tg_xml_name *space; /* the namespace of names without prefix; NULL: none */
    size_t segments;           /* of the converter: where those of this element begin */
    size_t seen;               /* the same for xs:all */
    size_t text;               /* where its text begins in `texts` */
    size_t begin;              /* of the value in the output */
    bool nil;
};

/* A child's value in the output, of a type whose members scatter. */
struct segment {
    uint32_t member;
    size_t begin, end;
};

struct converter {
    const struct tg_schema_model *model;
    const struct tg_schema_tools *tools;
    const struct tg_schema_root *root;
    struct tg_xml *xml;
    struct tg_buffer *out;
    size_t base, limit;
    struct tg_buffer frames, segments, seen, texts, moved, prefixes;
    struct frame *frame;             /* NULL: outside of the root element */
    const char *at;                  /* where the event began */
    const struct tg_xml_name *known; /* a namespace, */
    size_t known_index;              /* and its index */
    bool invalid;                    /* the error is the schema's, not the scanner's */
    bool deep;
};

bool tg_sjson_refuse(struct converter *c, const char *format, ...)
    __attribute__((format(printf, 2, 3), cold));

static inline int tg_sjson_shown(struct tg_text text)
{
    return text.len < 60 ? (int)text.len : 60;
}

static inline bool fits(struct converter *c)
{
    return c->out->len - c->base <= c->limit ||
           (tg_xml_fail_limit(c->xml, c->at, "output", c->limit, "bytes of JSON"), false);
}

static inline struct tg_text uri_text(const struct tg_xml_name *uri)
{
    return uri != NULL ? tg_xml_name_text(uri) : tg_text("", 0);
}

static inline size_t namespace_index(struct converter *c, const struct tg_xml_name *uri)
{
    if (uri == NULL || uri->len == 0)
        return 0;
    if (uri == c->known)
        return c->known_index;
    c->known = uri;
    c->known_index = TG_SCHEMA_NO_NAMESPACE;
    for (size_t i = 1; i < c->model->namespace_count; i++)
        if (tg_text_is(tg_text_of(c->model->namespaces[i]), uri_text(uri)))
            c->known_index = i;
    return c->known_index;
}

/* What names without prefix are in, inside of the element that starts. */
static inline struct tg_xml_name *default_space(struct converter *c)
{
    struct tg_xml_name *space = c->frame != NULL ? c->frame->space : NULL;

    return c->xml->attribute_count != 0 ? tg_xml_default_space(c->xml, space) : space;
}

static inline bool is_named(const struct tg_xml_name *local, struct tg_text name)
{
    return local->len == name.len && memcmp(tg_xml_name_text(local).base, name.base, name.len) == 0;
}

/* As is_named, quicker for short names. */
static inline bool is_element(const struct tg_xml_name *local,
                              const struct tg_schema_element *element)
{
    if (local->len != element->name.len)
        return false;
    if (local->len > TG_BLOCK)
        return is_named(local, element->name);
    return memcmp(local->first, element->first, TG_BLOCK) == 0;
}

static inline bool is_xsi(const struct tg_xml_name *name)
{
    return name->kind == TG_XML_PLAIN && name->prefix != NULL &&
           name->prefix->namespace->kind == TG_XML_URI_XSI;
}

static inline bool comma(struct converter *c)
{
    char last = c->out->base[c->out->len - 1];

    return last == '{' || last == '[' || tg_buffer_put(c->out, ',');
}

/* Something stands before it already. */
static inline bool put_key(struct converter *c, struct tg_text key)
{
    char *room = tg_buffer_reserve(c->out, key.len + 1 + TG_BLOCK);
    if (room == NULL)
        return false;
    char last = room[-1];
    *room = ',';
    room += last != '{' && last != '[';
    if (key.len <= TG_BLOCK)
        tg_block_store(room, tg_block_load(key.base));
    else
        memcpy(room, key.base, key.len);
    c->out->len = (size_t)(room - c->out->base) + key.len;
    return true;
}

static inline bool put_word(struct converter *c, struct tg_text word)
{
    return comma(c) && tg_buffer_append(c->out, word.base, word.len);
}

static inline void pop_frame(struct converter *c)
{
    c->frames.len -= sizeof(struct frame);
    c->texts.len = c->frame->text;
    c->segments.len = c->frame->segments;
    c->seen.len = c->frame->seen;
    c->frame =
        c->frames.len != 0 ? (struct frame *)(void *)(c->frames.base + c->frames.len) - 1 : NULL;
}

/* A child's value is complete. */
static inline void end_member(struct converter *c)
{
    if (c->frame == NULL || !c->frame->type->scatters)
        return;
    struct segment *end = (struct segment *)(void *)(c->segments.base + c->segments.len);
    end[-1].end = c->out->len;
}

/* ---- schema_json_element.c */

/* The element has started, and its key is written. */
bool tg_sjson_start_value(struct converter *c, const struct tg_schema_element *element);

/* The text of the open element is all there. */
bool tg_sjson_end_text(struct converter *c, struct tg_text text);

/* ---- schema_json_value.c */

/* Appends a text as the value of the type; NULL, or why it is none. */
const char *tg_sjson_put_value(struct converter *c, const struct tg_schema_simple *type,
                               struct tg_text text);

bool tg_sjson_refuse_value(struct converter *c, const struct tg_schema_simple *type,
                           struct tg_text text, const char *reason, const char *what,
                           struct tg_text name) __attribute__((cold));

/* Fixed values are compared as they are written, and as numbers. */
bool tg_sjson_is_fixed_value(struct tg_text value, struct tg_text text,
                             const struct tg_schema_simple *type);

/* Appends the element that has started, whole, as a string. */
bool tg_sjson_put_raw(struct converter *c);

/* ---- schema_json_attributes.c */

bool tg_sjson_has_attributes(const struct tg_xml *xml);

/* The object of the open element up to the end of its attributes. */
bool tg_sjson_begin_object(struct converter *c, const struct tg_schema_element *element,
                           const struct tg_schema_type *type);
bool tg_sjson_check_required(struct converter *c, const struct tg_schema_type *type);

/* The type that the element has here: its own, or what xsi:type says. */
bool tg_sjson_choose_type(struct converter *c, const struct tg_schema_element *element,
                          struct tg_xml_name *space, const struct tg_schema_type **type);

/* ---- schema_json_content.c */

/* The position among those of the list that the child takes; NONE: none. */
uint32_t tg_sjson_find_among(struct converter *c, const uint16_t *list, size_t count, size_t space,
                             const struct tg_xml_name *uri);

/* xs:all: any order, each once. */
uint32_t tg_sjson_find_in_all(struct converter *c, size_t space, const struct tg_xml_name *uri);

bool tg_sjson_is_complete(struct converter *c);
bool tg_sjson_refuse_child(struct converter *c) __attribute__((noinline, cold));
bool tg_sjson_refuse_end(struct converter *c) __attribute__((noinline, cold));

/* Values of one member stand together: the key, and an array where there may be several. */
bool tg_sjson_gather(struct converter *c);

/* The element that a document begins with; NULL: the error is set. */
const struct tg_schema_element *tg_sjson_find_root(struct converter *c);

static inline bool tg_sjson_matches(struct converter *c, const struct tg_schema_position *position,
                                    size_t space, const struct tg_xml_name *uri)
{
    if (position->element != NULL)
        return position->element->namespace == space &&
               is_element(c->xml->name->local, position->element);
    return tg_schema_allows(position->wildcard, uri_text(uri));
}

#endif
