/* tg.cache: values that last longer than a request, shared by all threads. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "api/keep.h"
#include "api/purge.h"
#include "script/args.h"
#include "script/json_value.h"
#include "script/value.h"

enum { KEY_MOST = 1024, RETRY_MS = 5000 };

/* How the body of an entry begins. */
enum writing { WRITTEN_JSON = 'j', WRITTEN_STRING = 's', WRITTEN_NOTHING = 'n' };

/* One get() that may have to load; in the pool of the run. */
struct load {
    struct tg_wait wait;
    struct tg_host *host;
    struct tg_response_cache keep;
    uint64_t negative_ms;
    bool has_negative, loads;
    struct tg_text key;
    uint64_t hash, epoch;
    struct tg_waiter waiter;
    struct tg_flight *flight; /* that it leads */
    struct tg_entry *entry;   /* that it holds: the value, or a stale one in case of need */
    bool has;                 /* the entry is the value */
};

/* In the order of a get: on_start → on_news → take, and then finish_load. */
static void on_start(struct tg_wait *wait);
static void on_news(struct tg_waiter *waiter);
static int take(lua_State *L, struct tg_wait *wait);
static void on_cancel(struct tg_wait *wait);

static void release(struct load *load)
{
    tg_waiter_cancel(&load->waiter);
    if (load->flight != NULL)
        tg_flight_yield(load->flight);
    load->flight = NULL;
    if (load->entry != NULL)
        tg_entry_release(load->entry);
    load->entry = NULL;
    load->has = false;
}

static void on_dispose(void *load)
{
    release(load);
}

/* ---- keys and values */

static struct tg_text read_key(lua_State *L, const char *name)
{
    if (!lua_istable(L, 1) && !lua_isuserdata(L, 1))
        tg_raise(L, "%s is a method: call it with a colon", name);
    struct tg_text key = tg_args_text(L, name, 2);
    if (key.len == 0 || key.len > KEY_MOST)
        tg_raise(L, "%s: a key has 1 to %d bytes", name, KEY_MOST);
    return key;
}

/* Keys of values don't meet those of answers. The text is anchored on the stack. */
static struct tg_text whole_key(lua_State *L, struct tg_text key)
{
    struct tg_text whole;

    lua_pushliteral(L, "value ");
    lua_pushlstring(L, key.base, key.len);
    lua_concat(L, 2);
    whole.base = lua_tolstring(L, -1, &whole.len);
    return whole;
}

/* The value at the index as it is kept, in the scratch buffer. */
static struct tg_text write_value(lua_State *L, const char *name, int index)
{
    struct tg_buffer *out = tg_values_buffer(L);
    struct tg_parse_error error;

    if (lua_isnil(L, index)) {
        tg_buffer_put(out, WRITTEN_NOTHING);
    } else if (lua_type(L, index) == LUA_TSTRING) {
        size_t len;
        const char *text = lua_tolstring(L, index, &len);
        tg_buffer_put(out, WRITTEN_STRING);
        tg_buffer_append(out, text, len);
    } else {
        tg_buffer_put(out, WRITTEN_JSON);
        if (!tg_json_encode(L, index, NULL, out, &error))
            tg_raise(L, "%s: %s", name, error.text);
    }
    return tg_text(out->base, out->len);
}

static void push_value(lua_State *L, const struct tg_entry *entry)
{
    struct tg_text body = entry->is.body;
    struct tg_parse_error error;

    if (body.base[0] == WRITTEN_STRING)
        lua_pushlstring(L, body.base + 1, body.len - 1);
    else if (body.base[0] == WRITTEN_NOTHING ||
             !tg_json_decode(L, tg_text(body.base + 1, body.len - 1), NULL, &error))
        lua_pushnil(L);
}

static struct tg_entry *make_entry(struct tg_room *room, const struct tg_response_cache *keep,
                                   struct tg_text key, struct tg_text value, uint64_t epoch,
                                   uint64_t now)
{
    struct tg_entry_recipe recipe = {.room = room,
                                     .kind = TG_ENTRY_VALUE,
                                     .key = key,
                                     .body = value,
                                     .tags = keep->tags,
                                     .tag_count = keep->tag_count,
                                     .epoch = epoch};

    tg_keep_times(keep, now, &recipe);
    return tg_entry_create(&recipe);
}

