/* tg.xml.decode and tg.convert.xml_to_json. */
#include <lauxlib.h>

#include "api/api.h"
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

void tg_open_xml(lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, decode_call);
    lua_setfield(L, -2, "decode");
    lua_setfield(L, -2, "xml");
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, xml_to_json_call);
    lua_setfield(L, -2, "xml_to_json");
    lua_setfield(L, -2, "convert");
}
