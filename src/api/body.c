#include "api/body.h"

#include "codec/json_to_xml.h"
#include "codec/xml_to_json.h"
#include "http/media_type.h"
#include "script/fail.h"
#include "script/json_value.h"
#include "script/value.h"
#include "script/vm.h"
#include "script/xml_value.h"

int tg_body_fail(lua_State *L, struct tg_body body, const struct tg_parse_error *error)
{
    bool too_large = error->limit != NULL && strcmp(error->limit, "doctype") != 0;

    tg_fail_parse(L, error);
    if (body.backend == NULL) {
        tg_fail_status(L, too_large ? 413 : 400);
        return 2;
    }
    tg_fail_status(L, 502);
    lua_pushstring(L, body.backend);
    lua_setfield(L, -2, "backend");
    return 2;
}

int tg_body_json(lua_State *L, const char *name, struct tg_body body)
{
    struct tg_json_options options;
    struct tg_parse_error error;

    tg_json_decode_options(L, name, 2, &options);
    tg_vm_glance(tg_vm_of(L));
    return tg_json_decode(L, body.bytes, &options, &error) ? 1 : tg_body_fail(L, body, &error);
}

/* The charset of the field is the document's, unless the script says what it is. */
static void read_options(lua_State *L, const char *name, struct tg_body body,
                         struct tg_xml_options *options)
{
    tg_xml_options_read(L, name, 2, options);
    if (options->charset.base == NULL)
        options->charset = tg_media_type_parameter(body.type, TG_TEXT("charset"));
}

int tg_body_xml(lua_State *L, const char *name, struct tg_body body)
{
    struct tg_xml_options options;
    struct tg_parse_error error;

    read_options(L, name, body, &options);
    tg_vm_glance(tg_vm_of(L));
    return tg_xml_decode(L, body.bytes, &options, &error) ? 1 : tg_body_fail(L, body, &error);
}

int tg_body_to_json(lua_State *L, const char *name, struct tg_body body)
{
    struct tg_buffer *out = tg_values_buffer(L);
    struct tg_xml_options options;
    struct tg_parse_error error;

    read_options(L, name, body, &options);
    tg_vm_glance(tg_vm_of(L));
    if (!tg_xml_to_json(tg_values_xml(L), body.bytes, &options, out, &error))
        return tg_body_fail(L, body, &error);
    lua_pushlstring(L, out->base, out->len);
    return 1;
}

int tg_body_to_xml(lua_State *L, const char *name, struct tg_body body)
{
    struct tg_buffer *out = tg_values_buffer(L);
    struct tg_xml_write_options options;
    struct tg_parse_error error;

    tg_xml_write_options_read(L, name, 2, &options);
    tg_vm_glance(tg_vm_of(L));
    if (!tg_json_to_xml(tg_values_writer(L), tg_values_xml(L), &tg_values_get(L)->text, body.bytes,
                        &options, out, &error))
        return tg_body_fail(L, body, &error);
    lua_pushlstring(L, out->base, out->len);
    return 1;
}
