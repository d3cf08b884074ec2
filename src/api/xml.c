/* tg.xml.decode and encode, tg.convert. */
#include <lauxlib.h>

#include "api/api.h"
#include "codec/json_to_xml.h"
#include "codec/xml_to_json.h"
#include "script/args.h"
#include "script/fail.h"
#include "script/value.h"
#include "script/vm.h"
#include "script/xml_value.h"

static int decode_call(lua_State *L)
{
    struct tg_text text = tg_args_text(L, "tg.xml.decode", 1);
    struct tg_xml_options options;
    struct tg_parse_error error;

    tg_xml_options_read(L, "tg.xml.decode", 2, &options);
    tg_vm_glance(tg_vm_of(L));
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
    tg_vm_glance(tg_vm_of(L));
    if (!tg_xml_encode(L, 1, &options, out, &error))
        return tg_raise(L, "%s", error.text);
    lua_pushlstring(L, out->base, out->len);
    return 1;
}

static int xml_to_json_call(lua_State *L)
{
    struct tg_text text = tg_args_text(L, "tg.convert.xml_to_json", 1);
    struct tg_xml_options options;
    struct tg_parse_error error;

    tg_xml_options_read(L, "tg.convert.xml_to_json", 2, &options);
    struct tg_buffer *out = tg_values_buffer(L);
    tg_vm_glance(tg_vm_of(L));
    if (!tg_xml_to_json(tg_values_xml(L), text, &options, out, &error))
        return tg_fail_parse(L, &error);
    lua_pushlstring(L, out->base, out->len);
    return 1;
}

static int json_to_xml_call(lua_State *L)
{
    struct tg_text text = tg_args_text(L, "tg.convert.json_to_xml", 1);
    struct tg_xml_write_options options;
    struct tg_parse_error error;

    tg_xml_write_options_read(L, "tg.convert.json_to_xml", 2, &options);
    struct tg_buffer *out = tg_values_buffer(L);
    tg_vm_glance(tg_vm_of(L));
    if (!tg_json_to_xml(tg_values_writer(L), tg_values_xml(L), &tg_values_get(L)->text, text,
                        &options, out, &error))
        return tg_fail_parse(L, &error);
    lua_pushlstring(L, out->base, out->len);
    return 1;
}

static const luaL_Reg xml[] = {{"decode", decode_call}, {"encode", encode_call}, {NULL, NULL}};
static const luaL_Reg convert[] = {
    {"xml_to_json", xml_to_json_call}, {"json_to_xml", json_to_xml_call}, {NULL, NULL}};

void tg_open_xml(lua_State *L)
{
    lua_createtable(L, 0, 2);
    luaL_setfuncs(L, xml, 0);
    lua_setfield(L, -2, "xml");
    lua_createtable(L, 0, 2);
    luaL_setfuncs(L, convert, 0);
    lua_setfield(L, -2, "convert");
}
