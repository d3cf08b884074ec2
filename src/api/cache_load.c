/* tg.cache:get: a value out of the cache, or made once for all who ask. */
#include <lauxlib.h>

#include "api/api.h"
#include "api/cache_value.h"
#include "script/args.h"
#include "tier/keep.h"

enum { RETRY_MS = 5000 };

/* One get() that may have to load; in the pool of the run. */
struct load {
    struct tg_wait wait;
    struct tg_host *host;
    struct tg_response_cache keep;
    uint64_t negative_ms;
    bool has_negative, loads;
    struct tg_text key;
    uint64_t hash;
    uint32_t changes; /* of values, when it began */
    struct tg_share share;
    h2o_mem_pool_t *pool;
    struct tg_waiter waiter;
    struct tg_flight *flight; /* that it leads */
    struct tg_entry *entry;   /* that it holds: the value, or a stale one in case of need */
    bool has;                 /* the entry is the value */
};

/* In the order of a get: on_start → on_found, on_news → take, and then end_load or fail_load. */
static void on_start(struct tg_wait *wait);
static enum tg_tier_worth judge(struct tg_share *share, struct tg_entry *entry, bool soft);
static void on_found(struct tg_share *share, enum tg_tier_found found, struct tg_entry *entry);
static void on_news(struct tg_waiter *waiter);
static int take(lua_State *L, struct tg_wait *wait);
static void on_cancel(struct tg_wait *wait);

static const struct tg_tier_asker loader = {.judge = judge, .on_end = on_found},
                                  looker = {judge, on_found, .only_looks = true};

static void release(struct load *load)
{
    tg_tier_find_cancel(&load->share);
    tg_waiter_cancel(&load->waiter);
    if (load->flight != NULL)
        tg_flight_yield(load->flight);
    load->flight = NULL;
    tg_tier_unlock(&load->share);
    if (load->entry != NULL)
        tg_entry_release(load->entry);
    load->entry = NULL;
    load->has = false;
}

static void on_dispose(void *load)
{
    release(load);
}

/* ---- get */

static uint64_t now_of(const struct load *load)
{
    return tg_timers_now(load->host->timers);
}

static void mark(struct load *load)
{
    tg_share_mark(&load->share, load->host->cache);
    load->changes = tg_cache_changes(load->host->cache, load->hash);
}

static void hold(struct load *load, struct tg_entry *entry)
{
    if (load->entry != NULL)
        tg_entry_release(load->entry);
    load->entry = entry;
}

static bool is_usable_stale(const struct load *load)
{
    const struct tg_entry_recipe *is = &load->entry->is;

    return is->stale_ms > now_of(load) && is->stale_ms > is->fresh_ms;
}

/* Asks the other tidegates, if there are any. True: there is nothing to wait for. */
static bool ask(struct load *load)
{
    load->share.refreshes = load->loads && load->entry != NULL && is_usable_stale(load);
    return !tg_tier_find(&load->share, load->loads ? &loader : &looker, load->key, load->pool);
}

/* Whether the entry, which it holds, is the value. */
static bool is_value(const struct load *load, bool soft)
{
    struct tg_entry *entry = load->entry;
    uint64_t now = now_of(load);

    return (!soft && entry->is.fresh_ms > now) ||
           (atomic_load(&entry->retry_ms) > now && entry->is.sick_ms > now);
}

/* The one that led before may have kept it meanwhile. */
static bool is_kept(struct load *load)
{
    bool soft;
    struct tg_entry *entry = tg_cache_get(load->host->cache, load->key, load->hash, &soft);

    if (entry == NULL)
        return false;
    hold(load, entry);
    load->has = !soft && entry->is.fresh_ms > now_of(load);
    if (!load->has)
        return false;
    tg_flight_land(load->flight, entry);
    load->flight = NULL;
    return true;
}

