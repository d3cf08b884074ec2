#include <assert.h>
#include <stdlib.h>

#include "store/cache_parts.h"

enum { PREFIXES = 16 }; /* purges by prefix that are remembered for what is being made */

struct prefix {
    char *text;
    size_t len;
    uint64_t epoch;
};

struct tg_cache_prefixes {
    pthread_mutex_t lock; /* for all of it */
    struct prefix list[PREFIXES];
    size_t next;
    uint64_t forgotten; /* epoch of the last that is remembered no more */
};

struct tg_cache_prefixes *tg_cache_prefixes_create(void)
{
    struct tg_cache_prefixes *prefixes = calloc(1, sizeof(*prefixes));

    assert(prefixes != NULL);
    pthread_mutex_init(&prefixes->lock, NULL);
    return prefixes;
}

void tg_cache_prefixes_destroy(struct tg_cache_prefixes *prefixes)
{
    for (size_t i = 0; i < PREFIXES; i++)
        free(prefixes->list[i].text);
    pthread_mutex_destroy(&prefixes->lock);
    free(prefixes);
}

uint64_t tg_cache_epoch(const struct tg_cache *cache)
{
    return tg_purges_epoch(cache->purges);
}

enum tg_freshness tg_cache_freshness(struct tg_cache *cache, const struct tg_entry *entry)
{
    enum tg_freshness found =
        tg_purges_ask(cache->purges, entry->is.epoch, entry->is.tags, entry->is.tag_count);

    if (found == TG_PURGED_NOT && atomic_load_explicit(&entry->softened, memory_order_relaxed))
        return TG_PURGED_SOFT;
    return found;
}

void tg_cache_empty(struct tg_cache *cache, bool soft)
{
    tg_purges_all(cache->purges, soft);
    for (size_t i = 0; i < TG_CACHE_SHARDS && !soft; i++) {
        struct tg_cache_shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->lock);
        while (shard->newest != NULL)
            tg_cache_take_out(cache, shard, shard->newest);
        pthread_mutex_unlock(&shard->lock);
    }
}

static bool begins_with(struct tg_text text, const char *prefix, size_t len)
{
    return text.len >= len && memcmp(text.base, prefix, len) == 0;
}

/* For what is being made now: it is compared when it is put. */
static void remember_prefix(struct tg_cache *cache, struct tg_text text)
{
    struct tg_cache_prefixes *prefixes = cache->prefixes;
    char *copy = malloc(text.len + 1);

    assert(copy != NULL);
    memcpy(copy, text.base, text.len);
    pthread_mutex_lock(&prefixes->lock);
    struct prefix *prefix = &prefixes->list[prefixes->next++ % PREFIXES];
    prefixes->forgotten = prefix->epoch;
    free(prefix->text);
    *prefix = (struct prefix){copy, text.len, tg_purges_other(cache->purges)};
    pthread_mutex_unlock(&prefixes->lock);
}

bool tg_cache_is_behind_prefix(struct tg_cache *cache, const struct tg_entry *entry)
{
    struct tg_cache_prefixes *prefixes = cache->prefixes;
    bool found = false;

    if (tg_cache_epoch(cache) == entry->is.epoch)
        return false;
    pthread_mutex_lock(&prefixes->lock);
    found = prefixes->forgotten > entry->is.epoch;
    for (size_t i = 0; i < PREFIXES; i++) {
        const struct prefix *prefix = &prefixes->list[i];
        found = found || (prefix->epoch > entry->is.epoch &&
                          begins_with(entry->is.url, prefix->text, prefix->len));
    }
    pthread_mutex_unlock(&prefixes->lock);
    return found;
}

static size_t purge_shard(struct tg_cache *cache, struct tg_cache_shard *shard,
                          struct tg_text prefix, bool soft)
{
    size_t count = 0;

    for (struct tg_entry *entry = shard->newest, *next; entry != NULL; entry = next) {
        next = entry->older;
        if (entry->is.url.len == 0 || !begins_with(entry->is.url, prefix.base, prefix.len))
            continue;
        count++;
        if (soft)
            atomic_store(&entry->softened, true);
        else
            tg_cache_take_out(cache, shard, entry);
    }
    return count;
}

static size_t purge_prefix(struct tg_cache *cache, struct tg_text prefix, bool soft)
{
    size_t count = 0;

    remember_prefix(cache, prefix);
    for (size_t i = 0; i < TG_CACHE_SHARDS; i++) {
        pthread_mutex_lock(&cache->shards[i].lock);
        count += purge_shard(cache, &cache->shards[i], prefix, soft);
        pthread_mutex_unlock(&cache->shards[i].lock);
    }
    return count;
}

static size_t purge(struct tg_cache *cache, const struct tg_cache_purge *purge)
{
    switch (purge->kind) {
    case TG_CACHE_PURGE_TAG:
        tg_purges_tag(cache->purges, purge->tag, purge->soft);
        break;
    case TG_CACHE_PURGE_PREFIX:
        return purge_prefix(cache, purge->prefix, purge->soft);
    case TG_CACHE_PURGE_ALL:
        tg_cache_empty(cache, purge->soft);
        break;
    }
    return 0;
}

void tg_cache_apply(struct tg_cache *cache, const struct tg_cache_purge *told)
{
    purge(cache, told);
}

/* The peers first: what is done here then can't be undone by what they still have. */
static size_t tell_and_purge(struct tg_cache *cache, struct tg_cache_purge told)
{
    if (cache->peers != NULL)
        cache->peers->on_purge(cache->peers, &told);
    return purge(cache, &told);
}

void tg_cache_purge(struct tg_cache *cache, struct tg_text tag, bool soft)
{
    tg_cache_purge_hash(cache, tg_cache_tag_hash(cache, tag), soft);
}

void tg_cache_purge_hash(struct tg_cache *cache, uint64_t tag, bool soft)
{
    tell_and_purge(cache, (struct tg_cache_purge){TG_CACHE_PURGE_TAG, soft, tag, {"", 0}});
}

size_t tg_cache_purge_prefix(struct tg_cache *cache, struct tg_text prefix, bool soft)
{
    return tell_and_purge(cache, (struct tg_cache_purge){TG_CACHE_PURGE_PREFIX, soft, 0, prefix});
}

void tg_cache_purge_all(struct tg_cache *cache, bool soft)
{
    tell_and_purge(cache, (struct tg_cache_purge){TG_CACHE_PURGE_ALL, soft, 0, {"", 0}});
}
