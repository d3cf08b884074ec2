/* The schemas of one reading of a site: each is made once, by the first thread that asks, and used
 * by all. */
#ifndef TG_CODEC_SCHEMA_STORE_H
#define TG_CODEC_SCHEMA_STORE_H

#include "codec/schema.h"

struct tg_schema_store;

/* Never NULL. */
struct tg_schema_store *tg_schema_store_create(void);

/* With all schemas in it: nobody uses them any more. */
void tg_schema_store_destroy(struct tg_schema_store *store);

/* The schema of the file, with the texts that are added to it. One that fails is tried again each
 * time. NULL: see the error. */
const struct tg_schema *tg_schema_store_get(struct tg_schema_store *store,
                                            const struct tg_schema_source *source, const char *path,
                                            const struct tg_text *more, size_t more_count,
                                            struct tg_schema_error *error);

#endif
