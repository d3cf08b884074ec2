/* One leader a key makes what many wait for, in whatever threads they are: who waits is told in its
 * own thread, through its inbox. */
#ifndef TG_STORE_FLIGHT_H
#define TG_STORE_FLIGHT_H

#include <pthread.h>
#include <stdbool.h>

#include <h2o.h>

#include "store/entry.h"

/* News for one thread. wake() may be called by any thread: the owner then calls tg_inbox_run. */
struct tg_inbox {
    pthread_mutex_t lock;
    h2o_linklist_t news;
    void (*wake)(struct tg_inbox *self);
};

void tg_inbox_init(struct tg_inbox *inbox, void (*wake)(struct tg_inbox *self));
void tg_inbox_dispose(struct tg_inbox *inbox);

/* Tells who waited what has become of it. */
void tg_inbox_run(struct tg_inbox *inbox);

enum tg_flight_news {
    TG_FLIGHT_LANDED, /* `entry` is what was made; whom it is told holds it */
    TG_FLIGHT_LEAD,   /* the leader has failed or gone; `flight` is led by this one now */
    TG_FLIGHT_ALONE,  /* there is nothing to wait for: each makes its own */
};

/* One that waits; embedded by its owner and all zero at first. */
struct tg_waiter {
    h2o_linklist_t link;
    struct tg_inbox *inbox;
    struct tg_flight_shard *shard; /* NULL: it waits for nothing; its own thread's */
    enum tg_flight_news news;
    struct tg_flight *flight; /* of TG_FLIGHT_LEAD */
    struct tg_entry *entry;   /* of TG_FLIGHT_LANDED */
    bool told;                /* it is in the inbox */
    void (*on_news)(struct tg_waiter *self);
};

struct tg_flights;

/* Who leads or waits when they are destroyed is not told. */
struct tg_flights *tg_flights_create(void);
void tg_flights_destroy(struct tg_flights *flights);

/* Makes the caller the leader when nobody is: the flight, which it ends by one of the four below.
 * Else NULL; the waiter, unless NULL, then waits: on_news is called once, unless it is cancelled.
 */
struct tg_flight *tg_flight_join(struct tg_flights *flights, struct tg_text key, uint64_t hash,
                                 struct tg_inbox *inbox, struct tg_waiter *waiter);

/* All get the entry. */
void tg_flight_land(struct tg_flight *flight, struct tg_entry *entry);

/* It could not be made. The one that waits the longest becomes the leader; but when a leader has
 * failed before, nobody waits any more: not one slow failure after the other. */
void tg_flight_fail(struct tg_flight *flight);

/* The leader goes, which says nothing of what it was to make: the one that waits the longest leads
 * on. */
void tg_flight_yield(struct tg_flight *flight);

/* What was made is for its leader only: nobody waits any more. */
void tg_flight_scatter(struct tg_flight *flight);

/* Waits no longer, by its own thread. One that waits for nothing may be cancelled. What it was to
 * be told is passed on. */
void tg_waiter_cancel(struct tg_waiter *waiter);

#endif
