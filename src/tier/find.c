#include "tier/find.h"

#include <stdio.h>

/* The entry; or 1: the lock is ours, 0: it is another's, 2: there are purges that we don't know,
 * 3: there is nothing, and no lock was asked for. With ARGV[4] the entry is known already, and of
 * no use. */
static const char find_script[] =
    "if tonumber(redis.call('ZSCORE',KEYS[3],'#') or '-1')~=tonumber(ARGV[3]) then return 2 end\n"
    "if ARGV[4]=='' then local v=redis.call('GET',KEYS[1]) if v then return v end end\n"
    "if ARGV[1]=='' then return 3 end\n"
    "if redis.call('SET',KEYS[2],ARGV[1],'NX','PX',ARGV[2]) then return 1 end return 0";

enum { PAUSE_MS = 5, PAUSE_MOST_MS = 80 };

struct tg_tier_find {
    struct tg_redis_command command;
    struct tg_timer pause;
    h2o_linklist_t link;
    struct tg_share *share;
    const struct tg_tier_asker *asker;
    struct tg_text key;
    struct tg_tier_link *of;
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
    return tg_tier_now_ms(find->of);
}

static void count(const struct tg_tier_find *find, enum tg_tier_event event)
{
    tg_tier_count(find->of, event);
}

/* It may be started anew by whom it calls. */
static void end(struct tg_tier_find *find, enum tg_tier_found found, struct tg_entry *entry)
{
    struct tg_share *share = find->share;
    struct tg_entry *reserve = find->reserve;

    h2o_linklist_unlink(&find->link);
    share->find = NULL;
    if (found == TG_TIER_FOUND_NOTHING) {
        find->asker->on_end(share, found, reserve);
        return;
    }
    if (reserve != NULL)
        tg_entry_release(reserve);
    find->asker->on_end(share, found, entry);
}

/* ---- asking */

static bool ask(struct tg_tier_find *find, bool only_lock)
{
    const struct tg_tier *tier = find->of->tier;
    char names[2][TG_TIER_NAME], log[TG_TIER_NAME], lock_ms[16], seen[24];

    if (!tg_tier_is_open(tier))
        return false;
    find->asked_ms = now(find);
    tg_share_mark(find->share, tier->cache);
    const struct tg_text arguments[] = {
        TG_TEXT("EVAL"),
        tg_text_of(find_script),
        TG_TEXT("3"),
        tg_text(names[0], tg_tier_name(tier, 'e', find->key, names[0])),
        tg_text(names[1], tg_tier_name(tier, 'l', find->key, names[1])),
        tg_text(log, (size_t)snprintf(log, sizeof(log), "%s:purges", tier->config->prefix)),
        tg_text_of(find->token),
        tg_text(lock_ms, (size_t)snprintf(lock_ms, sizeof(lock_ms), "%u", tier->config->lock_ms)),
        tg_text(seen, (size_t)snprintf(seen, sizeof(seen), "%llu",
                                       (unsigned long long)atomic_load(&tier->seen))),
        only_lock ? TG_TEXT("1") : TG_TEXT(""),
    };
    return tg_redis_send(find->of->redis, &find->command, arguments, 10, on_reply);
}

void tg_share_mark(struct tg_share *share, struct tg_cache *cache)
{
    share->shared_epoch = share->link != NULL ? atomic_load(&share->link->tier->seen) : 0;
    share->epoch = tg_cache_epoch(cache);
}

bool tg_tier_find(struct tg_share *share, const struct tg_tier_asker *asker, struct tg_text key,
                  h2o_mem_pool_t *pool)
{
    struct tg_tier_link *link = share->link;

    if (link == NULL || link->redis == NULL)
        return false;
    struct tg_tier_find *find = h2o_mem_alloc_pool(pool, sizeof(*find));
    *find = (struct tg_tier_find){
        .share = share, .asker = asker, .key = key, .of = link, .pause_ms = PAUSE_MS};
    find->began_ms = now(find);
    if (!asker->only_looks)
        snprintf(find->token, sizeof(find->token), "%s:%u:%llu", link->tier->me, link->thread.index,
                 (unsigned long long)++link->tokens);
    if (!ask(find, false)) {
        count(find, TG_TIER_SKIPPED);
        return false;
    }
    share->find = find;
    h2o_linklist_insert(&link->finds, &find->link);
    return true;
}

