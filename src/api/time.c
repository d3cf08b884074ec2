/* tg.time and tg.uuid. */
#include "api/api.h"

#include <lauxlib.h>

#include "base/crypto.h"
#include "script/vm.h"

static int time_now(lua_State *L)
{
    lua_pushnumber(L, tg_timers_wall(tg_vm_of(L)->options.timers));
    return 1;
}

static int uuid(lua_State *L)
{
    char text[TG_UUID_TEXT];

    tg_crypto_uuid(text);
    lua_pushlstring(L, text, TG_UUID_TEXT - 1);
    return 1;
}

static const luaL_Reg functions[] = {
    {"time", time_now},
    {"uuid", uuid},
    {NULL, NULL},
};

void tg_open_time(lua_State *L)
{
    luaL_register(L, NULL, functions);
}