/* True: there is nothing to wait for. */
static bool join(struct load *load)
{
    struct tg_host *host = load->host;

    load->waiter.on_news = on_news;
    load->flight = tg_flight_join(host->flights, load->key, load->hash, host->inbox, &load->waiter);
    return load->flight != NULL && (is_kept(load) || ask(load));
}

static bool look(struct load *load)
{
    struct tg_host *host = load->host;
    bool soft;

    mark(load);
    load->entry = tg_cache_get(host->cache, load->key, load->hash, &soft);
    load->has = load->entry != NULL && is_value(load, soft);
    if (load->has)
        return true;
    if (!load->loads)
        return ask(load);
    if (load->entry == NULL || !is_usable_stale(load))
        return join(load);
    /* One loads anew, the others are content with this. */
    load->flight = tg_flight_join(host->flights, load->key, load->hash, host->inbox, NULL);
    load->has = load->flight == NULL;
    return load->has || ask(load);
}

static void on_start(struct tg_wait *wait)
{
    if (look((struct load *)wait))
        tg_task_resume(wait->task);
}

static enum tg_tier_worth judge(struct tg_share *share, struct tg_entry *entry, bool soft)
{
    struct load *load = H2O_STRUCT_FROM_MEMBER(struct load, share, share);

    if (entry->is.kind != TG_ENTRY_VALUE || !tg_value_is_whole(entry->is.body))
        return TG_TIER_WORTH_NOTHING;
    if (!load->loads && (soft || entry->is.fresh_ms <= now_of(load)))
        return TG_TIER_WORTH_NOTHING;
    return tg_tier_worth(share, entry, soft, now_of(load));
}

/* What was set or deleted since it was asked for is not undone by what was found. */
static void take_found(struct load *load, bool fits)
{
    struct tg_flight *flight = load->flight;

    load->has = true;
    load->flight = NULL;
    if (flight != NULL && fits)
        tg_flight_land(flight, load->entry);
    else if (flight != NULL)
        tg_flight_yield(flight);
}

static void on_found(struct tg_share *share, enum tg_tier_found found, struct tg_entry *entry)
{
    struct load *load = H2O_STRUCT_FROM_MEMBER(struct load, share, share);
    bool fits = entry != NULL && tg_cache_put_since(load->host->cache, entry, load->changes);

    if (entry != NULL)
        hold(load, entry);
    if (found == TG_TIER_FOUND_ANSWER)
        take_found(load, fits);
    if (found == TG_TIER_FOUND_MAKER)
        take_found(load, true); /* another makes the new one: the stale one will do */
    tg_task_resume(load->wait.task);
}

static void on_news(struct tg_waiter *waiter)
{
    struct load *load = H2O_STRUCT_FROM_MEMBER(struct load, waiter, waiter);

    mark(load);
    if (waiter->news == TG_FLIGHT_LEAD)
        load->flight = waiter->flight;
    if (waiter->news == TG_FLIGHT_LANDED) {
        hold(load, waiter->entry);
        load->has = true;
    }
    tg_task_resume(load->wait.task);
}

static void on_cancel(struct tg_wait *wait)
{
    release((struct load *)wait);
}

/* The load that must be done, or false and the value. */
static int take(lua_State *L, struct tg_wait *wait)
{
    struct load *load = (struct load *)wait;

    if (load->loads && !load->has) {
        lua_pushlightuserdata(L, load);
        return 1;
    }
    lua_pushboolean(L, false);
    if (load->has)
        tg_value_push(L, load->entry);
    else
        lua_pushnil(L);
    release(load);
    return 2;
}

