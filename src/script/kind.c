#include "script/kind.h"

#include <assert.h>

#include "script/vm.h"

/* References of luaL_ref are positive. */
static int place_of(int kind)
{
    return -1 - kind;
}

void tg_kind_open(lua_State *L, int kind)
{
    assert(kind >= 0 && kind < TG_KINDS);
    tg_vm_of(L)->kinds[kind] = lua_topointer(L, -1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, LUA_REGISTRYINDEX, place_of(kind));
}

void tg_kind_fill(lua_State *L, const luaL_Reg *metamethods, const char *shown)
{
    luaL_register(L, NULL, metamethods);
    lua_pushstring(L, shown);
    lua_setfield(L, -2, "__metatable");
}

void tg_kind_set(lua_State *L, int kind)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, place_of(kind));
    lua_setmetatable(L, -2);
}

void *tg_kind_at(lua_State *L, int index, int kind)
{
    void *block = lua_touserdata(L, index);

    if (block == NULL || !lua_getmetatable(L, index))
        return NULL;
    const void *metatable = lua_topointer(L, -1);
    lua_pop(L, 1);
    return metatable == tg_vm_of(L)->kinds[kind] ? block : NULL;
}
