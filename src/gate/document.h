/* What a site says of itself to programs of others: its OpenAPI document. */
#ifndef TG_GATE_DOCUMENT_H
#define TG_GATE_DOCUMENT_H

#include "base/buffer.h"
#include "gate/site.h"

struct tg_document_options {
    const char *title, *version;
    const char *server; /* its URL; NULL: none is named */
};

/* Loads every script of the site, which it takes, and appends the document. `problems` gets a line
 * for each thing that is wrong, then it is false; or for each route that the document has no place
 * for. */
bool tg_document_make(struct tg_site *site, const struct tg_document_options *options,
                      struct tg_buffer *out, struct tg_buffer *problems);

#endif
