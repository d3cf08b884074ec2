/* One reading of a site with what is made of it for all threads; it lives as long as a thread has a
 * generation of it. */
#ifndef TG_GATE_EDITION_H
#define TG_GATE_EDITION_H

#include "base/log.h"
#include "codec/schema_store.h"
#include "gate/router.h"
#include "gate/site.h"
#include "gate/traffic.h"

/* How requests of a route have ended. */
struct tg_outcome {
    tg_counter answered, failed; /* failed: with 500 and above */
};

struct tg_edition {
    struct tg_site *site;
    struct tg_router *router;
    struct tg_log log;           /* with the level and the secrets of this reading */
    unsigned number;             /* how often the site had been read */
    tg_counter *counts;          /* requests, by worker and route */
    struct tg_outcome *outcomes; /* by worker and route, of this edition alone */
    size_t *ancestors; /* by route: its index in the edition before; TG_NO_ROUTE: it is new */
    _Atomic(const char *) *bars;      /* by route: where its script could not be stopped; or NULL */
    struct tg_schema_store *schemas;  /* that its scripts name */
    uint8_t (*prints)[TG_DIGEST_MAX]; /* by route: equal when it and its scripts are */
    _Atomic unsigned holders;
};

#define TG_NO_ROUTE SIZE_MAX

/* Takes the site. The one who asks holds it. */
struct tg_edition *tg_edition_create(struct tg_site *site, struct tg_sink *log, unsigned workers,
                                     unsigned number);

/* Takes over the backends that are configured alike, and remembers which routes were there.
 * Before anything else is made of it. */
void tg_edition_inherit(struct tg_edition *edition, const struct tg_edition *before);

/* The route is not served any more by this edition; any thread may. */
void tg_edition_bar(struct tg_edition *edition, const char *pattern, const char *place);

/* Where that was; NULL when the route is served. */
static inline const char *tg_edition_bar_of(const struct tg_edition *edition, size_t route)
{
    return atomic_load_explicit(&edition->bars[route], memory_order_acquire);
}

/* Any thread may. */
struct tg_edition *tg_edition_hold(struct tg_edition *edition);
void tg_edition_release(struct tg_edition *edition);

/* Nothing has been asked of it; while nobody serves by it. */
void tg_edition_forget_counts(struct tg_edition *edition);

/* Adds the counts of that worker in the edition before; by its thread, once. */
void tg_edition_inherit_counts(struct tg_edition *edition, const struct tg_edition *before,
                               unsigned worker);

static inline tg_counter *tg_edition_requests(const struct tg_edition *edition, unsigned worker,
                                              size_t route)
{
    return &edition->counts[worker * edition->site->route_count + route];
}

static inline struct tg_outcome *tg_edition_outcome(const struct tg_edition *edition,
                                                    unsigned worker, size_t route)
{
    return &edition->outcomes[worker * edition->site->route_count + route];
}

#endif
