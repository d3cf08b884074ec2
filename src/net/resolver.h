/* Names to addresses, off the loop: getaddrinfo in a few threads, behind a cache.
 *
 * A resolver belongs to the thread of its loop: all functions are called there, and it calls back
 * there, so the cache needs no lock. Only the queues between it and its threads are locked
 * (struct pool in resolver_pool.c). The threads begin with the first lookup: a site that writes
 * its backends as numbers has none. */
#ifndef TG_NET_RESOLVER_H
#define TG_NET_RESOLVER_H

#include <netinet/in.h>
#include <h2o.h>

#include "base/error.h"
#include "net/timer.h"

enum { TG_ADDRESSES = 8 };

union tg_ip {
    struct sockaddr sa;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* What a name stands for, in the order in which to try them. */
struct tg_addresses {
    size_t count;
    union tg_ip list[TG_ADDRESSES]; /* the port is 0 */
};

/* Fields left 0 have the default. */
struct tg_resolver_options {
    unsigned threads; /* 2 */
    uint32_t ttl_ms;  /* 30 s: then an address is looked up again when it is next asked for */
    uint32_t failure_ttl_ms; /* 1 s: how long a failure is believed */
    uint32_t stale_ms;       /* 5 min: how long past its ttl an address is served while it is looked
                              * up again; after that, calls wait for the lookup */
    struct tg_error (*lookup)(const char *host, struct tg_addresses *found); /* getaddrinfo */
};

struct tg_resolver;

/* Looks a name up here and now, by getaddrinfo; any thread may. */
struct tg_error tg_resolver_lookup(const char *host, struct tg_addresses *found);

/* NULL stands for the default options. Gives NULL when no descriptor is free. */
struct tg_resolver *tg_resolver_create(h2o_loop_t *loop, struct tg_timers *timers,
                                       const struct tg_resolver_options *options);

/* Nobody may be waiting any more. A lookup under way in a thread is not waited for: the thread
 * ends by itself and touches nothing of the loop's. */
void tg_resolver_destroy(struct tg_resolver *resolver);

/* One that waits; kept in place by its owner until on_done or cancel. All zero waits for nothing.
 */
struct tg_resolve {
    h2o_linklist_t link;
    void (*on_done)(struct tg_resolve *self, const struct tg_addresses *found,
                    struct tg_error error);
};

/* Calls on_done once, perhaps before it returns. `found` is valid during the call, and has at
 * least one address unless there is an error, whose code is dns. */
void tg_resolve_start(struct tg_resolve *resolve, struct tg_resolver *resolver, const char *host,
                      void (*on_done)(struct tg_resolve *self, const struct tg_addresses *found,
                                      struct tg_error error));

/* Ends the waiting, if it waits; the lookup goes on for the cache. */
void tg_resolve_cancel(struct tg_resolve *resolve);

#endif
