/* What a stored response may be used for: read once from its head, kept with it, asked at each
 * look-up (RFC 9111, 4.2, 5.1, 5.2, 5.3; RFC 5861; RFC 8246). For a shared cache. */
#ifndef TG_HTTP_CACHE_RULES_H
#define TG_HTTP_CACHE_RULES_H

#include "http/cache_control.h"
#include "http/date.h"

/* Heuristic lifetime: this part of the time since Last-Modified, and no more than so long. */
enum { TG_HEURISTIC_PERCENT = 10, TG_HEURISTIC_MAX = 86400 };

enum {
    TG_RULE_VALIDATE = 1 << 0,  /* no-cache: never without asking the backend */
    TG_RULE_NO_STALE = 1 << 1,  /* no staleness but what swr and sie below allow */
    TG_RULE_HEURISTIC = 1 << 2, /* the lifetime is a guess */
    TG_RULE_EXPLICIT = 1 << 3,  /* the lifetime is the backend's word, even when that is broken */
    TG_RULE_IMMUTABLE = 1 << 4,
    TG_RULE_TARGETED = 1 << 5, /* by CDN-Cache-Control */
};

/* Plain data; 40 bytes. Times of the wall clock. */
struct tg_cache_rules {
    int64_t born_ms;       /* when its age was 0 */
    int64_t date;          /* Date in seconds, or when it came if there is none */
    int64_t last_modified; /* in seconds, or TG_NO_DATE */
    uint32_t lifetime;     /* s; fresh while the age is less */
    uint32_t swr;          /* stale-while-revalidate: s after the lifetime */
    uint32_t sie;          /* stale-if-error: s after the lifetime */
    uint32_t flags;
};

/* Whether a status is one that may be fresh by a guess (RFC 9110, 15.1). */
bool tg_cache_is_heuristic(unsigned status);

/* `control` is tg_cache_control_response of the same head. The request left at request_ms and the
 * head of the response came at response_ms. */
struct tg_cache_rules tg_cache_rules_read(unsigned status, struct tg_headers response,
                                          const struct tg_cache_control *control,
                                          int64_t request_ms, int64_t response_ms);

/* In milliseconds, never below 0. */
static inline int64_t tg_cache_age_ms(const struct tg_cache_rules *rules, int64_t now_ms)
{
    return now_ms > rules->born_ms ? now_ms - rules->born_ms : 0;
}

/* The Age field to send, in seconds. */
uint32_t tg_cache_age(const struct tg_cache_rules *rules, int64_t now_ms);

/* Seconds that it stays fresh, below 0 when it is stale: `ttl` of Cache-Status. */
int64_t tg_cache_ttl(const struct tg_cache_rules *rules, int64_t now_ms);

static inline bool tg_cache_is_fresh(const struct tg_cache_rules *rules, int64_t now_ms)
{
    return tg_cache_age_ms(rules, now_ms) < (int64_t)rules->lifetime * 1000;
}

/* The last moment at which the response may still be served without asking, be it behind its back
 * or after an error: when it was born plus all that. */
int64_t tg_cache_useful_until_ms(const struct tg_cache_rules *rules);

#endif