/* Seconds of the option, if it is there; it is taken out of the table on top. */
static bool take_time(lua_State *L, const char *name, const char *option, uint64_t *ms)
{
    double read = 0;

    lua_getfield(L, -1, option);
    bool given = !lua_isnil(L, -1);
    if (given && (!tg_args_duration(L, -1, &read) || read < 0 || read > 366 * 86400e3))
        tg_raise(L, "%s: %s must be seconds (a number) or a text such as '5m'", name, option);
    lua_pop(L, 1);
    *ms = (uint64_t)read;
    return given;
}

/* { ttl, stale, stale_if_error, tags } and `more` at the index, a table or nil. */
static void read_options(lua_State *L, const char *name, int index, const char *const *options,
                         struct tg_response_cache *keep, h2o_mem_pool_t *pool)
{
    *keep = (struct tg_response_cache){.said = true};
    if (!tg_args_optional_table(L, name, index))
        return;
    tg_args_keys(L, name, index, options);
    lua_pushvalue(L, index);
    keep->has_ttl = take_time(L, name, "ttl", &keep->ttl_ms);
    keep->has_stale = take_time(L, name, "stale", &keep->stale_ms);
    keep->has_sick = take_time(L, name, "stale_if_error", &keep->sick_ms);
    lua_getfield(L, -1, "tags");
    tg_keep_read_tags(L, name, lua_gettop(L), keep, pool);
    lua_pop(L, 2);
}

static h2o_mem_pool_t *pool_of(lua_State *L, const char *name)
{
    struct tg_task *task = tg_vm_of(L)->running;

    if (task == NULL)
        tg_raise(L, "'%s' works only while a request is served, not while a script loads", name);
    return &task->run->pool;
}

/* ---- get */

static bool look(struct load *load)
{
    struct tg_host *host = load->host;
    uint64_t now = tg_timers_now(host->timers);
    bool soft;

    load->epoch = tg_cache_epoch(host->cache);
    load->entry = tg_cache_get(host->cache, load->key, load->hash, &soft);
    struct tg_entry *entry = load->entry;
    if (entry != NULL) {
        load->has = (!soft && entry->is.fresh_ms > now) ||
                    (atomic_load(&entry->retry_ms) > now && entry->is.sick_ms > now);
        if (load->has || !load->loads)
            return true;
        if (entry->is.stale_ms > now && entry->is.stale_ms > entry->is.fresh_ms) {
            /* One loads anew, the others are content with this. */
            load->flight = tg_flight_join(host->flights, load->key, load->hash, host->inbox, NULL);
            load->has = load->flight == NULL;
            return true;
        }
    }
    if (!load->loads)
        return true;
    load->waiter.on_news = on_news;
    load->flight = tg_flight_join(host->flights, load->key, load->hash, host->inbox, &load->waiter);
    return load->flight != NULL;
}

static void on_start(struct tg_wait *wait)
{
    if (look((struct load *)wait))
        tg_task_resume(wait->task);
}

