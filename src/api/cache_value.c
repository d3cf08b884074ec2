#include "api/cache_value.h"

#include <lauxlib.h>

#include "codec/json_quick.h"
#include "script/args.h"
#include "script/around.h"
#include "script/json_value.h"
#include "script/value.h"

struct tg_text tg_value_key(lua_State *L, const char *name)
{
    if (!lua_istable(L, 1) && !lua_isuserdata(L, 1))
        tg_raise(L, "%s is a method: call it with a colon", name);
    struct tg_text key = tg_args_text(L, name, 2);
    if (key.len == 0 || key.len > TG_VALUE_KEY)
        tg_raise(L, "%s: a key has 1 to %d bytes", name, TG_VALUE_KEY);
    return key;
}

struct tg_text tg_value_whole_key(lua_State *L, struct tg_text key)
{
    struct tg_text whole;

    lua_pushliteral(L, "value ");
    lua_pushlstring(L, key.base, key.len);
    lua_concat(L, 2);
    whole.base = lua_tolstring(L, -1, &whole.len);
    return whole;
}

struct tg_text tg_value_write(lua_State *L, const char *name, int index)
{
    struct tg_buffer *out = tg_values_buffer(L);
    struct tg_parse_error error;

    if (lua_isnil(L, index)) {
        tg_buffer_put(out, TG_WRITTEN_NOTHING);
    } else if (lua_type(L, index) == LUA_TSTRING) {
        size_t len;
        const char *text = lua_tolstring(L, index, &len);
        tg_buffer_put(out, TG_WRITTEN_STRING);
        tg_buffer_append(out, text, len);
    } else {
        tg_buffer_put(out, TG_WRITTEN_JSON);
        if (!tg_json_encode(L, index, NULL, out, &error))
            tg_raise(L, "%s: %s", name, error.text);
    }
    return tg_text(out->base, out->len);
}

void tg_value_push(lua_State *L, const struct tg_entry *entry)
{
    struct tg_text body = entry->is.body;
    struct tg_parse_error error;

    if (body.base[0] == TG_WRITTEN_STRING)
        lua_pushlstring(L, body.base + 1, body.len - 1);
    else if (body.base[0] == TG_WRITTEN_NOTHING ||
             !tg_json_decode(L, tg_text(body.base + 1, body.len - 1), NULL, &error))
        lua_pushnil(L);
    tg_glance(L);
}

struct tg_entry *tg_value_entry(struct tg_room *room, const struct tg_response_cache *keep,
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

bool tg_value_time(lua_State *L, const char *name, const char *option, uint64_t *ms)
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

void tg_value_options(lua_State *L, const char *name, int index, const char *const *options,
                      struct tg_response_cache *keep, h2o_mem_pool_t *pool)
{
    *keep = (struct tg_response_cache){.said = true};
    if (!tg_args_optional_table(L, name, index))
        return;
    tg_args_keys(L, name, index, options);
    lua_pushvalue(L, index);
    keep->has_ttl = tg_value_time(L, name, "ttl", &keep->ttl_ms);
    keep->has_stale = tg_value_time(L, name, "stale", &keep->stale_ms);
    keep->has_sick = tg_value_time(L, name, "stale_if_error", &keep->sick_ms);
    lua_getfield(L, -1, "tags");
    tg_keep_read_tags(L, name, lua_gettop(L), keep, pool);
    lua_pop(L, 2);
}

static bool is_json(struct tg_text text)
{
    struct tg_buffer copy = {.limit = 0};

    tg_buffer_append(&copy, text.base, text.len);
    tg_buffer_append(&copy, "", 1);
    bool is_valid = tg_json_is_valid(tg_text(copy.base, text.len));
    tg_buffer_dispose(&copy);
    return is_valid;
}

bool tg_value_is_whole(struct tg_text body)
{
    switch (body.base[0]) {
    case TG_WRITTEN_STRING:
        return true;
    case TG_WRITTEN_NOTHING:
        return body.len == 1;
    case TG_WRITTEN_JSON:
        return is_json(tg_text(body.base + 1, body.len - 1));
    default:
        return false;
    }
}

struct tg_response_cache tg_value_shared(const struct tg_response_cache *keep,
                                         const struct tg_host *host, struct tg_text key, bool heard,
                                         h2o_mem_pool_t *pool)
{
    struct tg_response_cache shared = *keep;

    if (host->tier == NULL)
        return shared;
    uint64_t *tags = h2o_mem_alloc_pool(pool, (keep->tag_count + TG_VALUE_TAGS) * sizeof(*tags));
    tg_tier_value_tags(host->cache, key, tags);
    shared.tag_count = heard ? TG_VALUE_TAGS : 1;
    if (keep->tag_count != 0)
        memcpy(tags + shared.tag_count, keep->tags, keep->tag_count * sizeof(*tags));
    shared.tag_count += keep->tag_count;
    shared.tags = tags;
    return shared;
}
