/* tg.json.decode and tg.json.encode. */
#include <lauxlib.h>

#include "api/api.h"
#include "api/body.h"
#include "script/args.h"
#include "script/around.h"
#include "script/fail.h"
#include "script/json_value.h"
#include "script/value.h"

static int decode_call(lua_State *L)
{
    struct tg_text text = tg_args_text(L, "tg.json.decode", 1);
    struct tg_json_options options;
    struct tg_parse_error error;

    tg_json_decode_options(L, "tg.json.decode", 2, &options);
    if (text.len > TG_BODY_BIG && tg_has_turns(L))
        return tg_turns_begin(L, text, 1, &options, NULL);
    bool good = tg_json_decode(L, text, &options, &error);
    tg_glance(L);
    return good ? 1 : tg_fail_parse(L, &error);
}

/* A value without JSON is the script's mistake, so it raises. */
static int encode_call(lua_State *L)
{
    struct tg_json_options options;
    struct tg_parse_error error;

    if (lua_gettop(L) == 0)
        return tg_args_type(L, "tg.json.encode", 1, "value");
    tg_json_encode_options(L, "tg.json.encode", 2, &options);
    struct tg_buffer *out = tg_values_buffer(L);
    tg_glance(L);
    if (!tg_json_encode(L, 1, &options, out, &error))
        return tg_raise(L, "%s", error.text);
    lua_pushlstring(L, out->base, out->len);
    return 1;
}

static const luaL_Reg functions[] = {
    {"decode", decode_call},
    {"encode", encode_call},
    {NULL, NULL},
};

void tg_open_json(lua_State *L)
{
    lua_createtable(L, 0, 2);
    luaL_setfuncs(L, functions, 0);
    lua_setfield(L, -2, "json");
}
