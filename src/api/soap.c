/* tg.soap: most of it is lua/tidegate/soap.lua. */
#include <lauxlib.h>

#include "api/api.h"
#include "script/args.h"
#include "script/fail.h"
#include "script/library.h"

/* soap_fail(code, message): an error table. */
static int make_error(lua_State *L)
{
    tg_fail_push(L, luaL_checkstring(L, 1), luaL_checkstring(L, 2));
    return 1;
}

/* soap(native, tg, sandbox): the table of calls. */
static int load(lua_State *L)
{
    struct tg_text text = tg_library("soap");

    if (luaL_loadbuffer(L, text.base, text.len, "=[tidegate soap]") != 0)
        return lua_error(L);
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

void tg_open_soap(lua_State *L)
{
    lua_pushcfunction(L, make_error);
    lua_setfield(L, -3, "soap_fail");
    lua_pushcfunction(L, load);
    lua_setfield(L, -3, "soap");
}
