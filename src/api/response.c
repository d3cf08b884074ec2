#include "api/response.h"

#include <lauxlib.h>

#include "api/api.h"
#include "api/backend_call.h"
#include "api/keep.h"
#include "script/args.h"
#include "script/fail.h"
#include "script/json_value.h"
#include "script/value.h"
#include "script/xml_value.h"

const char *tg_response_type(enum tg_response_kind kind)
{
    switch (kind) {
    case TG_RESPONSE_BARE:
        return NULL;
    case TG_RESPONSE_JSON:
        return "application/json";
    case TG_RESPONSE_PROBLEM:
        return "application/problem+json";
    case TG_RESPONSE_TEXT:
        return "text/plain; charset=utf-8";
    case TG_RESPONSE_HTML:
        return "text/html; charset=utf-8";
    case TG_RESPONSE_XML:
        return "application/xml";
    }
    return NULL;
}

static const char *const build_options[] = {"status", "headers", "cache", NULL};
static const char *const xml_options[] = {"status", "headers", "cache", "xml", NULL};

/* The status in the options at index, or the one given. */
static int read_status(lua_State *L, const char *name, int index, int otherwise)
{
    lua_getfield(L, index, "status");
    int status = lua_isnil(L, -1) ? otherwise : (int)lua_tointeger(L, -1);
    if (!lua_isnil(L, -1) && (lua_type(L, -1) != LUA_TNUMBER || status < 200 || status > 599))
        tg_raise(L, "%s: status must be a number from 200 to 599", name);
    lua_pop(L, 1);
    return status;
}

/* Copies the fields of the table or of what was received on top into the table below it; pops it.
 */
static void merge_headers(lua_State *L, const char *name)
{
    if (luaL_getmetafield(L, -1, "__totable")) {
        lua_insert(L, -2);
        lua_call(L, 1, 1);
    }
    if (!lua_istable(L, -1))
        tg_raise(L, "%s: headers must be a table", name);
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        if (lua_type(L, -2) != LUA_TSTRING)
            tg_raise(L, "%s: the names of headers are strings", name);
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -5);
    }
    lua_pop(L, 1);
}

/* Keeps what the options at index say of the cache, checked, in the response on top. */
static void take_cache(lua_State *L, const char *name, int index)
{
    struct tg_response_cache keep;

    lua_getfield(L, index, "cache");
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    tg_keep_read(L, name, lua_gettop(L), &keep, NULL);
    lua_setfield(L, -2, "cache");
}

/* Turns the body on top into a response; the options are at index `opts`, if they are a table.
 * Upvalue 1 of the calling function is the list of metatables by kind. */
static int build(lua_State *L, const char *name, enum tg_response_kind kind, int opts, int status)
{
    lua_createtable(L, 0, 3);
    lua_insert(L, -2);
    lua_setfield(L, -2, "body");
    lua_createtable(L, 0, 2);
    if (tg_response_type(kind) != NULL) {
        lua_pushstring(L, tg_response_type(kind));
        lua_setfield(L, -2, "content-type");
    }
    if (tg_args_optional_table(L, name, opts)) {
        tg_args_keys(L, name, opts, kind == TG_RESPONSE_XML ? xml_options : build_options);
        status = read_status(L, name, opts, status);
        lua_getfield(L, opts, "headers");
        if (lua_isnil(L, -1))
            lua_pop(L, 1);
        else
            merge_headers(L, name);
    }
    lua_setfield(L, -2, "headers");
    lua_pushinteger(L, status);
    lua_setfield(L, -2, "status");
    if (lua_istable(L, opts))
        take_cache(L, name, opts);
    lua_rawgeti(L, lua_upvalueindex(1), kind);
    lua_setmetatable(L, -2);
    return 1;
}

static int push_json(lua_State *L, struct tg_values *values)
{
    struct tg_buffer *out = tg_values_output(values);
    struct tg_parse_error error;

    tg_vm_glance(tg_vm_of(L));
    if (!tg_json_encode_with(L, values, 1, NULL, out, &error))
        return tg_raise(L, "tg.json: %s", error.text);
    lua_pushlstring(L, out->base, out->len);
    return 1;
}

/* The JSON of a value as a string: runtime.lua makes tg.json of it. */
static int encode_json(lua_State *L)
{
    return push_json(L, lua_touserdata(L, lua_upvalueindex(1)));
}

/* json(value, opts): as tg.json, with options. */
static int json(lua_State *L)
{
    lua_settop(L, 2);
    push_json(L, tg_values_get(L));
    return build(L, "tg.json", TG_RESPONSE_JSON, 2, 200);
}

/* xml(value, opts): as tg.xml; runtime.lua makes it callable. */
static int xml(lua_State *L)
{
    struct tg_xml_write_options options = {0};
    struct tg_parse_error error;

    lua_settop(L, 2);
    if (tg_args_optional_table(L, "tg.xml", 2)) {
        lua_getfield(L, 2, "xml");
        tg_xml_write_options_read(L, "tg.xml", 3, &options);
    }
    struct tg_buffer *out = tg_values_buffer(L);
    tg_vm_glance(tg_vm_of(L));
    if (!tg_xml_encode(L, 1, &options, out, &error))
        return tg_raise(L, "tg.xml: %s", error.text);
    lua_pushlstring(L, out->base, out->len);
    return build(L, "tg.xml", TG_RESPONSE_XML, 2, 200);
}

/* tg.text(s, opts) */
static int text(lua_State *L)
{
    tg_args_text(L, "tg.text", 1);
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    return build(L, "tg.text", TG_RESPONSE_TEXT, 2, 200);
}

