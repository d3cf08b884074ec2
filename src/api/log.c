/* tg.log: what scripts tell the operator. */
#include <lauxlib.h>

#include "api/api.h"
#include "api/request.h"
#include "script/args.h"

enum { LINE_LIMIT = 8192 };

/* Leaves at index 3 the names of the members of the table at 2, as strings, in order. */
static int sort_names(lua_State *L)
{
    int count = 0;

    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, 2) != 0) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            return tg_args_fail(L, "tg.log", 2, "fields have names");
        lua_pushvalue(L, -1);
        lua_rawseti(L, 3, ++count);
    }
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushvalue(L, 3);
    lua_call(L, 1, 0);
    return count;
}

/* Leaves at index 4 the values in the order of the names, as strings. */
static void write_values(lua_State *L, int count)
{
    lua_createtable(L, count, 0);
    for (int i = 1; i <= count; i++) {
        lua_pushvalue(L, lua_upvalueindex(3));
        lua_rawgeti(L, 3, i);
        lua_rawget(L, 2);
        if (lua_islightuserdata(L, -1) && lua_touserdata(L, -1) == NULL) {
            lua_pop(L, 1);
            lua_pushliteral(L, "null");
        }
        lua_call(L, 1, 1);
        lua_rawseti(L, 4, i);
    }
}

static struct tg_text text_at(lua_State *L, int list, int i)
{
    struct tg_text text;

    lua_rawgeti(L, list, i);
    text.base = lua_tolstring(L, -1, &text.len);
    lua_pop(L, 1); /* the list keeps it */
    return text;
}

/* Nothing in here raises: the buffer is freed on the way out. */
static void write_line(lua_State *L, struct tg_text event, int count)
{
    struct tg_host *host = tg_host_of(L);
    struct tg_request *request = tg_request_current(L);
    struct tg_buffer line = {.limit = LINE_LIMIT};
    char id[65] = "";

    if (request != NULL) {
        h2o_iovec_t own = tg_request_id(request);
        memcpy(id, own.base, own.len);
    }
    tg_log_field(&line, "event", event);
    for (int i = 1; i <= count; i++) {
        struct tg_text value = text_at(L, 4, i);
        if (value.base != NULL)
            tg_log_field(&line, text_at(L, 3, i).base, value);
    }
    tg_log_fields(host->log, (enum tg_log_level)lua_tointeger(L, lua_upvalueindex(1)),
                  request != NULL ? id : NULL, &line);
    tg_buffer_dispose(&line);
}

/* tg.log.<level>(event, fields); upvalues: the level, table.sort, tostring. */
static int log_call(lua_State *L)
{
    enum tg_log_level level = (enum tg_log_level)lua_tointeger(L, lua_upvalueindex(1));
    struct tg_text event = tg_args_text(L, "tg.log", 1);
    int count = 0;

    if (!tg_log_has(tg_host_of(L)->log, level))
        return 0;
    if (tg_args_optional_table(L, "tg.log", 2)) {
        lua_settop(L, 2);
        count = sort_names(L);
        write_values(L, count);
    }
    write_line(L, event, count);
    return 0;
}

static void add_level(lua_State *L, const char *name, enum tg_log_level level)
{
    lua_pushinteger(L, level);
    lua_getglobal(L, "table");
    lua_getfield(L, -1, "sort");
    lua_remove(L, -2);
    lua_getglobal(L, "tostring");
    lua_pushcclosure(L, log_call, 3);
    lua_setfield(L, -2, name);
}

void tg_open_log(lua_State *L)
{
    lua_createtable(L, 0, 4);
    add_level(L, "debug", TG_LOG_DEBUG);
    add_level(L, "info", TG_LOG_INFO);
    add_level(L, "warn", TG_LOG_WARN);
    add_level(L, "error", TG_LOG_ERROR);
    lua_setfield(L, -2, "log");
}
