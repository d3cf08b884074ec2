#include "script/value_members.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

struct tg_text tg_value_key_text(lua_State *L, int index)
{
    struct tg_text text = {NULL, 0};

    if (lua_type(L, index) == LUA_TSTRING)
        text.base = lua_tolstring(L, index, &text.len);
    else
        tg_number_literal(L, index, &text);
    return text;
}

static int by_bytes(const void *a, const void *b)
{
    const struct tg_value_member *x = a, *y = b;
    size_t shorter = x->key.len < y->key.len ? x->key.len : y->key.len;
    int order = memcmp(x->key.base, y->key.base, shorter);

    return order != 0 ? order : (x->key.len > y->key.len) - (x->key.len < y->key.len);
}

bool tg_value_members(lua_State *L, struct tg_values *values, int table, int *count)
{
    size_t before = values->names.len;

    *count = 0;
    lua_createtable(L, 8, 0);
    lua_insert(L, -3);
    do {
        struct tg_value_member member = {tg_value_key_text(L, -2), ++*count};
        if (member.key.base == NULL)
            return false;
        tg_buffer_append(&values->names, &member, sizeof(member));
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, *count);
    } while (lua_next(L, table));
    qsort(values->names.base + before, (size_t)*count, sizeof(struct tg_value_member), by_bytes);
    return true;
}

bool tg_value_is_list(lua_State *L, int table, int *items, const char **what)
{
    lua_Number most = 0, count = 0;

    *what = NULL;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        lua_Number key = lua_tonumber(L, -2);
        if (lua_type(L, -2) != LUA_TNUMBER)
            *what = "a table with both list items and named members";
        else if (key < 1 || key != floor(key))
            *what = "a list with an index that is not 1, 2, 3…";
        if (*what != NULL)
            return false;
        most = key > most ? key : most;
        count++;
    }
    if (most != count)
        *what = "a list with holes";
    *items = (int)count;
    return *what == NULL;
}

const char *tg_value_to_table(lua_State *L)
{
    luaL_checkstack(L, 12, "too many levels");
    if (!luaL_getmetafield(L, -1, "__totable") || !lua_iscfunction(L, -1))
        return "a userdata";
    lua_pushvalue(L, -2);
    lua_call(L, 1, 1);
    return lua_isuserdata(L, -1) && lua_touserdata(L, -1) != NULL ? "a userdata" : NULL;
}
