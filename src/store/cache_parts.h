/* The inside of the cache, for the files that make it up. */
#ifndef TG_STORE_CACHE_PARTS_H
#define TG_STORE_CACHE_PARTS_H

#include <pthread.h>

#include "store/cache.h"

enum { TG_CACHE_SHARDS = 64, TG_CACHE_CHANGES = 16384 };

struct tg_cache_shard {
    pthread_mutex_t lock; /* for all of it */
    struct tg_entry **buckets;
    size_t mask, count;
    struct tg_entry *newest, *oldest;
    struct tg_entry *hand; /* of the eviction; goes from old to new */
    uint64_t stored, evicted;
} __attribute__((aligned(64)));

struct tg_cache_prefixes; /* purges by prefix: store/cache_purge.c */

struct tg_cache {
    struct tg_cache_shard shards[TG_CACHE_SHARDS];
    uint64_t seed[2], tag_seed[2];
    struct tg_cache_peers *peers; /* NULL: nobody else keeps the same */
    _Atomic size_t memory, object;
    _Atomic size_t bytes; /* of all shards */
    struct tg_room *room;
    struct tg_purges *purges;
    struct tg_cache_prefixes *prefixes;
    _Atomic uint32_t changes[TG_CACHE_CHANGES]; /* by hashes that end alike */
};

struct tg_cache_prefixes *tg_cache_prefixes_create(void);
void tg_cache_prefixes_destroy(struct tg_cache_prefixes *prefixes);

/* Whether a purge by prefix since its epoch concerns the entry. */
bool tg_cache_is_behind_prefix(struct tg_cache *cache, const struct tg_entry *entry);

/* Everything, without telling the peers. */
void tg_cache_empty(struct tg_cache *cache, bool soft);

/* Takes out what the shard has; its lock is held. Who still holds it may go on reading it. */
void tg_cache_take_out(struct tg_cache *cache, struct tg_cache_shard *shard,
                       struct tg_entry *entry);

#endif
