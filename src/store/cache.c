#include "store/cache.h"

#include <assert.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "base/siphash.h"
#include "store/cache_parts.h"

enum {
    FIRST_BUCKETS = 16,
    BYTES_PER_PURGE = 4096, /* of memory, for each tag whose purge is remembered */
};

static struct tg_cache_shard *shard_of(struct tg_cache *cache, uint64_t hash)
{
    return &cache->shards[hash >> 58];
}

static void init_shard(struct tg_cache *cache, struct tg_cache_shard *shard)
{
    pthread_mutex_init(&shard->lock, NULL);
    shard->mask = FIRST_BUCKETS - 1;
    shard->buckets = calloc(FIRST_BUCKETS, sizeof(struct tg_entry *));
    assert(shard->buckets != NULL);
    atomic_fetch_add(&cache->bytes, FIRST_BUCKETS * sizeof(struct tg_entry *));
}

struct tg_cache *tg_cache_create(size_t memory, size_t object)
{
    struct tg_cache *cache = aligned_alloc(64, (sizeof(*cache) + 63) / 64 * 64);

    assert(cache != NULL);
    *cache = (struct tg_cache){.peers = NULL};
    tg_crypto_random(cache->seed, sizeof(cache->seed));
    tg_crypto_random(cache->tag_seed, sizeof(cache->tag_seed));
    cache->room = tg_room_create();
    cache->purges = tg_purges_create(memory / BYTES_PER_PURGE + 64);
    atomic_init(&cache->memory, memory);
    atomic_init(&cache->object, object);
    atomic_init(&cache->bytes, sizeof(*cache) + tg_purges_size(cache->purges));
    for (size_t i = 0; i < TG_CACHE_SHARDS; i++)
        init_shard(cache, &cache->shards[i]);
    cache->prefixes = tg_cache_prefixes_create();
    return cache;
}

struct tg_room *tg_cache_room(const struct tg_cache *cache)
{
#ifdef TG_SANITIZED
    (void)cache;
    return NULL; /* the heap, which is watched */
#else
    return cache->room;
#endif
}

size_t tg_cache_object(const struct tg_cache *cache)
{
    return atomic_load_explicit(&cache->object, memory_order_relaxed);
}

uint64_t tg_cache_hash(const struct tg_cache *cache, struct tg_text text)
{
    return tg_siphash(cache->seed, text);
}

uint64_t tg_cache_tag_hash(const struct tg_cache *cache, struct tg_text text)
{
    return tg_siphash(cache->tag_seed, text);
}

void tg_cache_set_peers(struct tg_cache *cache, struct tg_cache_peers *peers)
{
    cache->peers = peers;
    memcpy(cache->tag_seed, peers->seed, sizeof(cache->tag_seed));
}

/* ---- one shard; its lock is held */

static void link_newest(struct tg_cache_shard *shard, struct tg_entry *entry)
{
    entry->older = shard->newest;
    entry->newer = NULL;
    if (shard->newest != NULL)
        shard->newest->newer = entry;
    else
        shard->oldest = entry;
    shard->newest = entry;
}

static void unlink_entry(struct tg_cache_shard *shard, struct tg_entry *entry)
{
    if (shard->hand == entry)
        shard->hand = entry->newer;
    if (entry->newer != NULL)
        entry->newer->older = entry->older;
    else
        shard->newest = entry->older;
    if (entry->older != NULL)
        entry->older->newer = entry->newer;
    else
        shard->oldest = entry->newer;
}

static struct tg_entry **place_of(struct tg_cache_shard *shard, struct tg_text key, uint64_t hash)
{
    struct tg_entry **place = &shard->buckets[hash & shard->mask];

    while (*place != NULL && ((*place)->hash != hash || !tg_text_is((*place)->is.key, key)))
        place = &(*place)->chain;
    return place;
}

/* Takes it out; who still holds it may go on reading it. */
static void take_out(struct tg_cache *cache, struct tg_cache_shard *shard, struct tg_entry **place)
{
    struct tg_entry *entry = *place;

    assert(entry != NULL); /* who calls has found it there */
    *place = entry->chain;
    unlink_entry(shard, entry);
    shard->count--;
    atomic_fetch_sub(&cache->bytes, entry->size);
    tg_entry_release(entry);
}

void tg_cache_take_out(struct tg_cache *cache, struct tg_cache_shard *shard, struct tg_entry *entry)
{
    take_out(cache, shard, place_of(shard, entry->is.key, entry->hash));
}

