/* What the documents of a schema declare, found by name. */
#ifndef TG_CODEC_SCHEMA_INDEX_H
#define TG_CODEC_SCHEMA_INDEX_H

#include "codec/schema_files.h"

enum tg_schema_what {
    TG_SCHEMA_ELEMENT,
    TG_SCHEMA_TYPE, /* simple or complex */
    TG_SCHEMA_GROUP,
    TG_SCHEMA_ATTRIBUTE,
    TG_SCHEMA_ATTRIBUTE_GROUP,
};

/* {namespace}name; the texts are those of the trees, or constants. */
struct tg_schema_name {
    const char *namespace, *local;
};

struct tg_schema_component {
    enum tg_schema_what what;
    struct tg_schema_name name;
    const xmlNode *node;
    const struct tg_schema_document *document;
    size_t weight; /* set by schema_weigh.c; 0: not known */
    bool open;     /* its weight is being found */
};

/* An element that may stand for another one. */
struct tg_schema_substitute {
    struct tg_schema_name head;
    const struct tg_schema_component *element;
};

struct tg_schema_index {
    const struct tg_schema_files *files;
    struct tg_schema_component *components; /* sorted */
    size_t count;
    struct tg_schema_substitute *substitutes; /* sorted by head */
    size_t substitute_count;
};

/* The files live longer. */
void tg_schema_index_init(struct tg_schema_index *index, const struct tg_schema_files *files);
void tg_schema_index_dispose(struct tg_schema_index *index);

struct tg_schema_component *tg_schema_find(const struct tg_schema_index *index,
                                           enum tg_schema_what what, struct tg_schema_name name);

/* The first of the elements that may stand for `head` directly, and how many there are. */
const struct tg_schema_substitute *tg_schema_substitutes(const struct tg_schema_index *index,
                                                         struct tg_schema_name head, size_t *count);

/* What the text p:name means at the node. Its prefix has no namespace: that is NULL. */
struct tg_schema_name tg_schema_resolve(const struct tg_schema_document *document,
                                        const xmlNode *node, const char *text);

/* Refuses what would grow beyond all bounds when it is compiled: groups in groups in groups, and
 * occurrences in billions. */
bool tg_schema_weigh(struct tg_schema_index *index, struct tg_schema_error *error);

enum {
    TG_SCHEMA_OCCURS = 100 * 1000,       /* the most that minOccurs and maxOccurs may say */
    TG_SCHEMA_PARTICLES = 5000,          /* of one type, groups and base types expanded */
    TG_SCHEMA_ALL_PARTICLES = 200 * 1000 /* of all types */
};

#endif
