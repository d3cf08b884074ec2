/* The cache between a request and what makes its answer: looks up, waits for another request that
 * makes the same answer, keeps what was made. */
#ifndef TG_GATE_CACHING_H
#define TG_GATE_CACHING_H

#include "gate/inbound.h"
#include "gate/site_cache.h"
#include "http/cache_rules.h"
#include "http/cache_status.h"
#include "tier/find.h"

enum tg_cached {
    TG_CACHED_NOT,  /* the answer must be made */
    TG_CACHED_WAIT, /* another request makes it: `proceed` is called when that is over */
    TG_CACHED_HAS,  /* `entry` is the answer */
};

/* What the cache knows of one request; in its pool. */
struct tg_caching {
    struct tg_inbound *inbound;
    const struct tg_cache_policy *policy;
    void (*proceed)(struct tg_inbound *inbound);
    struct tg_text primary; /* without what tells variants apart */
    struct tg_text key;     /* empty: nothing of it is kept */
    uint64_t hash;
    struct tg_share share;
    bool asked_redis; /* for the key with this hash: */
    uint64_t asked_hash;
    struct tg_flight *flight; /* that it leads, or NULL */
    struct tg_waiter waiter;
    struct tg_entry *entry; /* that it holds: the answer, or a stale one in case of need */
    bool has;               /* the entry is the answer */
    bool unavailable;       /* the client wants nothing but what is kept, and nothing is */
    int64_t asked_ms;       /* wall time at which it began to be made */
    struct tg_cache_rules rules;
    bool confirmed; /* the backend has said that the entry is still right */
    struct tg_cache_tap *tap;
    struct tg_cache_status status;
    enum tg_cache_event event;
};

/* Looks the request up, whose route has a policy. Sets inbound->caching. */
enum tg_cached tg_caching_begin(struct tg_inbound *inbound,
                                void (*proceed)(struct tg_inbound *inbound));

/* Makes what a background refresh needs: it leads the flight. */
void tg_caching_adopt(struct tg_inbound *inbound, const struct tg_caching *from,
                      struct tg_flight *flight);

/* Whether there is an answer, be it a stale one; then the caller sends the entry. */
static inline bool tg_caching_has(const struct tg_inbound *inbound)
{
    return inbound->caching != NULL && inbound->caching->has;
}

/* What was made is not an answer but a failure, with that status or 0: true when a stale entry
 * stands in, which is the answer then. */
bool tg_caching_fail(struct tg_inbound *inbound, int status);

/* Whether request->response, a 304, speaks of something else than what is stored: then the whole
 * must be asked for. */
bool tg_caching_must_repeat(struct tg_inbound *inbound);

/* Looks at request->response, which is whole or has a source: keeps it, arranges that it is kept
 * when its source has ended, or lets go of those that wait. It may get fields. False: it is a
 * failure, and a stale entry is the answer. */
bool tg_caching_take(struct tg_inbound *inbound);

/* Waits no more for others. */
void tg_caching_leave(struct tg_inbound *inbound);

/* The request is over: what it leads goes to the next, what it holds is given back. */
void tg_caching_end(struct tg_inbound *inbound);

/* The time that its thread goes by: of its loop, and that of the day. Both in ms. */
uint64_t tg_caching_now(const struct tg_inbound *inbound);
int64_t tg_caching_wall_ms(const struct tg_inbound *inbound);

/* ---- for the files of the cache */

/* The request is an event of that kind. */
void tg_caching_count(struct tg_caching *caching, enum tg_cache_event event);

/* Holds no entry any more. */
void tg_caching_drop(struct tg_caching *caching);

/* The entry is the answer. */
enum tg_cached tg_caching_answer(struct tg_caching *caching, enum tg_cache_event event);

/* The cache has nothing to do with the request. */
enum tg_cached tg_caching_pass_by(struct tg_caching *caching, enum tg_cache_fwd why);

void tg_caching_set_key(struct tg_caching *caching, const char *base, size_t len);

#endif
