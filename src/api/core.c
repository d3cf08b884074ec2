#include "api/core.h"

#include "api/api.h"
#include "api/request.h"

/* One line per module. response comes behind json, whose table it makes callable; xpath and schema
 * behind xml, whose table they add to; soap behind schema. */
static void (*const openers[])(lua_State *L) = {
    tg_open_values,  tg_open_json,   tg_open_xml,     tg_open_xpath,    tg_open_convert,
    tg_open_turns,   tg_open_text,   tg_open_time,    tg_open_log,      tg_open_wait,
    tg_open_gather,  tg_open_later,  tg_open_request, tg_open_response, tg_open_backend,
    tg_open_produce, tg_open_schema, tg_open_soap,    tg_open_cache,
};

void tg_core_open(lua_State *L)
{
    int tg = lua_gettop(L);

    for (size_t i = 0; i < sizeof(openers) / sizeof(*openers); i++) {
        openers[i](L);
        lua_settop(L, tg);
    }
    lua_pushcfunction(L, tg_request_begin);
    lua_setfield(L, tg - 1, "begin");
    lua_pushcfunction(L, tg_request_look);
    lua_setfield(L, tg - 1, "look");
    lua_pushcfunction(L, tg_response_finish);
    lua_setfield(L, tg - 1, "finish");
    lua_pushcfunction(L, tg_response_finish_built);
    lua_setfield(L, tg - 1, "finish_built");
}
