/* The files of a schema: one that is named, and what it includes and imports. XML Schema documents,
 * and WSDL documents, whose schemas are taken out of them. Each has passed the scanner. */
#ifndef TG_CODEC_SCHEMA_FILES_H
#define TG_CODEC_SCHEMA_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <libxml/tree.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "codec/xml_scan.h"

enum {
    TG_SCHEMA_DOCUMENTS = 256,       /* of one schema */
    TG_SCHEMA_BYTES = 8 << 20,       /* of all its documents */
    TG_SCHEMA_PATH = 512,            /* bytes of a path */
    TG_SCHEMA_ELEMENTS = 100 * 1000, /* of one document */
};

#define TG_SCHEMA_XS "http://www.w3.org/2001/XMLSchema"

/* Gives the bytes of a file. The path is relative, has no "..", and stays inside of the folder that
 * the source stands for, whatever links lie there. False: it can't be read; `why` says so. */
struct tg_schema_source {
    bool (*read)(void *self, const char *path, struct tg_buffer *out, const char **why);
    void *self;
};

/* What is wrong, and where. A message begins with the file and its line. */
struct tg_schema_error {
    char text[320];
    char file[TG_SCHEMA_PATH];
    size_t line;
};

/* One xs:schema as it is taken for one namespace: what has none of its own is taken for each that
 * includes it. */
struct tg_schema_document {
    const char *file;      /* where it was found */
    char *namespace;       /* that its declarations are in; "": none */
    struct tg_buffer text; /* without what it includes; its lines are those of the file */
    xmlDoc *tree;          /* of the text */
};

struct tg_schema_files {
    struct tg_schema_document *documents;
    size_t count, capacity;
    char **names; /* paths */
    size_t name_count, name_capacity;
    size_t bytes;
    struct tg_xml *scanner;
    struct tg_schema_source source;
    struct tg_schema_error *error;
};

/* Sets all up. The source and the error live as long. */
void tg_schema_files_init(struct tg_schema_files *files, const struct tg_schema_source *source,
                          struct tg_schema_error *error);
void tg_schema_files_dispose(struct tg_schema_files *files);

/* Reads the file and all that it names. False: see the error. */
bool tg_schema_files_read(struct tg_schema_files *files, const char *path);

/* Adds a schema that is not in a file of its own; `name` stands for it in messages. */
bool tg_schema_files_add(struct tg_schema_files *files, const char *name, struct tg_text text);

/* Adds what stands for the namespace of xml:lang when something imports it and nobody has it. */
bool tg_schema_files_complete(struct tg_schema_files *files);

/* Sets the error; false for good. `file` may be NULL. */
bool tg_schema_fail(struct tg_schema_error *error, const char *file, size_t line,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same with the place of a node in a document. */
bool tg_schema_fail_at(struct tg_schema_error *error, const struct tg_schema_document *document,
                       const xmlNode *node, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The path that `location`, written in the file `base`, means. False: it leads out of the folder,
 * or is no path. */
bool tg_schema_path(char path[TG_SCHEMA_PATH], const char *base, const char *location);

/* Small things that all readers of schemas want. */
bool tg_schema_is(const xmlNode *node, const char *local); /* an element of XML Schema */
const char *tg_schema_attribute(const xmlNode *node, const char *name); /* NULL: none */

#endif
