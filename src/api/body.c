#include "api/body.h"

#include "http/media_type.h"
#include "script/around.h"
#include "script/fail.h"
#include "script/json_value.h"
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
    if (body.bytes.len > TG_BODY_BIG && tg_has_turns(L))
        return tg_turns_begin(L, body.bytes, 1, &options, &body);
    bool good = tg_json_decode(L, body.bytes, &options, &error);
    tg_glance(L);
    return good ? 1 : tg_body_fail(L, body, &error);
}

void tg_body_charset(struct tg_body body, struct tg_xml_options *options)
{
    if (options->charset.base == NULL && body.type.len != 0)
        options->charset = tg_media_type_parameter(body.type, TG_TEXT("charset"));
}

int tg_body_xml(lua_State *L, const char *name, struct tg_body body)
{
    struct tg_xml_options options;
    struct tg_parse_error error;

    int results;

    if (body.bytes.len > TG_BODY_BIG && tg_turns_begin_xml(L, name, body.bytes, &body, &results))
        return results;
    tg_xml_options_read(L, name, 2, &options);
    tg_body_charset(body, &options);
    tg_glance(L);
    return tg_xml_decode(L, body.bytes, &options, &error) ? 1 : tg_body_fail(L, body, &error);
}
