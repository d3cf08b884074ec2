#include "script/sandbox.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "script/args.h"
#include "script/chunks.h"
#include "script/value.h"
#include "script/vm.h"

/* pairs(t): as Lua's, and honours __pairs. */
static int pairs_call(lua_State *L)
{
    if (luaL_getmetafield(L, 1, "__pairs")) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    tg_args_table(L, "pairs", 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

static int next_by_index(lua_State *L)
{
    lua_Integer i = lua_tointeger(L, 2) + 1;

    lua_pushinteger(L, i);
    lua_pushinteger(L, i);
    lua_gettable(L, 1);
    return lua_isnil(L, -1) ? 1 : 2;
}

/* ipairs(t): as Lua's, and goes by __index where the value has one. */
static int ipairs_call(lua_State *L)
{
    if (luaL_getmetafield(L, 1, "__index")) {
        lua_pushcfunction(L, next_by_index);
    } else {
        tg_args_table(L, "ipairs", 1);
        lua_pushvalue(L, lua_upvalueindex(1));
    }
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

/* tonumber(v): as Lua's, and reads number literals. */
static int tonumber_call(lua_State *L)
{
    struct tg_text digits;

    if (lua_isuserdata(L, 1) && tg_number_literal(L, 1, &digits)) {
        lua_pushnumber(L, strtod(digits.base, NULL));
        return 1;
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

static int print_call(lua_State *L)
{
    const struct tg_log *log = tg_vm_of(L)->options.log;
    int count = lua_gettop(L);
    struct tg_buffer line = {.limit = 16384};
    luaL_Buffer text;

    luaL_buffinit(L, &text);
    for (int i = 1; i <= count; i++) {
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushvalue(L, i);
        lua_call(L, 1, 1);
        if (lua_isstring(L, -1) == 0)
            return tg_raise(L, "'tostring' must return a string to 'print'");
        if (i > 1) {
            lua_pushliteral(L, "\t");
            lua_insert(L, -2);
            lua_concat(L, 2);
        }
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
    size_t len;
    const char *bytes = lua_tolstring(L, -1, &len);
    tg_log_field(&line, "event", TG_TEXT("print"));
    tg_log_field(&line, "text", tg_text(bytes, len));
    tg_log_fields(log, TG_LOG_INFO, NULL, &line);
    tg_buffer_dispose(&line);
    return 0;
}

/* compile(text, name): a function, or nil and a message; bytecode is refused. */
static int compile(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    const char *name = luaL_checkstring(L, 2);

    if (*name == '@' && len != 0 && text[0] == LUA_SIGNATURE[0]) {
        lua_pushnil(L);
        lua_pushfstring(L, "%s: bytecode is not loaded", name + 1);
        return 2;
    }
    if (luaL_loadbufferx(L, text, len, name, "t") == 0)
        return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* recall(name): what another state has compiled of a file, or nil. */
static int recall(lua_State *L)
{
    const struct tg_chunks *chunks = tg_vm_of(L)->options.chunks;

    return chunks != NULL && tg_chunks_push(chunks, L, luaL_checkstring(L, 1)) ? 1 : 0;
}

/* keep(name, f) */
static int keep(lua_State *L)
{
    struct tg_chunks *chunks = tg_vm_of(L)->options.chunks;

    lua_settop(L, 2);
    if (chunks != NULL)
        tg_chunks_keep(chunks, L, luaL_checkstring(L, 1));
    return 0;
}

/* cjson(): an instance of lua-cjson with a configuration of its own. */
static int cjson(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushliteral(L, "cjson");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "new");
    lua_call(L, 0, 1);
    return 1;
}

/* raise(message) */
static int raise_call(lua_State *L)
{
    return tg_raise(L, "%s", luaL_checkstring(L, 1));
}

/* whole(chunk, name, loading): like pcall(chunk, name), but nothing can yield through it; meanwhile
 * loading[name] is true, and not a moment longer: a script can be stopped behind any instruction.
 */
static int whole(lua_State *L)
{
    lua_settop(L, 3);
    lua_pushvalue(L, 2);
    lua_pushboolean(L, 1);
    lua_rawset(L, 3);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    bool well = lua_pcall(L, 1, 1, 0) == 0;
    lua_pushvalue(L, 2);
    lua_pushnil(L);
    lua_rawset(L, 3);
    lua_pushboolean(L, well);
    lua_insert(L, -2);
    return 2;
}

static int read_call(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct tg_files *known = lua_touserdata(L, lua_upvalueindex(1));
    struct tg_files *files = known != NULL ? known : tg_files_create();
    struct tg_text content;

    if (tg_files_read(files, path, &content))
        lua_pushlstring(L, content.len != 0 ? content.base : "", content.len);
    else
        lua_pushnil(L);
    if (known == NULL)
        tg_files_release(files);
    return 1;
}

void tg_sandbox_push_read(lua_State *L, struct tg_files *files)
{
    lua_pushlightuserdata(L, files);
    lua_pushcclosure(L, read_call, 1);
}

static void push_with_global(lua_State *L, lua_CFunction function, const char *global)
{
    lua_getglobal(L, global);
    lua_pushcclosure(L, function, 1);
}

static void push_ipairs(lua_State *L)
{
    lua_getglobal(L, "ipairs");
    lua_newtable(L);
    lua_call(L, 1, 1); /* Lua's own iterator */
    lua_pushcclosure(L, ipairs_call, 1);
}

void tg_sandbox_open(lua_State *L)
{
    push_with_global(L, pairs_call, "next");
    lua_setfield(L, -2, "pairs");
    push_ipairs(L);
    lua_setfield(L, -2, "ipairs");
    push_with_global(L, tonumber_call, "tonumber");
    lua_setfield(L, -2, "tonumber");
    push_with_global(L, print_call, "tostring");
    lua_setfield(L, -2, "print");
    push_with_global(L, cjson, "require");
    lua_setfield(L, -2, "cjson");
    tg_sandbox_push_read(L, tg_vm_of(L)->options.files);
    lua_setfield(L, -2, "read");
    lua_pushcfunction(L, compile);
    lua_setfield(L, -2, "compile");
    lua_pushcfunction(L, recall);
    lua_setfield(L, -2, "recall");
    lua_pushcfunction(L, keep);
    lua_setfield(L, -2, "keep");
    lua_pushcfunction(L, raise_call);
    lua_setfield(L, -2, "raise");
    lua_pushcfunction(L, whole);
    lua_setfield(L, -2, "whole");
}
