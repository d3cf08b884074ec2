#include "gate/tier_find.h"

#include <stdio.h>

#include "gate/cache_http.h"
#include "gate/worker.h"
#include "store/entry_form.h"

/* The entry; or 1: the lock is ours, 0: it is another's, 2: there are purges that we don't know.
 * With ARGV[4] the entry is known already, and of no use. */
static const char find_script[] =
    "if tonumber(redis.call('ZSCORE',KEYS[3],'#') or '-1')~=tonumber(ARGV[3]) then return 2 end\n"
    "if ARGV[4]=='' then local v=redis.call('GET',KEYS[1]) if v then return v end end\n"
    "if redis.call('SET',KEYS[2],ARGV[1],'NX','PX',ARGV[2]) then return 1 end return 0";

enum { PAUSE_MS = 5, PAUSE_MOST_MS = 80 };

struct tg_tier_find {
    struct tg_redis_command command;
    struct tg_timer pause;
    h2o_linklist_t link;
    struct tg_caching *caching;
    struct tg_tier_link *of;
    void (*on_end)(struct tg_caching *caching, enum tg_tier_found found, struct tg_entry *entry);
    struct tg_entry *reserve; /* a stale one that it holds, or NULL */
    uint64_t began_ms, asked_ms;
    uint32_t pause_ms;
    bool has_waited;
    char token[48];
};

static void on_reply(struct tg_redis_command *command, const redisReply *reply,
                     struct tg_error error);
static void on_pause(struct tg_timer *timer);

static uint64_t now(const struct tg_tier_find *find)
{
    return tg_timers_now(&find->of->worker->timers);
}

static void count(const struct tg_tier_find *find, enum tg_tier_event event)
{
    tg_tally(&find->of->counts[event], 1);
}

/* It may be started anew by whom it calls. */
static void end(struct tg_tier_find *find, enum tg_tier_found found, struct tg_entry *entry)
{
    struct tg_caching *caching = find->caching;
    struct tg_entry *reserve = find->reserve;

    h2o_linklist_unlink(&find->link);
    caching->find = NULL;
    if (found == TG_TIER_FOUND_NOTHING) {
        find->on_end(caching, found, reserve);
        return;
    }
    if (reserve != NULL)
        tg_entry_release(reserve);
    find->on_end(caching, found, entry);
}

/* ---- asking */

static bool ask(struct tg_tier_find *find, bool only_lock)
{
    const struct tg_tier *tier = find->of->tier;
    struct tg_text key = find->caching->key;
    char names[2][TG_TIER_NAME], log[TG_TIER_NAME], lock_ms[16], seen[24];

    if (!tg_tier_is_open(tier))
        return false;
    find->asked_ms = now(find);
    tg_caching_mark(find->caching);
    const struct tg_text arguments[] = {
        TG_TEXT("EVAL"),
        tg_text_of(find_script),
        TG_TEXT("3"),
        tg_text(names[0], tg_tier_name(tier, 'e', key, names[0])),
        tg_text(names[1], tg_tier_name(tier, 'l', key, names[1])),
        tg_text(log, (size_t)snprintf(log, sizeof(log), "%s:purges", tier->config->prefix)),
        tg_text_of(find->token),
        tg_text(lock_ms, (size_t)snprintf(lock_ms, sizeof(lock_ms), "%u", tier->config->lock_ms)),
        tg_text(seen, (size_t)snprintf(seen, sizeof(seen), "%llu",
                                       (unsigned long long)atomic_load(&tier->seen))),
        only_lock ? TG_TEXT("1") : TG_TEXT(""),
    };
    return tg_redis_send(find->of->redis, &find->command, arguments, 10, on_reply);
}

bool tg_tier_find(struct tg_caching *caching,
                  void (*on_end)(struct tg_caching *caching, enum tg_tier_found found,
                                 struct tg_entry *entry))
{
    struct tg_worker *worker = caching->inbound->worker;
    struct tg_tier_link *link = worker->tier;

    if (link == NULL || link->redis == NULL)
        return false;
    struct tg_tier_find *find =
        h2o_mem_alloc_pool(&caching->inbound->request.run.pool, sizeof(*find));
    *find = (struct tg_tier_find){
        .caching = caching, .of = link, .on_end = on_end, .pause_ms = PAUSE_MS};
    find->began_ms = now(find);
    snprintf(find->token, sizeof(find->token), "%s:%u:%llu", link->tier->me, worker->index,
             (unsigned long long)++link->tokens);
    if (!ask(find, false)) {
        count(find, TG_TIER_SKIPPED);
        return false;
    }
    caching->find = find;
    h2o_linklist_insert(&link->finds, &find->link);
    return true;
}

/* ---- the reply */

/* Another has the lock: it is asked again for what that one makes, or for its lock when that one
 * has died. */
static void wait_for_other(struct tg_tier_find *find)
{
    if (find->caching->refreshes) {
        end(find, TG_TIER_FOUND_MAKER, NULL);
        return;
    }
    if (now(find) - find->began_ms >= find->of->tier->config->lock_ms) {
        end(find, TG_TIER_FOUND_NOTHING, NULL);
        return;
    }
    if (!find->has_waited)
        count(find, TG_TIER_WAITED);
    find->has_waited = true;
    tg_timer_start(&find->of->worker->timers, &find->pause, find->pause_ms, on_pause);
    find->pause_ms = find->pause_ms * 2 < PAUSE_MOST_MS ? find->pause_ms * 2 : PAUSE_MOST_MS;
}

