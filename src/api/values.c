/* tg.null, tg.array, tg.ordered, tg.raw: values that plain Lua has not. */
#include <lauxlib.h>

#include "api/api.h"
#include "codec/json_quick.h"
#include "codec/json_read.h"
#include "script/args.h"
#include "script/value.h"

static int array_call(lua_State *L)
{
    if (!tg_args_optional_table(L, "tg.array", 1)) {
        lua_settop(L, 0);
        lua_createtable(L, 0, 0);
    }
    lua_settop(L, 1);
    if (lua_getmetatable(L, 1)) {
        if (tg_value_kind(L, tg_values_get(L), 1) != TG_VALUE_ARRAY)
            return tg_args_fail(L, "tg.array", 1, "the table has a metatable");
        lua_pop(L, 1);
    }
    tg_array_mark(L);
    return 1;
}

/* The whole check is here, so that encoding only copies. Upvalue 1 is the metatable. */
static int raw_call(lua_State *L)
{
    struct tg_text text = tg_args_text(L, "tg.raw", 1);
    struct tg_parse_error error;

    if (!tg_json_is_valid(text) && !tg_json_validate(text, 0, &error))
        return tg_raise(L, "%s", error.text);
    tg_raw_push(L, text, 1, lua_upvalueindex(1));
    return 1;
}

static const luaL_Reg functions[] = {
    {"array", array_call},
    {"ordered", tg_ordered_call},
    {NULL, NULL},
};

void tg_open_values(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    tg_raw_push_metatable(L);
    lua_pushcclosure(L, raw_call, 1);
    lua_setfield(L, -2, "raw");
    tg_null_push(L);
    lua_setfield(L, -2, "null");
}