/* tg.html(s, opts) */
static int html(lua_State *L)
{
    tg_args_text(L, "tg.html", 1);
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    return build(L, "tg.html", TG_RESPONSE_HTML, 2, 200);
}

/* tg.redirect(url, status) */
static int redirect(lua_State *L)
{
    tg_args_text(L, "tg.redirect", 1);
    int status = lua_isnoneornil(L, 2) ? 302 : (int)tg_args_number(L, "tg.redirect", 2);

    if (status < 300 || status > 399)
        return tg_args_fail(L, "tg.redirect", 2, "a status from 300 to 399 expected");
    lua_settop(L, 1);
    lua_pushliteral(L, "");
    build(L, "tg.redirect", TG_RESPONSE_BARE, 3, status);
    lua_getfield(L, -1, "headers");
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "location");
    lua_pop(L, 1);
    return 1;
}

static struct tg_text field_text(lua_State *L, int index, const char *name)
{
    struct tg_text value = {NULL, 0};

    lua_getfield(L, index, name);
    if (lua_type(L, -1) == LUA_TSTRING)
        value.base = lua_tolstring(L, -1, &value.len);
    lua_pop(L, 1); /* the table keeps it */
    return value;
}

static struct tg_text id_of_running(lua_State *L)
{
    struct tg_request *request = tg_request_current(L);

    if (request == NULL)
        return (struct tg_text){NULL, 0};
    h2o_iovec_t id = tg_request_id(request);
    return tg_text(id.base, id.len);
}

/* tg.problem(status, detail) and tg.problem(err) */
static int problem(lua_State *L)
{
    struct tg_buffer *out = tg_values_buffer(L);
    struct tg_text detail = {NULL, 0}, code = {NULL, 0}, backend = {NULL, 0};
    int status;

    lua_settop(L, 2);
    if (lua_istable(L, 1)) {
        lua_getfield(L, 1, "http");
        status = lua_isnumber(L, -1) ? (int)lua_tointeger(L, -1) : 500;
        detail = field_text(L, 1, "message");
        code = field_text(L, 1, "code");
        backend = field_text(L, 1, "backend");
    } else {
        status = (int)tg_args_number(L, "tg.problem", 1);
        if (!lua_isnil(L, 2))
            detail = tg_args_text(L, "tg.problem", 2);
    }
    if (status < 400 || status > 599)
        return tg_args_fail(L, "tg.problem", 1, "a status from 400 to 599 expected");
    tg_problem_write(out, status, detail, code, backend, id_of_running(L));
    lua_pushlstring(L, out->base, out->len);
    return build(L, "tg.problem", TG_RESPONSE_PROBLEM, 10, status);
}

/* tg.response { status =, headers =, body = } */
static int response(lua_State *L)
{
    static const char *const known[] = {"status", "headers", "body", "cache", NULL};

    tg_args_table(L, "tg.response", 1);
    tg_args_keys(L, "tg.response", 1, known);
    lua_settop(L, 1);
    int status = read_status(L, "tg.response", 1, 200);
    lua_getfield(L, 1, "body");
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushliteral(L, "");
    } else if (!lua_isstring(L, -1) && !lua_isfunction(L, -1) &&
               tg_backend_response_at(L, -1) == NULL) {
        return tg_raise(L,
                        "tg.response: body must be a string, a function or a backend's response, "
                        "this is a %s",
                        luaL_typename(L, -1));
    }
    build(L, "tg.response", TG_RESPONSE_BARE, 10, status);
    lua_getfield(L, -1, "headers");
    lua_getfield(L, 1, "headers");
    if (lua_isnil(L, -1))
        lua_pop(L, 1);
    else
        merge_headers(L, "tg.response");
    lua_pop(L, 1);
    take_cache(L, "tg.response", 1);
    return 1;
}

/* tg.try(value, err): the value, or raises err. */
static int try(lua_State *L)
{
    if (!lua_isnoneornil(L, 2)) {
        lua_settop(L, 2);
        return lua_error(L);
    }
    return lua_gettop(L);
}

static const luaL_Reg functions[] = {
    {"text", text},         {"html", html}, {"redirect", redirect}, {"problem", problem},
    {"response", response}, {"try", try},   {NULL, NULL},
};

/* Pushes the list of metatables, told apart by what scripts see in their place; runtime.lua adds
 * what makes `headers` when they are asked for. */
static void push_kinds(lua_State *L)
{
    lua_createtable(L, TG_RESPONSE_XML, 0);
    for (int kind = TG_RESPONSE_BARE; kind <= TG_RESPONSE_XML; kind++) {
        const char *type = tg_response_type((enum tg_response_kind)kind);
        lua_createtable(L, 0, 3);
        lua_pushstring(L, type);
        lua_setfield(L, -2, "type");
        lua_pushfstring(L, "response %s", type != NULL ? type : "");
        lua_setfield(L, -2, "__metatable");
        lua_rawseti(L, -2, kind);
    }
}

/* What only runtime.lua uses goes to the table below the one on top. */
void tg_open_response(lua_State *L)
{
    push_kinds(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "response_kinds");
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, json, 1);
    lua_setfield(L, -4, "json_response");
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, xml, 1);
    lua_setfield(L, -4, "xml_response");
    tg_values_push_block(L);
    lua_pushcclosure(L, encode_json, 1);
    lua_setfield(L, -4, "encode_json");
    luaL_setfuncs(L, functions, 1);
}
