#include "store/flight.h"

#include <assert.h>
#include <stdlib.h>

enum { SHARDS = 64 };

struct tg_flight_shard {
    pthread_mutex_t lock; /* for its flights and their waiters; taken before that of an inbox */
    h2o_linklist_t flights;
};

struct tg_flight {
    h2o_linklist_t link;
    struct tg_flight_shard *shard;
    h2o_linklist_t waiters; /* the longest first */
    uint64_t hash;
    bool has_failed; /* a leader has; its leader's own */
    size_t len;
    char key[];
};

struct tg_flights {
    struct tg_flight_shard shards[SHARDS];
};

/* ---- inboxes */

void tg_inbox_init(struct tg_inbox *inbox, void (*wake)(struct tg_inbox *self))
{
    pthread_mutex_init(&inbox->lock, NULL);
    h2o_linklist_init_anchor(&inbox->news);
    inbox->wake = wake;
}

void tg_inbox_dispose(struct tg_inbox *inbox)
{
    pthread_mutex_destroy(&inbox->lock);
}

static struct tg_waiter *first(h2o_linklist_t *list)
{
    return H2O_STRUCT_FROM_MEMBER(struct tg_waiter, link, list->next);
}

/* One at a time: on_news may cancel others. */
void tg_inbox_run(struct tg_inbox *inbox)
{
    for (;;) {
        struct tg_waiter *waiter = NULL;
        pthread_mutex_lock(&inbox->lock);
        if (!h2o_linklist_is_empty(&inbox->news)) {
            waiter = first(&inbox->news);
            h2o_linklist_unlink(&waiter->link);
        }
        pthread_mutex_unlock(&inbox->lock);
        if (waiter == NULL)
            return;
        waiter->shard = NULL;
        waiter->on_news(waiter);
    }
}

/* ---- flights */

struct tg_flights *tg_flights_create(void)
{
    struct tg_flights *flights = malloc(sizeof(*flights));

    assert(flights != NULL);
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&flights->shards[i].lock, NULL);
        h2o_linklist_init_anchor(&flights->shards[i].flights);
    }
    return flights;
}

void tg_flights_destroy(struct tg_flights *flights)
{
    for (size_t i = 0; i < SHARDS; i++) {
        const h2o_linklist_t *list = &flights->shards[i].flights, *link = list->next;
        while (link != list) {
            struct tg_flight *flight = H2O_STRUCT_FROM_MEMBER(struct tg_flight, link, link);
            link = link->next;
            free(flight);
        }
        pthread_mutex_destroy(&flights->shards[i].lock);
    }
    free(flights);
}

static struct tg_flight *find(struct tg_flight_shard *shard, struct tg_text key, uint64_t hash)
{
    for (h2o_linklist_t *link = shard->flights.next; link != &shard->flights; link = link->next) {
        struct tg_flight *flight = H2O_STRUCT_FROM_MEMBER(struct tg_flight, link, link);
        if (flight->hash == hash && tg_text_is(tg_text(flight->key, flight->len), key))
            return flight;
    }
    return NULL;
}

static struct tg_flight *begin(struct tg_flight_shard *shard, struct tg_text key, uint64_t hash)
{
    struct tg_flight *flight = malloc(sizeof(*flight) + key.len);

    assert(flight != NULL);
    *flight = (struct tg_flight){.shard = shard, .hash = hash, .len = key.len};
    memcpy(flight->key, key.base, key.len);
    h2o_linklist_init_anchor(&flight->waiters);
    h2o_linklist_insert(&shard->flights, &flight->link);
    return flight;
}

struct tg_flight *tg_flight_join(struct tg_flights *flights, struct tg_text key, uint64_t hash,
                                 struct tg_inbox *inbox, struct tg_waiter *waiter)
{
    struct tg_flight_shard *shard = &flights->shards[hash >> 58];
    struct tg_flight *lead = NULL;

    pthread_mutex_lock(&shard->lock);
    struct tg_flight *flight = find(shard, key, hash);
    if (flight == NULL) {
        lead = begin(shard, key, hash);
    } else if (waiter != NULL) {
        waiter->inbox = inbox;
        waiter->shard = shard;
        waiter->told = false;
        waiter->entry = NULL;
        waiter->link = (h2o_linklist_t){NULL, NULL};
        h2o_linklist_insert(&flight->waiters, &waiter->link);
    }
    pthread_mutex_unlock(&shard->lock);
    return lead;
}

/* Tells the one that waits the longest. The lock of the shard is held: nobody cancels meanwhile. */
static void tell(struct tg_flight *flight, enum tg_flight_news news, struct tg_entry *entry)
{
    struct tg_waiter *waiter = first(&flight->waiters);
    struct tg_inbox *inbox = waiter->inbox;

    h2o_linklist_unlink(&waiter->link);
    pthread_mutex_lock(&inbox->lock);
    waiter->news = news;
    waiter->entry = entry != NULL ? tg_entry_hold(entry) : NULL;
    waiter->told = true;
    waiter->flight = news == TG_FLIGHT_LEAD ? flight : NULL;
    bool was_empty = h2o_linklist_is_empty(&inbox->news);
    h2o_linklist_insert(&inbox->news, &waiter->link);
    pthread_mutex_unlock(&inbox->lock);
    if (was_empty)
        inbox->wake(inbox);
}

static void end(struct tg_flight *flight, enum tg_flight_news news, struct tg_entry *entry)
{
    struct tg_flight_shard *shard = flight->shard;

    pthread_mutex_lock(&shard->lock);
    while (!h2o_linklist_is_empty(&flight->waiters))
        tell(flight, news, entry);
    h2o_linklist_unlink(&flight->link);
    pthread_mutex_unlock(&shard->lock);
    free(flight);
}

void tg_flight_land(struct tg_flight *flight, struct tg_entry *entry)
{
    end(flight, TG_FLIGHT_LANDED, entry);
}

void tg_flight_scatter(struct tg_flight *flight)
{
    end(flight, TG_FLIGHT_ALONE, NULL);
}

void tg_flight_fail(struct tg_flight *flight)
{
    if (flight->has_failed) {
        end(flight, TG_FLIGHT_ALONE, NULL);
        return;
    }
    flight->has_failed = true;
    tg_flight_yield(flight);
}

void tg_flight_yield(struct tg_flight *flight)
{
    struct tg_flight_shard *shard = flight->shard;

    pthread_mutex_lock(&shard->lock);
    bool over = h2o_linklist_is_empty(&flight->waiters);
    if (over)
        h2o_linklist_unlink(&flight->link);
    else
        tell(flight, TG_FLIGHT_LEAD, NULL);
    pthread_mutex_unlock(&shard->lock);
    if (over)
        free(flight);
}

/* It was told already, but has not looked. */
static void take_back(struct tg_waiter *waiter)
{
    pthread_mutex_lock(&waiter->inbox->lock);
    h2o_linklist_unlink(&waiter->link);
    pthread_mutex_unlock(&waiter->inbox->lock);
    if (waiter->entry != NULL)
        tg_entry_release(waiter->entry);
    waiter->entry = NULL;
    if (waiter->news == TG_FLIGHT_LEAD)
        tg_flight_yield(waiter->flight);
}

void tg_waiter_cancel(struct tg_waiter *waiter)
{
    struct tg_flight_shard *shard = waiter->shard;

    if (shard == NULL)
        return;
    waiter->shard = NULL;
    pthread_mutex_lock(&shard->lock);
    bool told = waiter->told;
    if (!told)
        h2o_linklist_unlink(&waiter->link);
    pthread_mutex_unlock(&shard->lock);
    if (told)
        take_back(waiter);
}
