#include "tier/tier.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "tier/find.h"
#include "tier/keep.h"
#include "tier/meeting.h"

/* ---- purges of this process */

/* The lock is held. */
static void clear_queue(struct tg_tier *tier)
{
    while (tier->queue != NULL) {
        struct tg_queued_purge *next = tier->queue->next;
        free(tier->queue);
        tier->queue = next;
        atomic_fetch_sub(&tier->pending, 1);
    }
    tier->queue_end = &tier->queue;
    tier->queued = 0;
}

static void enqueue(struct tg_tier *tier, struct tg_text text)
{
    struct tg_queued_purge *purge = malloc(sizeof(*purge) + text.len);

    assert(purge != NULL);
    *purge = (struct tg_queued_purge){.len = text.len};
    memcpy(purge->text, text.base, text.len);
    *tier->queue_end = purge;
    tier->queue_end = &purge->next;
    tier->queued++;
}

/* By any thread. From here on until it has its number nothing is taken from Redis. When there are
 * too many that wait, one stands for all of them. */
static void on_purge(struct tg_cache_peers *peers, const struct tg_cache_purge *purge)
{
    struct tg_tier *tier = H2O_STRUCT_FROM_MEMBER(struct tg_tier, peers, peers);
    bool is_long = purge->kind == TG_CACHE_PURGE_PREFIX && purge->prefix.len > TG_PURGE_PREFIX_MOST;
    struct tg_buffer text = {.limit = 0};

    tg_purge_write(purge, &text);
    pthread_mutex_lock(&tier->lock);
    atomic_fetch_add(&tier->pending, 1);
    bool is_much = tier->queued >= TG_TIER_QUEUE;
    if (is_much)
        clear_queue(tier);
    enqueue(tier, is_much || is_long ? TG_TEXT("ha") : tg_text(text.base, text.len));
    pthread_mutex_unlock(&tier->lock);
    tg_tier_wake_first(tier);
    tg_buffer_dispose(&text);
}

void tg_tier_outdate(struct tg_tier *tier, uint64_t tag)
{
    on_purge(&tier->peers, &(struct tg_cache_purge){TG_CACHE_PURGE_TAG, false, tag, {"", 0}});
}

void tg_tier_wake_first(struct tg_tier *tier)
{
    pthread_mutex_lock(&tier->lock);
    if (tier->first != NULL)
        tier->first->wake(tier->first);
    pthread_mutex_unlock(&tier->lock);
}

/* ---- its life */

struct tg_tier *tg_tier_create(const struct tg_tier_config *config, struct tg_cache *cache)
{
    struct tg_tier *tier = calloc(1, sizeof(*tier));
    uint8_t bytes[TG_DIGEST_MAX];

    assert(tier != NULL);
    tier->config = config;
    tier->cache = cache;
    tier->log = tg_purge_log_create(TG_TIER_LOG);
    tier->queue_end = &tier->queue;
    pthread_mutex_init(&tier->lock, NULL);
    tg_crypto_random(bytes, 8);
    tg_hex(tier->me, bytes, 8);
    tg_crypto_digest(TG_SHA256, tg_text_of(config->prefix), bytes);
    memcpy(tier->peers.seed, bytes, sizeof(tier->peers.seed));
    tier->peers.on_purge = on_purge;
    tg_cache_set_peers(cache, &tier->peers);
    return tier;
}

void tg_tier_destroy(struct tg_tier *tier)
{
    clear_queue(tier);
    for (struct tg_tier_link *link = tier->links, *next; link != NULL; link = next) {
        next = link->next;
        free(link);
    }
    tg_purge_log_destroy(tier->log);
    pthread_mutex_destroy(&tier->lock);
    free(tier);
}

static void on_state(struct tg_redis_owner *owner, bool ready, struct tg_error error)
{
    struct tg_tier_link *link = H2O_STRUCT_FROM_MEMBER(struct tg_tier_link, owner, owner);

    (void)error; /* the meeting says it, once for all threads */
    atomic_store(&link->is_ready, ready);
}

struct tg_tier_link *tg_tier_link_create(struct tg_tier *tier, struct tg_tier_thread thread)
{
    struct tg_tier_link *link = calloc(1, sizeof(*link));

