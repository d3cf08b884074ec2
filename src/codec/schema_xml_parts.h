/* What the files of schema_to_xml.c share; nobody else includes it. */
#ifndef TG_CODEC_SCHEMA_XML_PARTS_H
#define TG_CODEC_SCHEMA_XML_PARTS_H

#include "codec/json_read.h"
#include "codec/schema_parts.h"
#include "codec/utf8.h"
#include "codec/xml_scan.h"

#define NONE UINT32_MAX

enum { ATTRIBUTES = 256 }; /* of one element that only a wildcard allows */

/* A value of the JSON; its members or items are a list. */
struct node {
    enum tg_json_event kind; /* OBJECT ARRAY STRING NUMBER TRUE FALSE NULL */
    struct tg_text key, text;
    struct node *first, *next;
    size_t count;
};

struct writer {
    const struct tg_schema_model *model;
    const struct tg_schema_tools *tools;
    struct tg_buffer *out;
    size_t base, limit, elements, most;
    bool *used; /* namespaces, by index */
    struct tg_xml_arena arena;
    char reason[200];
    char path[120];         /* to what is wrong, put together from its end */
    const char *limit_name; /* of the limit that was crossed */
    bool deep;
};

/* Values of a member that are still to be written. */
struct queue {
    const struct node *next;
    size_t left, item;
    bool array;
};

/* ---- schema_to_xml.c */

bool tg_sxml_refuse_limit(struct writer *w, const char *limit, size_t most);

int tg_sxml_shown(struct tg_text text);

/* A prefix of the namespace is written. */
void tg_sxml_use(struct writer *w, size_t namespace);

/* The element that the JSON is; `name`: its only member. */
const struct tg_schema_element *
tg_sxml_find_root(struct writer *w, const struct tg_schema_root *root, struct tg_text name);

/* What prefixes stand for, in the root's tag, where its attributes begin. */
void tg_sxml_declare(struct writer *w, size_t at);

/* ---- schema_xml_element.c */

bool tg_sxml_put_element(struct writer *w, const struct tg_schema_element *element,
                         const struct node *node);

/* The text in the element. */
bool tg_sxml_put_text(struct writer *w, const struct tg_schema_element *element,
                      const struct tg_schema_simple *type, const struct node *node);

/* "@xsi:type", where it is there: a type derived from the element's. */
bool tg_sxml_choose_type(struct writer *w, const struct tg_schema_element *element,
                         const struct node *named, const struct tg_schema_type **type);

void tg_sxml_put_type(struct writer *w, const struct tg_schema_type *type);

/* ---- schema_xml_value.c */

bool tg_sxml_refuse(struct writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3), cold));

bool tg_sxml_fail_in_member(struct writer *w, struct tg_text name);

bool tg_sxml_fail_in_item(struct writer *w, size_t item);

void tg_sxml_escape(struct writer *w, struct tg_text text, bool attribute);

/* What a scalar is as text; base is NULL when it is none. */
struct tg_text tg_sxml_scalar(const struct node *node);

const char *tg_sxml_kind_of(const struct node *node);

bool tg_sxml_put_simple(struct writer *w, const struct tg_schema_simple *type,
                        const struct node *node, bool attribute);

bool tg_sxml_is_same_value(const struct node *node, struct tg_text value);

struct node *tg_sxml_find_member(const struct node *object, struct tg_text key);

/* ---- schema_xml_attributes.c */

bool tg_sxml_put_attribute(struct writer *w, const struct tg_schema_attribute *attribute,
                           const struct node *node);

bool tg_sxml_put_attributes(struct writer *w, const struct tg_schema_type *type,
                            const struct node *object);

/* ---- schema_xml_raw.c */

/* `element`: the one that it has to be; NULL: one that the wildcard allows. */
bool tg_sxml_put_raw(struct writer *w, const struct node *node,
                     const struct tg_schema_element *element,
                     const struct tg_schema_wildcard *wildcard);

/* ---- schema_xml_children.c */

bool tg_sxml_put_children(struct writer *w, const struct tg_schema_type *type,
                          const struct node *object);

/* ---- schema_xml_nodes.c */

bool tg_sxml_read_nodes(struct writer *w, struct tg_text json, size_t depth, struct node **root,
                        struct tg_parse_error *error);

/* One value with all that is in it; the reader is behind it then. */
bool tg_sxml_read_value(struct writer *w, struct tg_json_reader *reader, struct node **root);

/* ---- schema_xml_pass.c */

/* The whole in a single pass. False: it is left to nodes. */
bool tg_sxml_pass(struct writer *w, const struct tg_schema_root *root, struct tg_text json,
                  size_t depth);

#endif
