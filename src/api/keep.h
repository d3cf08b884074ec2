/* How long something is kept in the cache, as a script says it; and of what a response is made. */
#ifndef TG_API_KEEP_H
#define TG_API_KEEP_H

#include "api/request.h"

enum {
    TG_KEEP_TAGS = 64,       /* of one response */
    TG_KEEP_TAG_LENGTH = 256 /* bytes of one */
};

/* Reads what stands at the index: false, or { ttl, stale, stale_if_error, tags }. Raises in the
 * name of the call when it is wrong. The tags are in the pool; without one (NULL) they are only
 * checked.
 */
void tg_keep_read(lua_State *L, const char *name, int index, struct tg_response_cache *keep,
                  h2o_mem_pool_t *pool);

/* The tags at the index, a list of strings or nil. */
void tg_keep_read_tags(lua_State *L, const char *name, int index, struct tg_response_cache *keep,
                       h2o_mem_pool_t *pool);

/* The hash of a tag. */
uint64_t tg_keep_tag(struct tg_cache *cache, struct tg_text tag);

/* When an entry that is made now is fresh, stale, of no use. */
void tg_keep_times(const struct tg_response_cache *keep, uint64_t now_ms,
                   struct tg_entry_recipe *recipe);

/* A part of the response came from the cache, or went there, and is fresh for so long. */
void tg_keep_part(struct tg_request *request, uint64_t fresh_ms, const uint64_t *tags,
                  size_t tag_count);

#endif
