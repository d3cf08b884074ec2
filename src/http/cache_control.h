/* Directives of Cache-Control, in requests and in responses (RFC 9111, 5.2; RFC 5861; RFC 8246),
 * and of the targeted field CDN-Cache-Control (RFC 9213). */
#ifndef TG_HTTP_CACHE_CONTROL_H
#define TG_HTTP_CACHE_CONTROL_H

#include <stdint.h>

#include "http/header.h"

enum tg_directive {
    TG_CC_MAX_AGE = 1 << 0,
    TG_CC_S_MAXAGE = 1 << 1,
    TG_CC_MAX_STALE = 1 << 2,
    TG_CC_MIN_FRESH = 1 << 3,
    TG_CC_STALE_WHILE_REVALIDATE = 1 << 4,
    TG_CC_STALE_IF_ERROR = 1 << 5,
    TG_CC_NO_STORE = 1 << 6,
    TG_CC_NO_CACHE = 1 << 7, /* without names of fields */
    TG_CC_PRIVATE = 1 << 8,  /* without names of fields */
    TG_CC_PUBLIC = 1 << 9,
    TG_CC_MUST_REVALIDATE = 1 << 10,
    TG_CC_PROXY_REVALIDATE = 1 << 11,
    TG_CC_MUST_UNDERSTAND = 1 << 12,
    TG_CC_ONLY_IF_CACHED = 1 << 13,
    TG_CC_IMMUTABLE = 1 << 14,
    TG_CC_NO_CACHE_FIELDS = 1 << 15, /* no-cache="…" */
    TG_CC_PRIVATE_FIELDS = 1 << 16,  /* private="…" */
    TG_CC_TARGETED = 1 << 17,        /* all this is from CDN-Cache-Control */
};

/* The longest time; what is longer is read as this (RFC 9111, 1.2.2). */
#define TG_DELTA_MAX UINT32_C(2147483648)

/* What is not there is 0. Of a directive given twice the first counts. */
struct tg_cache_control {
    uint32_t present; /* of enum tg_directive */
    uint32_t max_age; /* all in seconds */
    uint32_t s_maxage;
    uint32_t max_stale; /* TG_DELTA_MAX when it has no value */
    uint32_t min_fresh;
    uint32_t stale_while_revalidate;
    uint32_t stale_if_error;
};

/* Reads digits and nothing else; false when there is something else. */
bool tg_delta_read(struct tg_text text, uint32_t *delta);

/* Adds the directives of one field's value. What is malformed is read the careful way: an age that
 * is no number is 0 (so the response is stale), the same for times to be stale and for max-stale;
 * min-fresh is then the longest; a list of fields that is broken or empty stands for all of them.
 */
void tg_cache_control_add(struct tg_cache_control *control, struct tg_text value);

/* All fields of that name together. */
struct tg_cache_control tg_cache_control_read(struct tg_headers headers, struct tg_text name);

/* What governs a shared cache's use of a response: CDN-Cache-Control when it is there, a valid
 * dictionary (RFC 8941) and not empty, else Cache-Control. */
struct tg_cache_control tg_cache_control_response(struct tg_headers headers);

/* Whether no-cache="…" or private="…" of that field's value names the field. */
bool tg_cache_control_names(struct tg_text value, struct tg_text name);

#endif
