/* Answers are purged by their URLs: each has tags that stand for its path and query. */
#ifndef TG_STORE_CACHE_URL_H
#define TG_STORE_CACHE_URL_H

#include "base/buffer.h"
#include "store/cache.h"

enum { TG_CACHE_URL_TAGS = 4 };

/* Appends the query, its names in order and its escapes in one form; nothing for an empty one. */
void tg_cache_url_query(struct tg_text query, struct tg_buffer *out);

/* The tags of what was asked for by this URL: with and without the query, and with and without the
 * host. The path is normal. */
void tg_cache_url_tags(struct tg_cache *cache, struct tg_text host, struct tg_text path,
                       struct tg_text query, uint64_t tags[TG_CACHE_URL_TAGS]);

/* Purges what has the URL: '/path' (with any query), '/path?query', or with 'http://host' in front.
 * NULL when well, else what is wrong with it. */
const char *tg_cache_url_purge(struct tg_cache *cache, struct tg_text url, bool soft);

#endif
