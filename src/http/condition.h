/* Conditional requests (RFC 9110, 13) and validators (8.8), as a cache uses them (RFC 9111, 4.3).
 */
#ifndef TG_HTTP_CONDITION_H
#define TG_HTTP_CONDITION_H

#include "http/date.h"
#include "http/header.h"

/* What a response can be compared by. */
struct tg_validators {
    struct tg_text etag;   /* the field's value, W/ and quotes too; empty: none */
    int64_t last_modified; /* s, or TG_NO_DATE */
    int64_t date;          /* s: Date, or when it came */
};

/* Entity tags as they stand in fields. Weak comparison does not look at W/, strong comparison wants
 * none. A tag without quotes, which is no valid one, equals only its like. */
bool tg_etag_is_same(struct tg_text a, struct tg_text b, bool strong);

/* Whether a list of tags has one that equals the tag; '*' alone always does. */
bool tg_etag_is_among(struct tg_text list, struct tg_text etag, bool strong);

enum tg_condition {
    TG_CONDITION_NONE,         /* answer as without conditions */
    TG_CONDITION_NOT_MODIFIED, /* 304 */
    TG_CONDITION_FAILED,       /* 412 */
};

enum tg_condition_side {
    TG_CONDITION_CACHE,  /* If-Match and If-Unmodified-Since are none of a cache's business */
    TG_CONDITION_ORIGIN, /* the answer is made here: all of them count */
};

/* In the order of RFC 9110, 13.2.2, for a response that would be a 2xx. `now` in seconds. */
enum tg_condition tg_condition_check(struct tg_text method, struct tg_headers request,
                                     const struct tg_validators *validators,
                                     enum tg_condition_side side, int64_t now);

/* If-Range: whether Range counts. True without that field. */
bool tg_condition_allows_range(struct tg_headers request, const struct tg_validators *validators,
                               int64_t now);

/* Whether a field of the stored head goes into a 304 made of it (RFC 9110, 15.4.5). */
bool tg_condition_keeps(struct tg_text name);

#endif
