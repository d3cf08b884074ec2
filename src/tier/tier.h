/* The second level of the cache: a Redis that several tidegates share. Whoever has made something
 * for the cache writes it there, whoever misses it asks there before making it, and purges reach
 * all.
 *
 * Each thread has a connection for entries (find.h, keep.h), the first one two more for purges
 * (meeting.h). Purges have numbers that Redis gives. An entry bears the number of the last
 * purge that was known when its making began; so whoever knows all purges up to now, knows whether
 * it is outdated. Who does not know them all, or has one of its own under way, asks for nothing. */
#ifndef TG_TIER_TIER_H
#define TG_TIER_TIER_H

#include "base/log.h"
#include "store/entry_form.h"
#include "store/flight.h"
#include "store/purge_log.h"
#include "tier/config.h"

enum {
    TG_TIER_NAME = 160,               /* bytes of a key in Redis */
    TG_TIER_PURGES = 16384,           /* purges that are remembered in Redis */
    TG_TIER_LOG = 2 * TG_TIER_PURGES, /* ... and by us */
    TG_TIER_QUEUE = 65536,            /* purges that wait for a Redis that is not there */
};

/* What a thread counts. */
enum tg_tier_event {
    TG_TIER_HIT,
    TG_TIER_MISS,
    TG_TIER_WAITED, /* for what another tidegate made */
    TG_TIER_STORED,
    TG_TIER_FAILED,  /* no reply in time, or a wrong one */
    TG_TIER_SKIPPED, /* Redis was not there, or slow just before: not asked */
};
enum { TG_TIER_EVENTS = TG_TIER_SKIPPED + 1 };

struct tg_queued_purge {
    struct tg_queued_purge *next;
    size_t len;
    char text[];
};

/* What all threads share. */
struct tg_tier {
    struct tg_cache_peers peers;
    const struct tg_tier_config *config;
    struct tg_cache *cache;
    struct tg_purge_log *log;
    struct tg_tier_link *links;   /* of all threads; made before they run */
    char me[17];                  /* who tells a purge */
    _Atomic uint64_t seen;        /* the number of the last purge that is known; 0: none ever was */
    _Atomic bool is_current;      /* ... and none has come since */
    _Atomic bool is_doubted;      /* a reply says otherwise */
    _Atomic size_t pending;       /* purges of ours that have no number yet */
    _Atomic uint64_t told, heard; /* purges: ours, and those of others */
    pthread_mutex_t lock;         /* for what follows */
    struct tg_inbox *first;       /* of the thread that meets the others, while it runs */
    struct tg_queued_purge *queue, **queue_end;
    size_t queued;
};

/* What a thread gives to its side of it. */
struct tg_tier_thread {
    struct tg_net *net;
    struct tg_inbox *inbox;
    const struct tg_log *log;
    unsigned index; /* 0: it meets the others */
};

/* A thread's side of it. */
struct tg_tier_link {
    struct tg_tier *tier;
    struct tg_tier_thread thread;
    struct tg_tier_link *next;
    struct tg_redis *redis; /* NULL: the thread does not run */
    struct tg_redis_owner owner;
    h2o_linklist_t writes, finds; /* those under way */
    uint64_t tokens;              /* of locks, so far */
    _Atomic uint64_t counts[TG_TIER_EVENTS];
    _Atomic bool is_ready;
    struct tg_meeting *meeting; /* of the first thread */
};

/* The config stays the site's. */
struct tg_tier *tg_tier_create(const struct tg_tier_config *config, struct tg_cache *cache);

/* No thread runs any more. */
void tg_tier_destroy(struct tg_tier *tier);

/* Made before any thread runs; the tier frees it. */
struct tg_tier_link *tg_tier_link_create(struct tg_tier *tier, struct tg_tier_thread thread);

/* By the thread itself. NULL is none, here and below. */
void tg_tier_start(struct tg_tier_link *link);
void tg_tier_stop(struct tg_tier_link *link);

/* The thread was woken: there may be purges to tell. */
void tg_tier_wake(struct tg_tier_link *link);

/* Wakes the thread that meets the others. From any thread. */
void tg_tier_wake_first(struct tg_tier *tier);

/* Has something with the tag purged at all others, but not in the memory of this process: here is a
 * newer one that Redis has not got. From any thread. */
void tg_tier_outdate(struct tg_tier *tier, uint64_t tag);

/* Whether what Redis has may be believed now. */
bool tg_tier_is_open(const struct tg_tier *tier);

/* Writes the name under which something is kept in Redis: `e` an entry, `l` a lock; returns its
 * length. */
size_t tg_tier_name(const struct tg_tier *tier, char kind, struct tg_text key,
                    char out[TG_TIER_NAME]);

/* The thread's own counting. */
void tg_tier_count(struct tg_tier_link *link, enum tg_tier_event event);

uint64_t tg_tier_now_ms(const struct tg_tier_link *link);
struct tg_moment tg_tier_now(const struct tg_tier_link *link);

/* For `status`: a member of an object, and a comma. NULL is none. */
void tg_tier_write_status(const struct tg_tier *tier, struct tg_buffer *out);

#endif
