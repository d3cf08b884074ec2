/* A file while its schemas are taken out of it, each as a document of its own. */
#ifndef TG_CODEC_SCHEMA_CUT_H
#define TG_CODEC_SCHEMA_CUT_H

#include <assert.h>
#include <stdlib.h>

#include "codec/schema_files.h"

/* Where an element stands in its file. */
struct tg_schema_place {
    size_t begin, end; /* bytes */
    size_t line;
};

/* A file while it is read. */
struct tg_schema_reading {
    struct tg_schema_files *files;
    const char *file;
    struct tg_buffer text;          /* as UTF-8, with a NUL behind */
    struct tg_schema_place *places; /* of its elements, in their order */
    size_t count;
    xmlDoc *tree;
};

/* Fills in the text and the places, by the scanner, which knows limits. False: see the error. */
bool tg_schema_scan(struct tg_schema_reading *r, struct tg_text bytes);

/* NULL: see the error. */
xmlDoc *tg_schema_tree(const char *file, struct tg_text text, struct tg_schema_error *error);

/* The line of an element of r->tree. */
size_t tg_schema_line_of(const struct tg_schema_reading *r, const xmlNode *element);

/* Appends the xs:schema with the declarations around it, without what it includes. */
void tg_schema_cut_out(const struct tg_schema_reading *r, const xmlNode *schema,
                       struct tg_buffer *out);

/* The list with room for `count` items. */
static inline void *tg_schema_grow(void *list, size_t *capacity, size_t count, size_t size)
{
    if (count <= *capacity)
        return list;
    *capacity = count * 2 + 8;
    list = realloc(list, *capacity * size);
    assert(list != NULL);
    return list;
}

#endif
