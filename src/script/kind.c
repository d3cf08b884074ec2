#include "script/kind.h"

#include <assert.h>
#include <stddef.h>

#include "script/value_view.h"
#include "script/vm.h"

void tg_kind_open(lua_State *L, int kind)
{
    struct tg_vm *vm = tg_vm_of(L);

    assert(kind >= 0 && kind < TG_KINDS);
    vm->kinds[kind] = lua_topointer(L, -1);
    lua_pushvalue(L, -1);
    vm->kind_refs[kind] = luaL_ref(L, LUA_REGISTRYINDEX);
}

void tg_kind_fill(lua_State *L, const luaL_Reg *metamethods, const char *shown)
{
    luaL_register(L, NULL, metamethods);
    lua_pushstring(L, shown);
    lua_setfield(L, -2, "__metatable");
}

void tg_kind_set(lua_State *L, int kind)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, tg_vm_of(L)->kind_refs[kind]);
    lua_setmetatable(L, -2);
}

/* Of a full userdata. */
static const void *metatable_of(lua_State *L, const struct tg_vm *vm, int index, void *block)
{
    const void *metatable = NULL;

    if (vm->has_view) {
        const char *bytes = block;
        return ((const struct tg_view_block *)(bytes - offsetof(struct tg_view_block, bytes)))
            ->metatable;
    }
    if (lua_getmetatable(L, index)) {
        metatable = lua_topointer(L, -1);
        lua_pop(L, 1);
    }
    return metatable;
}

void *tg_kind_at(lua_State *L, int index, int kind)
{
    const struct tg_vm *vm = tg_vm_of(L);

    if (lua_type(L, index) != LUA_TUSERDATA)
        return NULL;
    void *block = lua_touserdata(L, index);
    const void *metatable = metatable_of(L, vm, index, block);
    return metatable != NULL && metatable == vm->kinds[kind] ? block : NULL;
}
