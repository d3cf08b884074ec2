/* Whether a shared cache may store a response, and what of its head (RFC 9111, 3). */
#ifndef TG_HTTP_CACHE_STORE_H
#define TG_HTTP_CACHE_STORE_H

#include "http/cache_rules.h"

/* What is done with a response that sets a cookie. RFC 9111, 7.3 leaves it to the cache. */
enum tg_set_cookie {
    TG_SET_COOKIE_SHARED,   /* stored when the backend speaks to shared caches: with `public`,
                             * s-maxage or CDN-Cache-Control */
    TG_SET_COOKIE_EXPLICIT, /* stored with any lifetime that the backend wrote */
    TG_SET_COOKIE_NEVER,
};

struct tg_cache_candidate {
    struct tg_text method;
    struct tg_headers request;
    unsigned status;
    struct tg_headers response;
    bool complete;   /* the body came whole, as its framing says */
    bool names_self; /* of a POST: Content-Location is the target */
    enum tg_set_cookie set_cookie;
    int64_t request_ms;  /* wall time at which the request left */
    int64_t response_ms; /* and at which the head of the response came */
};

/* NULL when it may be stored, and *rules are then what it may be used for; else a constant token
 * that says why not, fit for `detail` of Cache-Status:
 *   method, request-no-store, incomplete, status, no-store, private, authorization, vary,
 * set-cookie, not-fresh (it has neither a lifetime nor a validator, so it could never be used). It
 * must answer GET or HEAD, or a POST that names itself and says how long it is fresh. A status that
 * is not known here is refused beside must-understand ("no-store"); a known one is stored even if
 * no-store stands there too. No lifetime is guessed when the request has Cookie, unless with
 * `public`. */
const char *tg_cache_refuses(const struct tg_cache_candidate *candidate,
                             struct tg_cache_rules *rules);

/* Whether a field of the response is stored: not those of the connection, nor what Connection,
 * no-cache="…" or private="…" name, nor Age, which is made anew. Content-Length is not stored
 * either: the length of the body says it. */
bool tg_cache_keeps(struct tg_headers response, struct tg_text name);

#endif