static void on_news(struct tg_waiter *waiter)
{
    struct load *load = H2O_STRUCT_FROM_MEMBER(struct load, waiter, waiter);

    load->epoch = tg_cache_epoch(load->host->cache);
    if (waiter->news == TG_FLIGHT_LEAD)
        load->flight = waiter->flight;
    if (waiter->news == TG_FLIGHT_LANDED) {
        if (load->entry != NULL)
            tg_entry_release(load->entry);
        load->entry = waiter->entry;
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
        push_value(L, load->entry);
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
    struct tg_text key = read_key(L, name);
    struct tg_task *task = tg_task_current(L, name);
    struct load *load = h2o_mem_alloc_shared(&task->run->pool, sizeof(*load), on_dispose);

    *load = (struct load){.wait = {.start = on_start, .cancel = on_cancel, .take = take},
                          .host = tg_host_of(L)};
    read_options(L, name, 3, options, &load->keep, &task->run->pool);
    if (lua_istable(L, 3)) {
        lua_pushvalue(L, 3);
        load->has_negative = take_time(L, name, "negative", &load->negative_ms);
        lua_pop(L, 1);
    }
    load->loads = lua_toboolean(L, 4);
    struct tg_text whole = whole_key(L, key);
    load->key = tg_text(h2o_strdup(&task->run->pool, whole.base, whole.len).base, whole.len);
    load->hash = tg_cache_hash(load->host->cache, load->key);
    return tg_task_wait(L, task, &load->wait);
}

/* Puts what was loaded and gives it to those that wait. */
static void land(struct load *load, struct tg_text value, const struct tg_response_cache *keep)
{
    struct tg_host *host = load->host;
    struct tg_entry *entry = make_entry(tg_cache_room(host->cache), keep, load->key, value,
                                        load->epoch, tg_timers_now(host->timers));
    struct tg_flight *flight = load->flight;

    load->flight = NULL;
    tg_cache_put(host->cache, entry);
    if (flight != NULL && tg_cache_freshness(host->cache, entry) != TG_PURGED_NOT)
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
        push_value(L, load->entry);
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
    land(load, write_value(L, "tg.cache:get", 2), &keep);
    release(load);
    return 0;
}

/* ---- the rest, which does not wait */

static const char *const set_options[] = {"ttl", "tags", NULL};

/* tg.cache:set(key, value, opts): false when the value is too big. */
static int set(lua_State *L)
{
    static const char name[] = "tg.cache:set";
    struct tg_host *host = tg_host_of(L);
    struct tg_text key = read_key(L, name);
    struct tg_response_cache keep;

    lua_settop(L, 4);
    if (lua_isnil(L, 3))
        return tg_args_fail(L, name, 3, "a value expected; delete takes one out");
    read_options(L, name, 4, set_options, &keep, pool_of(L, name));
    struct tg_text whole = whole_key(L, key);
    struct tg_text value = write_value(L, name, 3);
    struct tg_entry *entry = make_entry(tg_cache_room(host->cache), &keep, whole, value,
                                        tg_cache_epoch(host->cache), tg_timers_now(host->timers));
    bool kept = tg_cache_put(host->cache, entry);
    tg_entry_release(entry);
    lua_pushboolean(L, kept);
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
    return make_entry(addition->room, addition->keep, addition->key, addition->value,
                      addition->epoch, addition->now);
}

/* tg.cache:add(key, value, opts): false when there is something already. */
static int add(lua_State *L)
{
    static const char name[] = "tg.cache:add";
    struct tg_host *host = tg_host_of(L);
    struct tg_text key = read_key(L, name);
    struct tg_response_cache keep;

    lua_settop(L, 4);
    if (lua_isnil(L, 3))
        return tg_args_fail(L, name, 3, "a value expected");
    read_options(L, name, 4, set_options, &keep, pool_of(L, name));
    struct tg_text whole = whole_key(L, key);
    struct addition addition = {.room = tg_cache_room(host->cache),
                                .keep = &keep,
                                .key = whole,
                                .value = write_value(L, name, 3),
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
        addition->failed = text[0] != WRITTEN_JSON || end == text + 1 || *end != '\0';
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
    struct tg_text key = read_key(L, name);
    struct tg_response_cache keep;

    lua_settop(L, 4);
    double by = lua_isnil(L, 3) ? 1 : tg_args_number(L, name, 3);
    if (by - by != 0)
        return tg_args_fail(L, name, 3, "a finite number expected");
    read_options(L, name, 4, set_options, &keep, pool_of(L, name));
    struct tg_text whole = whole_key(L, key);
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
    struct tg_text key = read_key(L, "tg.cache:delete");

    lua_pushboolean(L, tg_cache_remove(tg_host_of(L)->cache, whole_key(L, key)));
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

static const luaL_Reg natives[] = {
    {"begin_load", begin_load},
    {"end_load", end_load},
    {"fail_load", fail_load},
    {NULL, NULL},
};

/* runtime.lua adds `get`, which calls a function of the script's. */
void tg_open_cache(lua_State *L)
{
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    lua_setfield(L, -2, "cache");
    lua_newtable(L);
    luaL_register(L, NULL, natives);
    lua_setfield(L, -2, "cache_natives");
}
