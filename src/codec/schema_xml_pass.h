/* JSON to XML by a schema in a single pass: elements are written as their members come, and put in
 * the schema's order when the object ends, where that is another one. Rare things of an object are
 * left to nodes, and the whole document when something is wrong with it, for nodes explain that.
 * What the files of schema_xml_pass.c share; nobody else includes it. */
#ifndef TG_CODEC_SCHEMA_XML_PASS_H
#define TG_CODEC_SCHEMA_XML_PASS_H

#include "codec/json_flow.h"
#include "codec/schema_xml_parts.h"

/* What an object has in the output: an attribute, the end of the start tag, or a member. */
struct piece {
    uint32_t rank;     /* they stand in this order */
    uint32_t count;    /* values of the member */
    size_t begin, end; /* in the output; the end is known when they are put in order */
};

struct pass {
    struct tg_json_flow flow;
    struct writer *w;    /* its count of elements is right only while nodes write */
    bool *used;          /* the writer's */
    size_t left;         /* elements that there may still be */
    size_t depth, most;  /* arrays and objects in each other */
    struct piece *piece; /* behind the last one of those that objects have that are open */
    struct piece *pieces, *pieces_end;
    struct tg_buffer moved;
    size_t budget; /* bytes that may still be handled once more */
};

/* An object that is being read. */
struct object {
    const struct tg_schema_element *element;
    const struct tg_schema_type *type;
    const struct tg_schema_member *next; /* the member that probably comes next */
    size_t first;                        /* of its pieces */
    size_t before;                       /* how many of them are no members */
    uint64_t attributes;                 /* a bit for each that is there */
    uint32_t rank;                       /* the least that is in order */
    bool open;                           /* the start tag goes on */
    bool typed;                          /* "@xsi:type" was there */
    bool loose;                          /* pieces are not in order */
    const char *odd;                     /* where something was that is left to nodes; or NULL */
};

/* ---- schema_xml_pass_value.c */

/* Goes on behind what others have written. */
struct tg_json_spot tg_sxml_resume(struct pass *p, const char *in);

/* The value at `in` as nodes; `in` moves behind it. NULL: it can't be read. */
struct node *tg_sxml_take_node(struct pass *p, const char **in);

/* The value at `in`, by nodes: the element; the text in it; a text of the type. */
struct tg_json_spot tg_sxml_element_by_nodes(struct pass *p, struct tg_json_spot s,
                                             const struct tg_schema_element *element);
struct tg_json_spot tg_sxml_text_by_nodes(struct pass *p, struct tg_json_spot s,
                                          const struct tg_schema_element *element,
                                          const struct tg_schema_simple *type);
struct tg_json_spot tg_sxml_attribute_by_nodes(struct pass *p, struct tg_json_spot s,
                                               const struct tg_schema_attribute *attribute);

/* A string, or what is none, as text of the type. */
struct tg_json_spot tg_sxml_pass_string(struct pass *p, struct tg_json_spot s,
                                        const struct tg_schema_simple *type, bool attribute);
struct tg_json_spot tg_sxml_pass_bare(struct pass *p, struct tg_json_spot s,
                                      const struct tg_schema_simple *type, bool attribute);

/* ---- schema_xml_pass_key.c */

/* The member, or attribute, whose key begins at `in`, which moves to the value; NONE: there is
 * none. `in` is NULL then when the key is not plain. The search begins at the guess. */
const struct tg_schema_member *tg_sxml_find_key(const struct pass *p,
                                                const struct tg_schema_type *type,
                                                const struct tg_schema_member *guess,
                                                const char **in);
uint32_t tg_sxml_find_attribute_key(const struct pass *p, const struct tg_schema_type *type,
                                    uint32_t guess, const char **in);

/* The plain key at `in`, which moves to the value; without base: it is not plain. */
struct tg_text tg_sxml_read_key(const struct pass *p, const char **in);

/* Whether the key, as JSON, is what begins at `in`; `mask` is for its bytes in the first block. */
static inline bool is_key_at(const struct pass *p, struct tg_text key, unsigned mask,
                             const char *in)
{
    size_t left = (size_t)(p->flow.end - in);

    if (left <= TG_BLOCK ||
        (~tg_block_same(tg_block_load(in), tg_block_load(key.base)) & mask) != 0)
        return false;
    return key.len <= TG_BLOCK ||
           (left > key.len && memcmp(in + TG_BLOCK, key.base + TG_BLOCK, key.len - TG_BLOCK) == 0);
}

/* ---- schema_xml_pass_order.c */

/* Puts the object's pieces in order, up to `out`. False: one is there twice, or it takes too long.
 */
bool tg_sxml_arrange(struct pass *p, const struct object *o, const char *out);

/* Whether the members, in order, are what the type allows. */
bool tg_sxml_is_complete(const struct tg_schema_type *type, const struct piece *members,
                         const struct piece *end);

#endif
