/* The Redis behind the cache: `redis` in the `cache` of site.lua. */
#ifndef TG_GATE_SITE_TIER_H
#define TG_GATE_SITE_TIER_H

#include "gate/site.h"
#include "net/redis_sentinel.h"

struct lua_State;

enum { TG_TIER_PREFIX = 64 }; /* bytes of a prefix, with its NUL */

/* How it is used; made when the site is read, the same for all threads. It stays in place. */
struct tg_tier_config {
    struct tg_redis_config entries;
    struct tg_redis_config purges; /* the same Redis, which may take longer there */
    struct tg_sentinels sentinels; /* count 0: none */
    struct tg_tls *tls;            /* NULL: without */
    char prefix[TG_TIER_PREFIX];   /* of all keys in Redis */
    uint32_t lock_ms;              /* so long others wait for the answer that one makes */
    uint8_t print[32];             /* a digest of all that */
};

/* Of the table of the `cache` on top; NULL: there is none. */
struct tg_tier_config *tg_site_read_tier(struct lua_State *L, struct tg_site *site);

/* NULL is none. */
void tg_site_free_tier(struct tg_tier_config *config);

#endif