    assert(link != NULL);
    link->tier = tier;
    link->thread = thread;
    link->next = tier->links;
    tier->links = link;
    link->owner.on_state = on_state;
    h2o_linklist_init_anchor(&link->writes);
    h2o_linklist_init_anchor(&link->finds);
    return link;
}

/* Whom other threads wake when they have a purge to tell. */
static void set_first(struct tg_tier *tier, struct tg_inbox *inbox)
{
    pthread_mutex_lock(&tier->lock);
    tier->first = inbox;
    pthread_mutex_unlock(&tier->lock);
}

void tg_tier_start(struct tg_tier_link *link)
{
    if (link == NULL)
        return;
    link->redis =
        tg_redis_create(link->thread.net, &link->tier->config->entries, &link->owner, NULL, 0);
    if (link->thread.index == 0) {
        link->meeting = tg_meeting_create(link);
        set_first(link->tier, link->thread.inbox);
    }
}

void tg_tier_stop(struct tg_tier_link *link)
{
    if (link == NULL || link->redis == NULL)
        return;
    if (link->meeting != NULL) {
        set_first(link->tier, NULL);
        tg_meeting_destroy(link->meeting);
    }
    tg_tier_keep_stop(link);
    tg_tier_find_stop(link);
    tg_redis_destroy(link->redis);
    link->meeting = NULL;
    link->redis = NULL;
}

void tg_tier_wake(struct tg_tier_link *link)
{
    if (link != NULL && link->meeting != NULL)
        tg_meeting_wake(link->meeting);
}

/* ---- what the others of this room need */

bool tg_tier_is_open(const struct tg_tier *tier)
{
    return atomic_load(&tier->is_current) && atomic_load(&tier->pending) == 0;
}

size_t tg_tier_name(const struct tg_tier *tier, char kind, struct tg_text key,
                    char out[TG_TIER_NAME])
{
    uint8_t digest[TG_DIGEST_MAX];
    size_t len = (size_t)snprintf(out, TG_TIER_NAME, "%s:%c:", tier->config->prefix, kind);

    tg_crypto_digest(TG_SHA256, key, digest);
    tg_hex(out + len, digest, 32);
    return len + 64;
}

void tg_tier_count(struct tg_tier_link *link, enum tg_tier_event event)
{
    uint64_t so_far = atomic_load_explicit(&link->counts[event], memory_order_relaxed);

    atomic_store_explicit(&link->counts[event], so_far + 1, memory_order_relaxed);
}

uint64_t tg_tier_now_ms(const struct tg_tier_link *link)
{
    return tg_timers_now(link->thread.net->timers);
}

struct tg_moment tg_tier_now(const struct tg_tier_link *link)
{
    return (struct tg_moment){.wall_ms = (uint64_t)tg_clock_wall_ms(),
                              .now_ms = tg_tier_now_ms(link)};
}

static unsigned count_ready(const struct tg_tier *tier)
{
    unsigned ready = 0;

    for (const struct tg_tier_link *link = tier->links; link != NULL; link = link->next)
        ready += atomic_load(&link->is_ready);
    return ready;
}

static unsigned long long sum_up(const struct tg_tier *tier, int event)
{
    unsigned long long sum = 0;

    for (const struct tg_tier_link *link = tier->links; link != NULL; link = link->next)
        sum += atomic_load_explicit(&link->counts[event], memory_order_relaxed);
    return sum;
}

void tg_tier_write_status(const struct tg_tier *tier, struct tg_buffer *out)
{
    static const char *const names[TG_TIER_EVENTS] = {"hit",    "miss",   "waited",
                                                      "stored", "failed", "skipped"};

    if (tier == NULL)
        return;
    unsigned ready = count_ready(tier);
    tg_buffer_printf(out, "\"redis\":{\"state\":\"%s\",\"connections\":%u",
                     atomic_load(&tier->is_current) && ready != 0 ? "ready" : "away", ready);
    for (int i = 0; i < TG_TIER_EVENTS; i++)
        tg_buffer_printf(out, ",\"%s\":%llu", names[i], sum_up(tier, i));
    tg_buffer_printf(out, ",\"purges_told\":%llu,\"purges_heard\":%llu,\"purges_pending\":%zu},",
                     (unsigned long long)atomic_load(&tier->told),
                     (unsigned long long)atomic_load(&tier->heard), atomic_load(&tier->pending));
}