static void grow(struct tg_cache *cache, struct tg_cache_shard *shard)
{
    size_t count = (shard->mask + 1) * 2;
    struct tg_entry **buckets = calloc(count, sizeof(struct tg_entry *));

    assert(buckets != NULL);
    atomic_fetch_add(&cache->bytes, (count - shard->mask - 1) * sizeof(struct tg_entry *));
    free(shard->buckets);
    shard->buckets = buckets;
    shard->mask = count - 1;
    for (struct tg_entry *entry = shard->newest; entry != NULL; entry = entry->older) {
        struct tg_entry **bucket = &buckets[entry->hash & shard->mask];
        entry->chain = *bucket;
        *bucket = entry;
    }
}

static void insert(struct tg_cache *cache, struct tg_cache_shard *shard, struct tg_entry *entry)
{
    if (shard->count > shard->mask)
        grow(cache, shard);
    struct tg_entry **place = place_of(shard, entry->is.key, entry->hash);
    if (*place != NULL) {
        /* What was asked for under its key will be asked for again. */
        atomic_store_explicit(&entry->visited, atomic_load(&(*place)->visited),
                              memory_order_relaxed);
        take_out(cache, shard, place);
    }
    place = &shard->buckets[entry->hash & shard->mask];
    entry->chain = *place;
    *place = tg_entry_hold(entry);
    link_newest(shard, entry);
    shard->count++;
    shard->stored++;
    atomic_fetch_add(&cache->bytes, entry->size);
}

/* The hand passes over what was asked for since it was there last, and takes the first that was
 * not. */
static bool evict(struct tg_cache *cache, struct tg_cache_shard *shard)
{
    struct tg_entry *entry = shard->hand != NULL ? shard->hand : shard->oldest;

    if (entry == NULL)
        return false;
    while (atomic_load_explicit(&entry->visited, memory_order_relaxed)) {
        atomic_store_explicit(&entry->visited, false, memory_order_relaxed);
        entry = entry->newer != NULL ? entry->newer : shard->oldest;
    }
    shard->hand = entry->newer;
    take_out(cache, shard, place_of(shard, entry->is.key, entry->hash));
    shard->evicted++;
    return true;
}

/* ---- room, over all shards; no lock is held */

static bool is_over(struct tg_cache *cache)
{
    return atomic_load_explicit(&cache->bytes, memory_order_relaxed) >
           atomic_load_explicit(&cache->memory, memory_order_relaxed);
}

/* Begins with the shard that has grown. */
static void make_room(struct tg_cache *cache, struct tg_cache_shard *grown)
{
    size_t first = (size_t)(grown - cache->shards);

    for (size_t i = 0; i < TG_CACHE_SHARDS && is_over(cache); i++) {
        struct tg_cache_shard *shard = &cache->shards[(first + i) % TG_CACHE_SHARDS];
        bool more = true;
        pthread_mutex_lock(&shard->lock);
        while (more && is_over(cache))
            more = evict(cache, shard);
        pthread_mutex_unlock(&shard->lock);
    }
}

void tg_cache_resize(struct tg_cache *cache, size_t memory, size_t object)
{
    atomic_store(&cache->memory, memory);
    atomic_store(&cache->object, object);
    make_room(cache, cache->shards);
}

/* ---- entries */

struct tg_entry *tg_cache_get(struct tg_cache *cache, struct tg_text key, uint64_t hash, bool *soft)
{
    struct tg_cache_shard *shard = shard_of(cache, hash);

    pthread_mutex_lock(&shard->lock);
    struct tg_entry **place = place_of(shard, key, hash), *entry = *place;
    enum tg_freshness purged = entry != NULL ? tg_cache_freshness(cache, entry) : TG_PURGED_NOT;
    if (purged == TG_PURGED_HARD) {
        take_out(cache, shard, place);
        entry = NULL;
    }
    if (entry != NULL) {
        tg_entry_hold(entry);
        if (!atomic_load_explicit(&entry->visited, memory_order_relaxed))
            atomic_store_explicit(&entry->visited, true, memory_order_relaxed);
    }
    pthread_mutex_unlock(&shard->lock);
    *soft = purged == TG_PURGED_SOFT;
    return entry;
}

static bool is_fit(struct tg_cache *cache, const struct tg_entry *entry)
{
    return entry->size <= tg_cache_object(cache) &&
           tg_cache_freshness(cache, entry) == TG_PURGED_NOT &&
           !tg_cache_is_behind_prefix(cache, entry);
}

