#include "store/purges.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { WAYS = 4 };

struct record {
    _Atomic uint64_t tag; /* 0: none */
    _Atomic uint64_t any; /* epoch of the last purge of whatever kind */
    _Atomic uint64_t hard;
};

/* The tags whose hashes end alike. */
struct bucket {
    struct record records[WAYS];
    _Atomic uint64_t floor; /* epoch of the last purge that was forgotten here */
};

struct tg_purges {
    _Atomic uint64_t epoch;
    _Atomic uint64_t all, all_hard;
    pthread_mutex_t lock; /* for writers */
    size_t mask;
    struct bucket *buckets;
};

struct tg_purges *tg_purges_create(size_t most)
{
    struct tg_purges *purges = calloc(1, sizeof(*purges));
    size_t count = 1;

    while (count * WAYS < most)
        count *= 2;
    assert(purges != NULL);
    purges->mask = count - 1;
    /* Most are never touched: these pages cost nothing. */
    purges->buckets = mmap(NULL, count * sizeof(*purges->buckets), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert(purges->buckets != MAP_FAILED);
    pthread_mutex_init(&purges->lock, NULL);
    return purges;
}

void tg_purges_destroy(struct tg_purges *purges)
{
    pthread_mutex_destroy(&purges->lock);
    munmap(purges->buckets, (purges->mask + 1) * sizeof(*purges->buckets));
    free(purges);
}

size_t tg_purges_size(const struct tg_purges *purges)
{
    return sizeof(*purges) + (purges->mask + 1) * sizeof(*purges->buckets);
}

uint64_t tg_purges_epoch(const struct tg_purges *purges)
{
    return atomic_load_explicit(&purges->epoch, memory_order_acquire);
}

/* The record of the tag, or the one whose purge is the longest ago. */
static struct record *find(struct bucket *bucket, uint64_t tag)
{
    struct record *oldest = &bucket->records[0];

    for (int i = 0; i < WAYS; i++) {
        struct record *record = &bucket->records[i];
        if (atomic_load(&record->tag) == tag)
            return record;
        if (atomic_load(&record->any) < atomic_load(&oldest->any))
            oldest = record;
    }
    return oldest;
}

static void raise_to(_Atomic uint64_t *number, uint64_t epoch)
{
    if (atomic_load(number) < epoch)
        atomic_store(number, epoch);
}

/* The floor rises before the old tag goes, and readers look at it last: a purge is never missed. */
static void forget(struct bucket *bucket, struct record *record)
{
    if (atomic_load(&record->tag) == 0)
        return;
    raise_to(&bucket->floor, atomic_load(&record->any));
    atomic_store(&record->tag, 0);
    atomic_store(&record->any, 0);
    atomic_store(&record->hard, 0);
}

/* The lock is held, here and in the next. */
static void note_tag(struct tg_purges *purges, uint64_t epoch, uint64_t tag, bool soft)
{
    struct bucket *bucket = &purges->buckets[tag & purges->mask];

    tag = tag != 0 ? tag : 1;
    struct record *record = find(bucket, tag);
    if (atomic_load(&record->tag) != tag)
        forget(bucket, record);
    raise_to(&record->any, epoch);
    if (!soft)
        raise_to(&record->hard, epoch);
    atomic_store(&record->tag, tag);
    raise_to(&purges->epoch, epoch);
}

static void note_all(struct tg_purges *purges, uint64_t epoch, bool soft)
{
    raise_to(&purges->all, epoch);
    if (!soft)
        raise_to(&purges->all_hard, epoch);
    raise_to(&purges->epoch, epoch);
}

void tg_purges_tag_at(struct tg_purges *purges, uint64_t epoch, uint64_t tag, bool soft)
{
    pthread_mutex_lock(&purges->lock);
    note_tag(purges, epoch, tag, soft);
    pthread_mutex_unlock(&purges->lock);
}

void tg_purges_all_at(struct tg_purges *purges, uint64_t epoch, bool soft)
{
    pthread_mutex_lock(&purges->lock);
    note_all(purges, epoch, soft);
    pthread_mutex_unlock(&purges->lock);
}

uint64_t tg_purges_tag(struct tg_purges *purges, uint64_t tag, bool soft)
{
    pthread_mutex_lock(&purges->lock);
    uint64_t epoch = atomic_load(&purges->epoch) + 1;
    note_tag(purges, epoch, tag, soft);
    pthread_mutex_unlock(&purges->lock);
    return epoch;
}

uint64_t tg_purges_all(struct tg_purges *purges, bool soft)
{
    pthread_mutex_lock(&purges->lock);
    uint64_t epoch = atomic_load(&purges->epoch) + 1;
    note_all(purges, epoch, soft);
    pthread_mutex_unlock(&purges->lock);
    return epoch;
}

uint64_t tg_purges_other(struct tg_purges *purges)
{
    pthread_mutex_lock(&purges->lock);
    uint64_t epoch = atomic_load(&purges->epoch) + 1;
    atomic_store(&purges->epoch, epoch);
    pthread_mutex_unlock(&purges->lock);
    return epoch;
}

static enum tg_freshness ask_tag(const struct tg_purges *purges, uint64_t epoch, uint64_t tag)
{
    const struct bucket *bucket = &purges->buckets[tag & purges->mask];

    tag = tag != 0 ? tag : 1;
    for (int i = 0; i < WAYS; i++) {
        const struct record *record = &bucket->records[i];
        if (atomic_load(&record->tag) != tag)
            continue;
        if (atomic_load(&record->hard) > epoch)
            return TG_PURGED_HARD;
        if (atomic_load(&record->any) > epoch)
            return TG_PURGED_SOFT;
    }
    return atomic_load(&bucket->floor) > epoch ? TG_PURGED_HARD : TG_PURGED_NOT;
}

enum tg_freshness tg_purges_ask(const struct tg_purges *purges, uint64_t epoch,
                                const uint64_t *tags, size_t count)
{
    enum tg_freshness worst = TG_PURGED_NOT;

    if (tg_purges_epoch(purges) <= epoch)
        return TG_PURGED_NOT; /* nothing was purged since: the usual case */
    if (atomic_load(&purges->all_hard) > epoch)
        return TG_PURGED_HARD;
    if (atomic_load(&purges->all) > epoch)
        worst = TG_PURGED_SOFT;
    for (size_t i = 0; i < count && worst != TG_PURGED_HARD; i++) {
        enum tg_freshness found = ask_tag(purges, epoch, tags[i]);
        worst = found > worst ? found : worst;
    }
    return worst;
}
