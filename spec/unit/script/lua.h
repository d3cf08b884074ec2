/* A Lua state with the values, JSON and XML of scripts in the global `tg`, for unit tests. */
#ifndef UNIT_SCRIPT_LUA_H
#define UNIT_SCRIPT_LUA_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <stdlib.h>

#include "api/api.h"
#include "script/fail.h"
#include "script/value.h"
#include "script/vm.h"
#include "unit.h"

static void *allocate_freely(void *vm, void *memory, size_t old, size_t size)
{
    (void)vm;
    (void)old;
    if (size != 0)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

/* A state without sandbox and tasks: its VM runs nothing. */
static int set_up(void **state)
{
    struct tg_vm *vm = calloc(1, sizeof(*vm));
    lua_State *L = lua_newstate(allocate_freely, vm);

    assert_non_null(L);
    luaL_openlibs(L);
    tg_fail_open(L);
    tg_values_open(L);
    lua_newtable(L);
    tg_open_values(L);
    tg_open_json(L);
    tg_open_xml(L);
    tg_open_convert(L);
    lua_setglobal(L, "tg");
    *state = L;
    return 0;
}

static int tear_down(void **state)
{
    void *vm;

    lua_getallocf(*state, &vm);
    lua_close(*state);
    free(vm);
    return 0;
}

/* Runs the code, named "script", with `decode`, `encode` and `pairs` that honours __pairs at hand.
 * Checks that it gives the text wanted, or raises it. */
static inline void expect(void **state, const char *code, const char *want)
{
    static const char before[] =
        "local decode, encode = tg.json.decode, tg.json.encode "
        "local function pairs(t) local m = debug.getmetatable(t) "
        "if m and m.__pairs then return m.__pairs(t) end return _G.pairs(t) end ";
    lua_State *L = *state;
    int top = lua_gettop(L);

    lua_pushstring(L, before);
    lua_pushstring(L, code);
    lua_concat(L, 2);
    if (luaL_loadbuffer(L, lua_tostring(L, -1), lua_objlen(L, -1), "=script") == 0)
        lua_pcall(L, 0, 1, 0);
    lua_getglobal(L, "tostring");
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    if (strcmp(want, lua_tostring(L, -1)) != 0)
        fail_msg("%s\n  gave %s\n  want %s", code, lua_tostring(L, -1), want);
    lua_settop(L, top);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
