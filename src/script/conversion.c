#include "script/conversion.h"

#include "codec/json_to_xml.h"
#include "codec/xml_to_json.h"
#include "script/around.h"
#include "script/value.h"
#include "script/xml_value.h"

void tg_conversion_read(lua_State *L, const char *name, int arg, bool to_json,
                        struct tg_conversion *conversion)
{
    conversion->to_json = to_json;
    if (to_json)
        tg_xml_options_read(L, name, arg, &conversion->read);
    else
        tg_xml_write_options_read(L, name, arg, &conversion->write);
}

bool tg_conversion_run(const struct tg_conversion *conversion,
                       const struct tg_conversion_tools *tools, struct tg_text input,
                       struct tg_buffer *out, struct tg_parse_error *error)
{
    if (conversion->to_json)
        return tg_xml_to_json(tools->xml, input, &conversion->read, out, error);
    return tg_json_to_xml(tools->writer, tools->xml, tools->scratch, input, &conversion->write, out,
                          error);
}

bool tg_conversion_push(lua_State *L, const struct tg_conversion *conversion, struct tg_text input,
                        struct tg_parse_error *error)
{
    struct tg_buffer *out = tg_values_buffer(L);
    struct tg_conversion_tools tools = {tg_values_xml(L), NULL, &tg_values_get(L)->text};

    if (!conversion->to_json)
        tools.writer = tg_values_writer(L);
    tg_glance(L);
    if (!tg_conversion_run(conversion, &tools, input, out, error))
        return false;
    lua_pushlstring(L, out->base, out->len);
    return true;
}
