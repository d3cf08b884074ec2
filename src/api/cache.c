/* tg.cache: values that last longer than a request, shared by all threads. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "api/cache_value.h"
#include "api/purge.h"
#include "script/args.h"

static h2o_mem_pool_t *pool_of(lua_State *L, const char *name)
{
    struct tg_task *task = tg_vm_of(L)->running;

    if (task == NULL)
        tg_raise(L, "'%s' works only while a request is served, not while a script loads", name);
    return &task->run->pool;
}

static const char *const set_options[] = {"ttl", "tags", NULL};

/* Puts it, and tells the other tidegates, if there are any. */
static bool put(struct tg_host *host, const struct tg_response_cache *keep, struct tg_text key,
                struct tg_text value, h2o_mem_pool_t *pool)
{
    bool heard = tg_tier_hears(host->tier);
    struct tg_response_cache shared = tg_value_shared(keep, host, key, heard, pool);
    struct tg_entry *entry =
        tg_value_entry(tg_cache_room(host->cache), &shared, key, value, tg_cache_epoch(host->cache),
                       tg_timers_now(host->timers));

    tg_cache_note_change(host->cache, tg_cache_hash(host->cache, key));
    bool kept = tg_cache_put(host->cache, entry);
    if (kept)
        tg_tier_set(host->tier, entry, host->tier != NULL ? shared.tags[0] : 0, heard);
    tg_entry_release(entry);
    return kept;
}

/* tg.cache:set(key, value, opts): false when the value is too big. */
static int set(lua_State *L)
{
    static const char name[] = "tg.cache:set";
    struct tg_host *host = tg_host_of(L);
    struct tg_text key = tg_value_key(L, name);
    struct tg_response_cache keep;

    lua_settop(L, 4);
    if (lua_isnil(L, 3))
        return tg_args_fail(L, name, 3, "a value expected; delete takes one out");
    h2o_mem_pool_t *pool = pool_of(L, name);
    tg_value_options(L, name, 4, set_options, &keep, pool);
    struct tg_text whole = tg_value_whole_key(L, key);
    lua_pushboolean(L, put(host, &keep, whole, tg_value_write(L, name, 3), pool));
    return 1;
}

struct addition {
    struct tg_room *room;
    const struct tg_response_cache *keep;
    struct tg_text key, value;
    uint64_t epoch, now;
    double by, sum;
    bool failed;
};

static struct tg_entry *make_added(const struct tg_entry *old, void *context)
{
    struct addition *addition = context;

    if (old != NULL)
        return NULL;
    return tg_value_entry(addition->room, addition->keep, addition->key, addition->value,
                          addition->epoch, addition->now);
}

/* tg.cache:add(key, value, opts): false when there is something already. */
static int add(lua_State *L)
{
    static const char name[] = "tg.cache:add";
    struct tg_host *host = tg_host_of(L);
    struct tg_text key = tg_value_key(L, name);
    struct tg_response_cache keep;

    lua_settop(L, 4);
    if (lua_isnil(L, 3))
        return tg_args_fail(L, name, 3, "a value expected");
    tg_value_options(L, name, 4, set_options, &keep, pool_of(L, name));
    struct tg_text whole = tg_value_whole_key(L, key);
    struct addition addition = {.room = tg_cache_room(host->cache),
                                .keep = &keep,
                                .key = whole,
                                .value = tg_value_write(L, name, 3),
                                .epoch = tg_cache_epoch(host->cache),
                                .now = tg_timers_now(host->timers)};
    lua_pushboolean(L, tg_cache_change(host->cache, whole, addition.now, make_added, &addition));
    return 1;
}

/* The time of the first one stays: counters of a window end with it. */
static struct tg_entry *make_sum(const struct tg_entry *old, void *context)
{
    struct addition *addition = context;
    char text[40];
    double before = 0;

