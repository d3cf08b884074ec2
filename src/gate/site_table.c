#include "gate/site_table.h"

#include <lua.h>

struct tg_text tg_table_text(lua_State *L, struct tg_site *site, const char *name)
{
    struct tg_text text = {NULL, 0};
    size_t len;

    lua_getfield(L, -1, name);
    const char *base = lua_tolstring(L, -1, &len);
    if (base != NULL)
        text = tg_text(h2o_strdup(&site->pool, base, len).base, len);
    lua_pop(L, 1);
    return text;
}

double tg_table_number(lua_State *L, const char *name, double otherwise)
{
    lua_getfield(L, -1, name);
    double number = lua_isnumber(L, -1) ? lua_tonumber(L, -1) : otherwise;
    lua_pop(L, 1);
    return number;
}

bool tg_table_true(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    bool truth = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return truth;
}

bool tg_table_false(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    bool no = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
    lua_pop(L, 1);
    return no;
}

/* Pushes the list of that name, which may be missing; returns its length. */
size_t tg_table_list(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    return lua_istable(L, -1) ? lua_objlen(L, -1) : 0;
}

void *tg_table_array(struct tg_site *site, size_t count, size_t size)
{
    void *list = h2o_mem_alloc_pool(&site->pool, (count + 1) * size);

    memset(list, 0, (count + 1) * size);
    return list;
}

struct tg_text tg_table_item(lua_State *L, struct tg_site *site, size_t i)
{
    size_t len;

    lua_rawgeti(L, -1, (int)i + 1);
    const char *base = lua_tolstring(L, -1, &len);
    struct tg_text text = tg_text(h2o_strdup(&site->pool, base, len).base, len);
    lua_pop(L, 1);
    return text;
}

const char **tg_table_names(lua_State *L, struct tg_site *site, const char *name, size_t *count)
{
    *count = tg_table_list(L, name);
    const char **names = tg_table_array(site, *count, sizeof(*names));
    for (size_t i = 0; i < *count; i++)
        names[i] = tg_table_item(L, site, i).base;
    lua_pop(L, 1);
    return names;
}