uint32_t tg_cache_changes(const struct tg_cache *cache, uint64_t hash)
{
    return atomic_load(&cache->changes[hash % TG_CACHE_CHANGES]);
}

void tg_cache_note_change(struct tg_cache *cache, uint64_t hash)
{
    atomic_fetch_add(&cache->changes[hash % TG_CACHE_CHANGES], 1);
}

static bool put(struct tg_cache *cache, struct tg_entry *entry, const uint32_t *changes)
{
    entry->hash = tg_cache_hash(cache, entry->is.key);
    struct tg_cache_shard *shard = shard_of(cache, entry->hash);

    if (!is_fit(cache, entry))
        return false;
    pthread_mutex_lock(&shard->lock);
    /* Whoever notes a change takes the lock after that: it will find the entry. */
    bool well = changes == NULL || tg_cache_changes(cache, entry->hash) == *changes;
    if (well)
        insert(cache, shard, entry);
    pthread_mutex_unlock(&shard->lock);
    make_room(cache, shard);
    return well;
}

bool tg_cache_put(struct tg_cache *cache, struct tg_entry *entry)
{
    return put(cache, entry, NULL);
}

bool tg_cache_put_since(struct tg_cache *cache, struct tg_entry *entry, uint32_t changes)
{
    return put(cache, entry, &changes);
}

bool tg_cache_change(struct tg_cache *cache, struct tg_text key, uint64_t now_ms,
                     struct tg_entry *(*make)(const struct tg_entry *old, void *context),
                     void *context)
{
    uint64_t hash = tg_cache_hash(cache, key);
    struct tg_cache_shard *shard = shard_of(cache, hash);

    pthread_mutex_lock(&shard->lock);
    const struct tg_entry *old = *place_of(shard, key, hash);
    if (old != NULL &&
        (old->is.fresh_ms <= now_ms || tg_cache_freshness(cache, old) != TG_PURGED_NOT))
        old = NULL;
    struct tg_entry *entry = make(old, context);
    bool fits = entry != NULL && entry->size <= tg_cache_object(cache);
    if (fits) {
        entry->hash = hash;
        insert(cache, shard, entry);
    }
    pthread_mutex_unlock(&shard->lock);
    if (entry != NULL)
        tg_entry_release(entry);
    make_room(cache, shard);
    return fits;
}

static bool has_tag(const struct tg_entry *entry, const uint64_t *tag)
{
    for (size_t i = 0; tag != NULL && i < entry->is.tag_count; i++)
        if (entry->is.tags[i] == *tag)
            return true;
    return tag == NULL;
}

static bool remove_entry(struct tg_cache *cache, struct tg_text key, const uint64_t *tag)
{
    uint64_t hash = tg_cache_hash(cache, key);
    struct tg_cache_shard *shard = shard_of(cache, hash);

    tg_cache_note_change(cache, hash);
    pthread_mutex_lock(&shard->lock);
    struct tg_entry **place = place_of(shard, key, hash);
    bool found = *place != NULL && has_tag(*place, tag);
    if (found)
        take_out(cache, shard, place);
    pthread_mutex_unlock(&shard->lock);
    return found;
}

bool tg_cache_remove(struct tg_cache *cache, struct tg_text key)
{
    return remove_entry(cache, key, NULL);
}

bool tg_cache_remove_tagged(struct tg_cache *cache, struct tg_text key, uint64_t tag)
{
    return remove_entry(cache, key, &tag);
}

void tg_cache_read_account(struct tg_cache *cache, struct tg_cache_account *account)
{
    *account = (struct tg_cache_account){.memory = atomic_load(&cache->memory),
                                         .bytes = atomic_load(&cache->bytes)};
    for (size_t i = 0; i < TG_CACHE_SHARDS; i++) {
        struct tg_cache_shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->lock);
        account->entries += shard->count;
        account->stored += shard->stored;
        account->evicted += shard->evicted;
        pthread_mutex_unlock(&shard->lock);
    }
}

void tg_cache_destroy(struct tg_cache *cache)
{
    tg_cache_empty(cache, false);
    for (size_t i = 0; i < TG_CACHE_SHARDS; i++) {
        pthread_mutex_destroy(&cache->shards[i].lock);
        free(cache->shards[i].buckets);
    }
    tg_cache_prefixes_destroy(cache->prefixes);
    tg_purges_destroy(cache->purges);
    tg_room_destroy(cache->room);
    free(cache);
}