    if (old != NULL) {
        char *end;
        size_t len = old->is.body.len < sizeof(text) ? old->is.body.len : sizeof(text) - 1;
        memcpy(text, old->is.body.base, len);
        text[len] = '\0';
        before = strtod(text + 1, &end);
        addition->failed = text[0] != TG_WRITTEN_JSON || end == text + 1 || *end != '\0';
    }
    if (addition->failed)
        return NULL;
    addition->sum = before + addition->by;
    int n = snprintf(text, sizeof(text), "j%.17g", addition->sum);
    struct tg_entry_recipe recipe = {.room = addition->room,
                                     .kind = TG_ENTRY_VALUE,
                                     .key = addition->key,
                                     .body = tg_text(text, (size_t)n),
                                     .tags = addition->keep->tags,
                                     .tag_count = addition->keep->tag_count,
                                     .epoch = addition->epoch};
    tg_keep_times(addition->keep, addition->now, &recipe);
    if (old != NULL)
        recipe.fresh_ms = recipe.stale_ms = recipe.sick_ms = old->is.fresh_ms;
    return tg_entry_create(&recipe);
}

/* tg.cache:incr(key, by, opts): the new number. */
static int incr(lua_State *L)
{
    static const char name[] = "tg.cache:incr";
    struct tg_host *host = tg_host_of(L);
    struct tg_text key = tg_value_key(L, name);
    struct tg_response_cache keep;

    lua_settop(L, 4);
    double by = lua_isnil(L, 3) ? 1 : tg_args_number(L, name, 3);
    if (by - by != 0)
        return tg_args_fail(L, name, 3, "a finite number expected");
    tg_value_options(L, name, 4, set_options, &keep, pool_of(L, name));
    struct tg_text whole = tg_value_whole_key(L, key);
    struct addition addition = {.room = tg_cache_room(host->cache),
                                .keep = &keep,
                                .key = whole,
                                .by = by,
                                .epoch = tg_cache_epoch(host->cache),
                                .now = tg_timers_now(host->timers)};
    tg_cache_change(host->cache, whole, addition.now, make_sum, &addition);
    if (addition.failed)
        return tg_raise(L, "%s: what is under the key is no number", name);
    lua_pushnumber(L, addition.sum);
    return 1;
}

/* tg.cache:delete(key): whether there was something. */
static int delete_call(lua_State *L)
{
    struct tg_host *host = tg_host_of(L);
    struct tg_text key = tg_value_whole_key(L, tg_value_key(L, "tg.cache:delete"));

    lua_pushboolean(L, tg_cache_remove(host->cache, key));
    tg_tier_delete(host->tier, key);
    return 1;
}

/* tg.cache:purge { tag = … }: several at once are each done. */
static int purge(lua_State *L)
{
    static const char name[] = "tg.cache:purge";
    static const char *const known[] = {"tag", "url", "prefix", "all", "soft", NULL};
    struct tg_cache *cache = tg_host_of(L)->cache;
    int done = 0;

    tg_args_table(L, name, 2);
    tg_args_keys(L, name, 2, known);
    lua_getfield(L, 2, "soft");
    bool soft = lua_toboolean(L, -1);
    for (int kind = 0; kind < TG_PURGE_KINDS; kind++) {
        struct tg_text text = {"", 0};
        lua_getfield(L, 2, tg_purge_name((enum tg_purge_kind)kind));
        bool given = kind == TG_PURGE_ALL ? lua_toboolean(L, -1) : !lua_isnil(L, -1);
        if (given && kind != TG_PURGE_ALL)
            text.base = lua_tolstring(L, -1, &text.len);
        const char *wrong = text.base == NULL ? "a string expected" : NULL;
        if (given && wrong == NULL)
            wrong = tg_purge(cache, (enum tg_purge_kind)kind, text, soft);
        if (wrong != NULL)
            return tg_raise(L, "%s: %s: %s", name, tg_purge_name((enum tg_purge_kind)kind), wrong);
        done += given;
        lua_pop(L, 1);
    }
    if (done == 0)
        return tg_raise(L, "%s needs a tag, a url, a prefix, or all = true", name);
    return 0;
}

static const luaL_Reg functions[] = {
    {"set", set},     {"add", add}, {"incr", incr}, {"delete", delete_call},
    {"purge", purge}, {NULL, NULL},
};

/* runtime.lua adds `get`, which calls a function of the script's. */
void tg_open_cache(lua_State *L)
{
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    lua_setfield(L, -2, "cache");
    tg_open_cache_load(L);
}
