#include "script/fail.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

static const char metatable[] = "tidegate.error";

int tg_fail_http(const char *code)
{
    if (strncmp(code, "timeout", 7) == 0 || strcmp(code, "deadline") == 0)
        return 504;
    if (strcmp(code, "busy") == 0)
        return 503;
    if (strcmp(code, "script") == 0)
        return 500;
    return 502;
}

static int to_text(lua_State *L)
{
    lua_getfield(L, 1, "backend");
    lua_getfield(L, 1, "code");
    lua_getfield(L, 1, "message");
    const char *backend = lua_tostring(L, -3), *code = lua_tostring(L, -2);
    const char *message = lua_tostring(L, -1);

    if (backend != NULL)
        lua_pushfstring(L, "%s: %s (%s)", backend, message != NULL ? message : "failed",
                        code != NULL ? code : "?");
    else
        lua_pushfstring(L, "%s (%s)", message != NULL ? message : "failed",
                        code != NULL ? code : "?");
    return 1;
}

void tg_fail_open(lua_State *L)
{
    luaL_newmetatable(L, metatable);
    lua_pushcfunction(L, to_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "error");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

void tg_fail_push(lua_State *L, const char *code, const char *message)
{
    lua_createtable(L, 0, 5);
    lua_pushstring(L, code);
    lua_setfield(L, -2, "code");
    lua_pushstring(L, message);
    lua_setfield(L, -2, "message");
    lua_pushinteger(L, tg_fail_http(code));
    lua_setfield(L, -2, "http");
    luaL_getmetatable(L, metatable);
    lua_setmetatable(L, -2);
}

int tg_fail(lua_State *L, struct tg_error error)
{
    lua_pushnil(L);
    tg_fail_push(L, error.code, error.message);
    return 2;
}

int tg_fail_parse(lua_State *L, const struct tg_parse_error *error)
{
    lua_pushnil(L);
    tg_fail_push(L, "parse", error->text);
    lua_pushinteger(L, (lua_Integer)error->line);
    lua_setfield(L, -2, "line");
    lua_pushinteger(L, (lua_Integer)error->column);
    lua_setfield(L, -2, "column");
    if (error->limit != NULL) {
        lua_pushstring(L, error->limit);
        lua_setfield(L, -2, "limit");
    }
    tg_fail_status(L, 500);
    return 2;
}

void tg_fail_status(lua_State *L, int http)
{
    lua_pushinteger(L, http);
    lua_setfield(L, -2, "http");
}

bool tg_fail_is(lua_State *L, int index)
{
    if (!lua_istable(L, index) || !lua_getmetatable(L, index))
        return false;
    luaL_getmetatable(L, metatable);
    bool is = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return is;
}