static void on_pause(struct tg_timer *timer)
{
    struct tg_tier_find *find = H2O_STRUCT_FROM_MEMBER(struct tg_tier_find, pause, timer);

    if (!ask(find, false)) {
        count(find, TG_TIER_SKIPPED);
        end(find, TG_TIER_FOUND_NOTHING, NULL);
    }
}

static bool is_soft(const struct tg_entry *entry)
{
    return atomic_load_explicit(&entry->softened, memory_order_relaxed);
}

static bool is_answer_by_http(struct tg_caching *caching, struct tg_entry *entry)
{
    struct tg_entry *before = caching->entry;

    caching->entry = entry;
    enum tg_cache_use use = tg_cache_http_use(caching, is_soft(entry));
    caching->entry = before;
    return use == TG_CACHE_SERVE || (use == TG_CACHE_SERVE_REFRESH && !caching->refreshes);
}

static bool is_answer(const struct tg_tier_find *find, struct tg_entry *entry)
{
    const struct tg_entry_recipe *is = &entry->is;
    uint64_t at = now(find);

    switch (is->kind) {
    case TG_ENTRY_VARY:
        return true;
    case TG_ENTRY_PASS:
        return is->fresh_ms > at;
    case TG_ENTRY_VALUE:
        return false;
    case TG_ENTRY_RESPONSE:
        if (is->by_http)
            return is_answer_by_http(find->caching, entry);
        return (is->fresh_ms > at && !is_soft(entry)) ||
               (is->stale_ms > is->fresh_ms && is->stale_ms > at && !find->caching->refreshes);
    }
    return false;
}

/* What the bytes are, if no purge concerns it: the caller holds it then. */
static struct tg_entry *read_entry(struct tg_tier_find *find, struct tg_text bytes)
{
    uint64_t epoch;
    struct tg_entry *entry =
        tg_entry_form_read(tg_cache_room(find->of->tier->cache), bytes, find->caching->key,
                           tg_tier_now(find->of->worker), &epoch);

    if (entry == NULL)
        return NULL;
    entry->is.epoch = find->caching->epoch; /* purges since then are those of the memory */
    enum tg_freshness purged = tg_purge_log_ask(find->of->tier->log, epoch, entry);
    if (purged == TG_PURGED_HARD) {
        tg_entry_release(entry);
        return NULL;
    }
    if (purged == TG_PURGED_SOFT)
        atomic_store(&entry->softened, true);
    return entry;
}

/* Whoever makes it anew takes the lock; but all of it must not take longer than one question may.
 */
static void lock(struct tg_tier_find *find)
{
    bool in_time = now(find) - find->asked_ms < find->of->tier->config->entries.timeout_ms / 2;

    if (!in_time || !ask(find, true))
        end(find, TG_TIER_FOUND_NOTHING, NULL);
}

static void take_entry(struct tg_tier_find *find, struct tg_text bytes)
{
    struct tg_entry *entry = read_entry(find, bytes);

    if (entry != NULL && is_answer(find, entry)) {
        count(find, TG_TIER_HIT);
        end(find, TG_TIER_FOUND_ANSWER, entry);
        return;
    }
    if (find->reserve != NULL)
        tg_entry_release(find->reserve);
    find->reserve = entry;
    lock(find);
}

static void own_lock(struct tg_tier_find *find)
{
    find->caching->lock = tg_text_of(find->token);
    find->caching->lock_key = find->caching->key;
}

static void take_lock(struct tg_tier_find *find)
{
    count(find, TG_TIER_MISS);
    own_lock(find);
    end(find, TG_TIER_FOUND_NOTHING, NULL);
}

/* There are purges that have not come to us yet: the first thread asks for them. */
static void doubt(struct tg_tier_find *find)
{
    struct tg_tier *tier = find->of->tier;

    count(find, TG_TIER_SKIPPED);
    if (!atomic_exchange(&tier->is_doubted, true)) {
        pthread_mutex_lock(&tier->lock);
        if (tier->first != NULL)
            tg_worker_wake(tier->first);
        pthread_mutex_unlock(&tier->lock);
    }
    end(find, TG_TIER_FOUND_NOTHING, NULL);
}

static void on_reply(struct tg_redis_command *command, const redisReply *reply,
                     struct tg_error error)
{
    struct tg_tier_find *find = H2O_STRUCT_FROM_MEMBER(struct tg_tier_find, command, command);
    long long number =
        error.code == NULL && reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;

    if (error.code == NULL && reply->type == REDIS_REPLY_STRING) {
        take_entry(find, tg_text(reply->str, reply->len));
    } else if (number == 1) {
        take_lock(find);
    } else if (number == 0) {
        wait_for_other(find);
    } else if (number == 2) {
        doubt(find);
    } else {
        count(find, TG_TIER_FAILED);
        own_lock(find); /* perhaps: what was asked is done, be it too late for us */
        end(find, TG_TIER_FOUND_NOTHING, NULL);
    }
}

/* ---- its end */

void tg_tier_find_cancel(struct tg_caching *caching)
{
    struct tg_tier_find *find = caching->find;

    if (find == NULL)
        return;
    if (find->command.redis != NULL)
        own_lock(find); /* perhaps */
    tg_redis_cancel(&find->command);
    tg_timer_stop(&find->of->worker->timers, &find->pause);
    h2o_linklist_unlink(&find->link);
    if (find->reserve != NULL)
        tg_entry_release(find->reserve);
    caching->find = NULL;
}

void tg_tier_find_stop(struct tg_tier_link *link)
{
    while (!h2o_linklist_is_empty(&link->finds)) {
        struct tg_tier_find *find =
            H2O_STRUCT_FROM_MEMBER(struct tg_tier_find, link, link->finds.next);
        tg_tier_find_cancel(find->caching);
    }
}
