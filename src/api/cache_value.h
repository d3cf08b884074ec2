/* Keys and values of tg.cache, as they are read from scripts and kept. */
#ifndef TG_API_CACHE_VALUE_H
#define TG_API_CACHE_VALUE_H

#include "api/keep.h"
#include "tier/values.h"

enum { TG_VALUE_KEY = 1024 }; /* bytes of a key */

/* How the body of an entry begins. */
enum tg_writing { TG_WRITTEN_JSON = 'j', TG_WRITTEN_STRING = 's', TG_WRITTEN_NOTHING = 'n' };

/* The key at index 2 of a method. */
struct tg_text tg_value_key(lua_State *L, const char *name);

/* Keys of values don't meet those of answers. The text is anchored on the stack. */
struct tg_text tg_value_whole_key(lua_State *L, struct tg_text key);

/* The value at the index as it is kept, in the scratch buffer: exactly what it is, or it raises. */
struct tg_text tg_value_write(lua_State *L, const char *name, int index);

void tg_value_push(lua_State *L, const struct tg_entry *entry);

/* Whether the body, not empty, is of a form that tg_value_push knows. */
bool tg_value_is_whole(struct tg_text body);

struct tg_entry *tg_value_entry(struct tg_room *room, const struct tg_response_cache *keep,
                                struct tg_text key, struct tg_text value, uint64_t epoch,
                                uint64_t now);

/* Seconds of the option of the table on top, if it is there. */
bool tg_value_time(lua_State *L, const char *name, const char *option, uint64_t *ms);

/* { ttl, stale, stale_if_error, tags } and what else `options` has, at the index: a table or nil.
 */
void tg_value_options(lua_State *L, const char *name, int index, const char *const *options,
                      struct tg_response_cache *keep, h2o_mem_pool_t *pool);

/* The same with the tags of what other tidegates may have too, if there are any: tier/values.h. */
struct tg_response_cache tg_value_shared(const struct tg_response_cache *keep,
                                         const struct tg_host *host, struct tg_text key, bool heard,
                                         h2o_mem_pool_t *pool);

#endif