/* begin_load(self, key, opts, loads): what `take` gives. */
static int begin_load(lua_State *L)
{
    static const char name[] = "tg.cache:get";
    static const char *const options[] = {"ttl",  "stale",    "stale_if_error",
                                          "tags", "negative", NULL};
    struct tg_text key = tg_value_key(L, name);
    struct tg_task *task = tg_task_current(L, name);
    struct load *load = h2o_mem_alloc_shared(&task->run->pool, sizeof(*load), on_dispose);

    *load = (struct load){.wait = {.start = on_start, .cancel = on_cancel, .take = take},
                          .host = tg_host_of(L),
                          .pool = &task->run->pool};
    load->share.link = load->host->tier;
    tg_value_options(L, name, 3, options, &load->keep, &task->run->pool);
    if (lua_istable(L, 3)) {
        lua_pushvalue(L, 3);
        load->has_negative = tg_value_time(L, name, "negative", &load->negative_ms);
        lua_pop(L, 1);
    }
    load->loads = lua_toboolean(L, 4);
    struct tg_text whole = tg_value_whole_key(L, key);
    load->key = tg_text(h2o_strdup(&task->run->pool, whole.base, whole.len).base, whole.len);
    load->hash = tg_cache_hash(load->host->cache, load->key);
    return tg_task_wait(L, task, &load->wait);
}

/* It was purged, set or deleted while it was loaded. */
static bool is_outdated(const struct load *load, const struct tg_entry *entry)
{
    return tg_cache_freshness(load->host->cache, entry) != TG_PURGED_NOT ||
           tg_cache_changes(load->host->cache, load->hash) != load->changes;
}

/* Puts what was loaded and gives it to those that wait. */
static void land(struct load *load, struct tg_text value, const struct tg_response_cache *keep)
{
    struct tg_host *host = load->host;
    struct tg_response_cache shared = tg_value_shared(keep, host, load->key, true, load->pool);
    struct tg_entry *entry = tg_value_entry(tg_cache_room(host->cache), &shared, load->key, value,
                                            load->share.epoch, now_of(load));
    struct tg_flight *flight = load->flight;

    load->flight = NULL;
    if (tg_cache_put_since(host->cache, entry, load->changes))
        tg_tier_keep(&load->share, entry);
    if (flight != NULL && is_outdated(load, entry))
        tg_flight_yield(flight);
    else if (flight != NULL)
        tg_flight_land(flight, entry);
    tg_entry_release(entry);
}

/* fail_load(load): pushes whether a stale value stands in, and that value. */
static int fail_load(lua_State *L)
{
    struct load *load = lua_touserdata(L, 1);
    uint64_t now = tg_timers_now(load->host->timers);
    struct tg_flight *flight = load->flight;
    bool stands_in = load->entry != NULL && load->entry->is.sick_ms > now;

    load->flight = NULL;
    if (stands_in)
        atomic_store(&load->entry->retry_ms, now + RETRY_MS);
    if (flight != NULL && stands_in)
        tg_flight_land(flight, load->entry);
    else if (flight != NULL)
        tg_flight_fail(flight);
    lua_pushboolean(L, stands_in);
    if (stands_in)
        tg_value_push(L, load->entry);
    else
        lua_pushnil(L);
    release(load);
    return 2;
}

/* end_load(load, value): keeps what was loaded; nothing only when `negative` says for how long. */
static int end_load(lua_State *L)
{
    struct load *load = lua_touserdata(L, 1);
    struct tg_response_cache keep = load->keep;

    lua_settop(L, 2);
    if (lua_isnil(L, 2) && !load->has_negative) {
        if (load->flight != NULL)
            tg_flight_scatter(load->flight);
        load->flight = NULL;
        release(load);
        return 0;
    }
    if (lua_isnil(L, 2)) {
        keep.has_ttl = true;
        keep.ttl_ms = load->negative_ms;
        keep.stale_ms = keep.sick_ms = 0;
    }
    land(load, tg_value_write(L, "tg.cache:get", 2), &keep);
    release(load);
    return 0;
}

static const luaL_Reg natives[] = {
    {"begin_load", begin_load},
    {"end_load", end_load},
    {"fail_load", fail_load},
    {NULL, NULL},
};

/* runtime.lua makes `get` of them, which calls a function of the script's. */
void tg_open_cache_load(lua_State *L)
{
    lua_newtable(L);
    luaL_register(L, NULL, natives);
    lua_setfield(L, -2, "cache_natives");
}
