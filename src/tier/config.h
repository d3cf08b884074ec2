/* How the Redis behind the cache is used; made when the site is read (gate/site_tier.h), the same
 * for all threads. */
#ifndef TG_TIER_CONFIG_H
#define TG_TIER_CONFIG_H

#include "net/redis_sentinel.h"

enum { TG_TIER_PREFIX = 64 }; /* bytes of a prefix, with its NUL */

/* It stays in place. */
struct tg_tier_config {
    struct tg_redis_config entries;
    struct tg_redis_config purges; /* the same Redis, which may take longer there */
    struct tg_sentinels sentinels; /* count 0: none */
    struct tg_tls *tls;            /* NULL: without */
    char prefix[TG_TIER_PREFIX];   /* of all keys in Redis */
    uint32_t lock_ms;              /* so long others wait for the answer that one makes */
    uint8_t print[32];             /* a digest of all that */
};

#endif
