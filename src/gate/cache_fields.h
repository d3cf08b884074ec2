/* The fields of an answer that is kept: what is added to them, and which of them are kept. */
#ifndef TG_GATE_CACHE_FIELDS_H
#define TG_GATE_CACHE_FIELDS_H

#include "gate/caching.h"

/* Adds to request->response what clients shall see of it: an ETag, when it has none. */
void tg_cache_add_etag(struct tg_caching *caching, h2o_iovec_t body);

/* ... Vary, by the key of the route. */
void tg_cache_add_vary(struct tg_caching *caching);

/* ... Date, now, when it has none or a broken one. */
void tg_cache_add_date(struct tg_caching *caching);

/* Lists those that are kept; there is room for all. Gives how many. */
size_t tg_cache_list_fields(const struct tg_caching *caching, struct tg_entry_field *list);

#endif
