/* What a thread counts of its clients and requests; any thread may read it at any time. */
#ifndef TG_GATE_TRAFFIC_H
#define TG_GATE_TRAFFIC_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Why a request or a connection was not served. */
enum tg_refused {
    TG_REFUSED_MALFORMED,
    TG_REFUSED_HEAD,
    TG_REFUSED_FIELDS,
    TG_REFUSED_URL,
    TG_REFUSED_BODY,
    TG_REFUSED_BODIES,
    TG_REFUSED_EXPECTATION,
    TG_REFUSED_SLOW_HEAD,
    TG_REFUSED_SLOW_BODY,
    TG_REFUSED_SLOW_READER,
    TG_REFUSED_ROOM, /* closed while idle, to let others in */
};
enum { TG_REFUSED_COUNT = TG_REFUSED_ROOM + 1 };

/* What the cache had to do with a request, or what became of an answer. */
enum tg_cache_event {
    TG_EVENT_BYPASS, /* nothing */
    TG_EVENT_HIT,
    TG_EVENT_MISS,
    TG_EVENT_STALE,       /* a stale answer was given */
    TG_EVENT_REVALIDATED, /* a stale one was made anew */
    TG_EVENT_COLLAPSED,   /* another request made the answer */
    TG_EVENT_STORE,
};
enum { TG_EVENTS = TG_EVENT_STORE + 1 };

const char *tg_cache_event_name(enum tg_cache_event event);

/* The name in accounts, and the status that it is answered with; 0: it is closed without any. */
const char *tg_refused_name(enum tg_refused reason);
int tg_refused_status(enum tg_refused reason);

/* The reason that stands behind a status which h2o gives by itself. */
enum tg_refused tg_refused_of_status(int status);

enum { TG_LATENCY_STEPS = 28 }; /* step i counts what took less than 2^i microseconds */

typedef _Atomic uint64_t tg_counter;

/* Written by one thread only; the sums over all threads are made by who reads. */
struct tg_traffic {
    tg_counter accepted, closed; /* connections */
    tg_counter requests;         /* answered to their end, or given up */
    tg_counter by_class[6];      /* [2]: 2xx; [0] is never used */
    tg_counter gone;             /* clients that went before the answer */
    tg_counter refused[TG_REFUSED_COUNT];
    tg_counter cache[TG_EVENTS];
    tg_counter script_failures;     /* mistakes in scripts, and scripts that were stopped */
    tg_counter bytes_in, bytes_out; /* of bodies */
    tg_counter latency_us;          /* the sum */
    tg_counter latency[TG_LATENCY_STEPS];
};

static inline void tg_tally(tg_counter *counter, uint64_t n)
{
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, now + n, memory_order_relaxed);
}

/* A request has ended. */
void tg_traffic_request(struct tg_traffic *traffic, int status, uint64_t bytes_out,
                        uint64_t duration_us);

/* Adds all of `from` to `sum`, which is nobody else's. */
void tg_traffic_add(struct tg_traffic *sum, const struct tg_traffic *from);

/* Microseconds that the given share (0.99, say) of all requests took at most; 0 without any. */
uint64_t tg_traffic_latency(const struct tg_traffic *traffic, double share);

#endif
