/* tg.xml.decode and encode. */
#include <lauxlib.h>

#include "api/api.h"
#include "api/body.h"
#include "script/args.h"
#include "script/around.h"
#include "script/fail.h"
#include "script/value.h"
#include "script/xml_value.h"

static int decode_call(lua_State *L)
{
    struct tg_text text = tg_args_text(L, "tg.xml.decode", 1);
    struct tg_xml_options options;
    struct tg_parse_error error;

    int results;

    if (text.len > TG_BODY_BIG && tg_turns_begin_xml(L, "tg.xml.decode", text, NULL, &results))
        return results;
    tg_xml_options_read(L, "tg.xml.decode", 2, &options);
    tg_glance(L);
    if (!tg_xml_decode(L, text, &options, &error))
        return tg_fail_parse(L, &error);
    return 1;
}

/* A value without XML is the script's mistake, so it raises. */
static int encode_call(lua_State *L)
{
    struct tg_xml_write_options options;
    struct tg_parse_error error;

    if (lua_gettop(L) == 0)
        return tg_args_type(L, "tg.xml.encode", 1, "value");
    tg_xml_write_options_read(L, "tg.xml.encode", 2, &options);
    struct tg_buffer *out = tg_values_buffer(L);
    tg_glance(L);
    if (!tg_xml_encode(L, 1, &options, out, &error))
        return tg_raise(L, "%s", error.text);
    lua_pushlstring(L, out->base, out->len);
    return 1;
}

static const luaL_Reg xml[] = {{"decode", decode_call}, {"encode", encode_call}, {NULL, NULL}};

void tg_open_xml(lua_State *L)
{
    lua_createtable(L, 0, 2);
    luaL_setfuncs(L, xml, 0);
    lua_setfield(L, -2, "xml");
}