/* ---- the reply */

/* Another has the lock: it is asked again for what that one makes, or for its lock when that one
 * has died. */
static void wait_for_other(struct tg_tier_find *find)
{
    if (find->share->refreshes) {
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
    tg_timer_start(find->of->thread.net->timers, &find->pause, find->pause_ms, on_pause);
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

enum tg_tier_worth tg_tier_worth(const struct tg_share *share, const struct tg_entry *entry,
                                 bool soft, uint64_t now_ms)
{
    const struct tg_entry_recipe *is = &entry->is;

    if (is->fresh_ms > now_ms && !soft)
        return TG_TIER_WORTH_ANSWER;
    if (is->stale_ms > is->fresh_ms && is->stale_ms > now_ms && !share->refreshes)
        return TG_TIER_WORTH_ANSWER;
    return is->sick_ms > now_ms ? TG_TIER_WORTH_RESERVE : TG_TIER_WORTH_NOTHING;
}

/* What the bytes are, if no purge concerns it: the caller holds it then. */
static struct tg_entry *read_entry(struct tg_tier_find *find, struct tg_text bytes)
{
    uint64_t epoch;
    struct tg_entry *entry = tg_entry_form_read(tg_cache_room(find->of->tier->cache), bytes,
                                                find->key, tg_tier_now(find->of), &epoch);

    if (entry == NULL)
        return NULL;
    entry->is.epoch = find->share->epoch; /* purges since then are those of the memory */
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

static void find_nothing(struct tg_tier_find *find)
{
    count(find, TG_TIER_MISS);
    end(find, TG_TIER_FOUND_NOTHING, NULL);
}

static void take_entry(struct tg_tier_find *find, struct tg_text bytes)
{
    struct tg_entry *entry = read_entry(find, bytes);

    enum tg_tier_worth worth = TG_TIER_WORTH_NOTHING;

    if (entry != NULL)
        worth = find->asker->judge(find->share, entry, is_soft(entry));
    if (worth == TG_TIER_WORTH_ANSWER) {
        count(find, TG_TIER_HIT);
        end(find, TG_TIER_FOUND_ANSWER, entry);
        return;
    }
    if (entry != NULL && worth == TG_TIER_WORTH_NOTHING) {
        tg_entry_release(entry);
        entry = NULL;
    }
    if (find->reserve != NULL)
        tg_entry_release(find->reserve);
    find->reserve = entry;
    if (find->asker->only_looks)
        find_nothing(find);
    else
        lock(find);
}

static void own_lock(struct tg_tier_find *find)
{
    if (find->asker->only_looks)
        return;
    find->share->lock = tg_text_of(find->token);
    find->share->lock_key = find->key;
}

static void take_lock(struct tg_tier_find *find)
{
    own_lock(find);
    find_nothing(find);
}

/* There are purges that have not come to us yet: the first thread asks for them. */
static void doubt(struct tg_tier_find *find)
{
    struct tg_tier *tier = find->of->tier;

    count(find, TG_TIER_SKIPPED);
    if (!atomic_exchange(&tier->is_doubted, true))
        tg_tier_wake_first(tier);
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
    } else if (number == 3) {
        find_nothing(find);
    } else {
        count(find, TG_TIER_FAILED);
        own_lock(find); /* perhaps: what was asked is done, be it too late for us */
        end(find, TG_TIER_FOUND_NOTHING, NULL);
    }
}

/* ---- its end */

void tg_tier_find_cancel(struct tg_share *share)
{
    struct tg_tier_find *find = share->find;

    if (find == NULL)
        return;
    if (find->command.redis != NULL)
        own_lock(find); /* perhaps */
    tg_redis_cancel(&find->command);
    tg_timer_stop(find->of->thread.net->timers, &find->pause);
    h2o_linklist_unlink(&find->link);
    if (find->reserve != NULL)
        tg_entry_release(find->reserve);
    share->find = NULL;
}

void tg_tier_find_stop(struct tg_tier_link *link)
{
    while (!h2o_linklist_is_empty(&link->finds)) {
        struct tg_tier_find *find =
            H2O_STRUCT_FROM_MEMBER(struct tg_tier_find, link, link->finds.next);
        tg_tier_find_cancel(find->share);
    }
}
