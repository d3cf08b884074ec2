/* Purges of the cache, as scripts and the operator ask for them. */
#ifndef TG_API_PURGE_H
#define TG_API_PURGE_H

#include "store/cache.h"

enum tg_purge_kind { TG_PURGE_TAG, TG_PURGE_URL, TG_PURGE_PREFIX, TG_PURGE_ALL };

enum { TG_PURGE_KINDS = TG_PURGE_ALL + 1 };

/* "tag", "url", "prefix", "all". */
const char *tg_purge_name(enum tg_purge_kind kind);

/* NULL when well, else what is wrong with the text. Soft: what is concerned becomes stale. */
const char *tg_purge(struct tg_cache *cache, enum tg_purge_kind kind, struct tg_text text,
                     bool soft);

#endif
