/* Raw JSON: a userdata that points to text and keeps its owner alive through its environment. */
#include "script/value.h"

#include <lauxlib.h>

void tg_raw_push_metatable(lua_State *L)
{
    tg_values_push(L);
    lua_rawgeti(L, -1, TG_VALUE_RAW);
    lua_remove(L, -2);
}

void tg_raw_push(lua_State *L, struct tg_text text, int anchor, int metatable)
{
    struct tg_text *raw = lua_newuserdata(L, sizeof(*raw));

    *raw = text;
    lua_pushvalue(L, metatable);
    lua_setmetatable(L, -2);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, anchor);
    lua_rawseti(L, -2, 1);
    lua_setfenv(L, -2);
}

struct tg_text tg_raw_block_text(const void *block)
{
    return *(const struct tg_text *)block;
}

bool tg_raw_text(lua_State *L, int index, struct tg_text *text)
{
    if (lua_type(L, index) != LUA_TUSERDATA ||
        tg_value_kind(L, tg_values_get(L), index) != TG_VALUE_RAW)
        return false;
    *text = tg_raw_block_text(lua_touserdata(L, index));
    return true;
}

static int to_string(lua_State *L)
{
    struct tg_text text;

    if (!tg_raw_text(L, 1, &text))
        return luaL_error(L, "raw JSON expected");
    lua_pushlstring(L, text.base, text.len);
    return 1;
}

void tg_raw_metatable(lua_State *L)
{
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, to_string);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "raw");
    lua_setfield(L, -2, "__metatable");
}
