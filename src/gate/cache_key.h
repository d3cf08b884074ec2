/* Under which key the answer to a request is kept. */
#ifndef TG_GATE_CACHE_KEY_H
#define TG_GATE_CACHE_KEY_H

#include "gate/inbound.h"
#include "gate/site_cache.h"

enum {
    TG_CACHE_KEY_MOST = 65536, /* bytes of a key */
    TG_CACHE_URL_TAGS = 4,     /* by which an answer is purged by its URL */
};

/* Appends the key. The route's digest is in it: what changed scripts answered is not found under
 * new ones. False: it has none, since its body is not what the policy looks into. */
bool tg_cache_key_write(struct tg_inbound *inbound, const struct tg_cache_policy *policy,
                        struct tg_buffer *out);

/* Appends the query, its names in order and its escapes in one form; nothing for an empty one. */
void tg_cache_key_query(struct tg_text query, struct tg_buffer *out);

/* The tags that a URL stands for: of the request's path and query, with and without each and its
 * host. */
void tg_cache_key_url_tags(struct tg_cache *cache, struct tg_text host, struct tg_text path,
                           struct tg_text query, uint64_t tags[TG_CACHE_URL_TAGS]);

/* Purges what has the URL: '/path', '/path?query', or with 'http://host' in front. NULL when well,
 * else what is wrong with it. */
const char *tg_cache_key_purge(struct tg_cache *cache, struct tg_text url, bool soft);

#endif
