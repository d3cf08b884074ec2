/* Documents against a schema, by libxml2: the last word on what is valid. */
#ifndef TG_CODEC_SCHEMA_CHECK_H
#define TG_CODEC_SCHEMA_CHECK_H

#include "codec/schema_files.h"
#include "codec/xml_document.h"

struct tg_schema_check;

/* Compiles the schema of the files, which may go then. NULL: see the error. */
struct tg_schema_check *tg_schema_check_create(const struct tg_schema_files *files,
                                               struct tg_schema_error *error);
void tg_schema_check_destroy(struct tg_schema_check *check);

/* Whether the document is valid; any thread may ask. The error's code is "parse" when it is not
 * well-formed or beyond a limit, and "invalid" when the schema does not allow it; its line is that
 * of the document. `memory` is as for tg_document_create. */
bool tg_schema_check_text(const struct tg_schema_check *check, struct tg_xml *scanner,
                          struct tg_text text, const struct tg_xml_options *options, size_t memory,
                          struct tg_parse_error *error, const char **code);

#endif
