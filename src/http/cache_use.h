/* Whether a stored response may answer a request (RFC 9111, 4 and 5.2.1; RFC 5861). */
#ifndef TG_HTTP_CACHE_USE_H
#define TG_HTTP_CACHE_USE_H

#include "http/cache_rules.h"

enum {
    TG_ASKS_RANGE = 1 << 0, /* Range is there */
    TG_ASKS_CONDITION =
        1 << 1, /* If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since */
    TG_ASKS_AUTHORIZED = 1 << 2,
    TG_ASKS_COOKIE = 1 << 3,
};

/* What of a request matters to a cache; read in one pass, without memory of its own. */
struct tg_cache_request {
    struct tg_cache_control control; /* of Cache-Control; without it, of Pragma: no-cache */
    uint32_t has;
};

struct tg_cache_request tg_cache_request_read(struct tg_headers request);

enum tg_cache_use {
    TG_CACHE_SERVE,         /* as it is */
    TG_CACHE_SERVE_REFRESH, /* stale, but allowed; ask the backend behind the client's back */
    TG_CACHE_STALE,         /* ask the backend first: its time is over (`fwd=stale`) */
    TG_CACHE_ASKED,         /* ask the backend first: the client wishes so (`fwd=request`) */
    TG_CACHE_UNAVAILABLE,   /* only-if-cached, and there is nothing: 504 */
};

/* For the stored response that the key and Vary select. A cache that does not let clients decide
 * gives a `request` whose control is all 0. */
enum tg_cache_use tg_cache_use(const struct tg_cache_rules *rules,
                               const struct tg_cache_request *request, int64_t now_ms);

/* Whether a request for which nothing is stored gets a 504 instead of the backend's answer. */
static inline bool tg_cache_only_stored(const struct tg_cache_request *request)
{
    return (request->control.present & TG_CC_ONLY_IF_CACHED) != 0;
}

/* Whether the stored response may be served because the backend cannot be reached or answers 500,
 * 502, 503 or 504. `grace` is how many seconds after the lifetime the site allows; what the
 * response forbids (no-cache, must-revalidate, proxy-revalidate, s-maxage) stays forbidden. */
bool tg_cache_use_on_error(const struct tg_cache_rules *rules,
                           const struct tg_cache_request *request, uint32_t grace, int64_t now_ms);

#endif
