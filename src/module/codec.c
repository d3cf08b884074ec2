/* tidegate.codec, a Lua C module for any LuaJIT: the calls of scripts that convert, without a
 * server. They are those of api/, but for what goes on beside a loop there. */
#include <lauxlib.h>

#include "api/api.h"
#include "api/body.h"
#include "script/args.h"
#include "script/around.h"
#include "script/conversion.h"
#include "script/fail.h"
#include "script/value.h"

__attribute__((visibility("default"))) int luaopen_tidegate_codec(lua_State *L);

void tg_glance(lua_State *L)
{
    (void)L;
}

bool tg_has_turns(lua_State *L)
{
    (void)L;
    return false;
}

const struct tg_codec_limits *tg_codec_limits_of(lua_State *L)
{
    (void)L;
    return NULL;
}

/* Nothing is decoded in turns here. */
int tg_turns_begin(lua_State *L, struct tg_text text, int owner,
                   const struct tg_json_options *options, const struct tg_body *body)
{
    (void)text;
    (void)owner;
    (void)options;
    (void)body;
    return luaL_error(L, "no turns");
}

bool tg_turns_begin_xml(lua_State *L, const char *name, struct tg_text text,
                        const struct tg_body *body, int *results)
{
    (void)L;
    (void)name;
    (void)text;
    (void)body;
    *results = 0;
    return false;
}

static int convert(lua_State *L, const char *name, bool to_json)
{
    struct tg_text input = tg_args_text(L, name, 1);
    struct tg_conversion conversion;
    struct tg_parse_error error;

    tg_conversion_read(L, name, 2, to_json, &conversion);
    return tg_conversion_push(L, &conversion, input, &error) ? 1 : tg_fail_parse(L, &error);
}

static int xml_to_json_call(lua_State *L)
{
    return convert(L, "tg.convert.xml_to_json", true);
}

static int json_to_xml_call(lua_State *L)
{
    return convert(L, "tg.convert.json_to_xml", false);
}

static void open_convert(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"xml_to_json", xml_to_json_call},
        {"json_to_xml", json_to_xml_call},
        {NULL, NULL},
    };

    lua_createtable(L, 0, 2);
    luaL_setfuncs(L, functions, 0);
    lua_setfield(L, -2, "convert");
}

int luaopen_tidegate_codec(lua_State *L)
{
    if (tg_values_get(L) == NULL) {
        tg_fail_open(L);
        tg_values_open(L);
    }
    lua_createtable(L, 0, 8);
    tg_open_values(L);
    tg_open_json(L);
    tg_open_xml(L);
    open_convert(L);
    lua_pushliteral(L, TG_VERSION);
    lua_setfield(L, -2, "version");
    return 1;
}
