#include "api/keep.h"

#include <lauxlib.h>
#include <stdio.h>

#include "script/args.h"

enum { STALE_PART_MS = 1000 }; /* so long a response is fresh that has a stale part */

static const char *const known[] = {"ttl", "stale", "stale_if_error", "tags", NULL};

uint64_t tg_keep_tag(struct tg_cache *cache, struct tg_text tag)
{
    char text[TG_KEEP_TAG_LENGTH + 4] = "tag ";

    memcpy(text + 4, tag.base, tag.len);
    return tg_cache_tag_hash(cache, tg_text(text, tag.len + 4));
}

static bool read_time(lua_State *L, const char *name, int index, const char *option, uint64_t *ms)
{
    double read = 0;

    lua_getfield(L, index, option);
    bool given = !lua_isnil(L, -1);
    if (given && (!tg_args_duration(L, -1, &read) || read < 0 || read > 366 * 86400e3))
        tg_raise(L, "%s: cache.%s must be seconds (a number) or a text such as '250ms', '5m'", name,
                 option);
    lua_pop(L, 1);
    *ms = (uint64_t)read;
    return given;
}

static struct tg_text read_tag(lua_State *L, const char *name)
{
    struct tg_text tag = {NULL, 0};

    if (lua_type(L, -1) == LUA_TSTRING)
        tag.base = lua_tolstring(L, -1, &tag.len);
    if (tag.len == 0 || tag.len > TG_KEEP_TAG_LENGTH)
        tg_raise(L, "%s: tags must be strings of 1 to %d bytes", name, TG_KEEP_TAG_LENGTH);
    return tag;
}

void tg_keep_read_tags(lua_State *L, const char *name, int index, struct tg_response_cache *keep,
                       h2o_mem_pool_t *pool)
{
    if (lua_isnil(L, index))
        return;
    if (!lua_istable(L, index) || lua_objlen(L, index) > TG_KEEP_TAGS)
        tg_raise(L, "%s: tags must be a list of at most %d strings", name, TG_KEEP_TAGS);
    size_t count = lua_objlen(L, index);
    struct tg_cache *cache = tg_host_of(L)->cache;
    uint64_t *tags = pool != NULL ? h2o_mem_alloc_pool(pool, (count + 1) * sizeof(*tags)) : NULL;
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, index, (int)i + 1);
        struct tg_text tag = read_tag(L, name);
        if (tags != NULL)
            tags[i] = tg_keep_tag(cache, tag);
        lua_pop(L, 1);
    }
    keep->tags = tags;
    keep->tag_count = tags != NULL ? count : 0;
}

void tg_keep_read(lua_State *L, const char *name, int index, struct tg_response_cache *keep,
                  h2o_mem_pool_t *pool)
{
    *keep = (struct tg_response_cache){.said = true};
    if (lua_isboolean(L, index) && !lua_toboolean(L, index)) {
        keep->never = true;
        return;
    }
    if (!lua_istable(L, index))
        tg_raise(L, "%s: cache must be a table or false, this is a %s", name,
                 luaL_typename(L, index));
    lua_pushfstring(L, "%s, in cache", name);
    tg_args_keys(L, lua_tostring(L, -1), index, known);
    lua_pop(L, 1);
    keep->has_ttl = read_time(L, name, index, "ttl", &keep->ttl_ms);
    keep->has_stale = read_time(L, name, index, "stale", &keep->stale_ms);
    keep->has_sick = read_time(L, name, index, "stale_if_error", &keep->sick_ms);
    lua_getfield(L, index, "tags");
    tg_keep_read_tags(L, name, lua_gettop(L), keep, pool);
    lua_pop(L, 1);
}

void tg_keep_times(const struct tg_response_cache *keep, uint64_t now_ms,
                   struct tg_entry_recipe *recipe)
{
    uint64_t sick_ms = keep->sick_ms > keep->stale_ms ? keep->sick_ms : keep->stale_ms;

    recipe->stored_ms = now_ms;
    recipe->fresh_ms = keep->has_ttl ? now_ms + keep->ttl_ms : UINT64_MAX / 2;
    recipe->stale_ms = recipe->fresh_ms + keep->stale_ms;
    recipe->sick_ms = recipe->fresh_ms + sick_ms;
}

static void add_tags(struct tg_request *request, const uint64_t *tags, size_t count)
{
    struct tg_parts *parts = &request->parts;

    if (parts->tag_count + count > parts->tag_capacity) {
        size_t capacity = (parts->tag_count + count) * 2;
        uint64_t *grown = h2o_mem_alloc_pool(&request->run.pool, capacity * sizeof(*grown));
        if (parts->tag_count != 0)
            memcpy(grown, parts->tags, parts->tag_count * sizeof(*grown));
        parts->tags = grown;
        parts->tag_capacity = capacity;
    }
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < parts->tag_count && parts->tags[k] != tags[i])
            k++;
        if (k == parts->tag_count)
            parts->tags[parts->tag_count++] = tags[i];
    }
}

void tg_keep_part(struct tg_request *request, uint64_t fresh_ms, const uint64_t *tags,
                  size_t tag_count)
{
    struct tg_parts *parts = &request->parts;
    uint64_t left = fresh_ms > STALE_PART_MS ? fresh_ms : STALE_PART_MS;

    if (parts->count == 0 || left < parts->least_ms)
        parts->least_ms = left;
    parts->count++;
    if (tag_count != 0)
        add_tags(request, tags, tag_count);
}
