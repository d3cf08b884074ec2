/* What a backend answered, as scripts see it. */
#include <lauxlib.h>

#include "api/backend_parts.h"
#include "api/body.h"
#include "script/args.h"

static const char metatable[] = "tidegate.backend_response";
static const char streamed_metatable[] = "tidegate.streamed_response";
static const char light_metatable[] = "tidegate.light_response";
static const char light_streamed_metatable[] = "tidegate.light_streamed_response";

/* What a script has let go of stays until its run ends, when it is no more than this: a finalizer
 * costs more than all else that is done with a small response. */
enum { LIGHT_BODY = 8 * 1024, LIGHT_MOST = 8 };

/* The block of a response userdata. */
struct value {
    struct tg_handle_ref ref; /* to the call, until its request is over */
};

void tg_backend_call_release(struct tg_backend_call *call)
{
    if (call->begun)
        tg_exchange_cancel(&call->exchange);
    call->begun = false;
    if (call->handle != NULL)
        tg_handle_end(call->handles, call->handle);
    call->handle = NULL;
    tg_exchange_dispose(&call->exchange);
    if (call->part != NULL)
        tg_part_end(call->part);
}

static struct tg_backend_call *live(lua_State *L, const struct value *value)
{
    struct tg_backend_call *call = tg_handle_object(value->ref);

    if (call == NULL)
        tg_raise(L, "the request is over: what its backends answered can't be read any more");
    return call;
}

struct tg_backend_call *tg_backend_response_check(lua_State *L, const char *name)
{
    if (!lua_isuserdata(L, 1))
        tg_raise(L, "'%s' is a method of a response: call it with a colon, res:%s(…)", name, name);
    struct tg_backend_call *call = tg_backend_response_at(L, 1);
    return call != NULL ? call : live(L, luaL_checkudata(L, 1, metatable));
}

typedef int reader(lua_State *L, const char *name, struct tg_body body);

static int read_as(lua_State *L, struct tg_backend_call *call, const char *name, reader *read)
{
    struct tg_error error = tg_backend_decode(call);
    struct tg_fields received = {call->exchange.fields, call->exchange.field_count};
    const struct tg_field *type = tg_fields_find(received, TG_TEXT("content-type"));
    struct tg_body body = {
        .bytes = {call->exchange.body.base, call->exchange.body.len},
        .backend = tg_backend_config(call->exchange.backend)->name,
    };

    if (type != NULL)
        body.type = tg_text(type->value.base, type->value.len);
    return error.code != NULL ? tg_backend_fail(L, call, error) : read(L, name, body);
}

static int json(lua_State *L)
{
    return read_as(L, tg_backend_response_check(L, "json"), "res:json", tg_body_json);
}

static int xml(lua_State *L)
{
    return read_as(L, tg_backend_response_check(L, "xml"), "res:xml", tg_body_xml);
}

static int to_json(lua_State *L)
{
    return read_as(L, tg_backend_response_check(L, "to_json"), "res:to_json", tg_body_to_json);
}

static int to_xml(lua_State *L)
{
    return read_as(L, tg_backend_response_check(L, "to_xml"), "res:to_xml", tg_body_to_xml);
}

void tg_backend_response_use(lua_State *L, struct tg_backend_call *call,
                             struct tg_response *response)
{
    tg_backend_check_untaken(L, call);
    if (call->exchange.error.code != NULL) {
        tg_backend_fail(L, call, call->exchange.error);
        lua_error(L);
    }
    call->taken = true;
    response->passed = true;
    response->length_known = call->exchange.length_known;
    response->length = call->exchange.length;
    if (call->begun)
        response->source = tg_exchange_source(&call->exchange);
    else
        response->body = call->exchange.body;
}

struct tg_backend_call *tg_backend_response_at(lua_State *L, int index)
{
    static const int kinds[] = {TG_KIND_LIGHT_RESPONSE, TG_KIND_LIGHT_STREAMED_RESPONSE,
                                TG_KIND_RESPONSE, TG_KIND_STREAMED_RESPONSE};
    struct value *value = NULL;

    for (size_t i = 0; value == NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        value = tg_kind_at(L, index, kinds[i]);
    return value != NULL ? live(L, value) : NULL;
}

static int xpath(lua_State *L)
{
    return read_as(L, tg_backend_response_check(L, "xpath"), "res:xpath", tg_body_xpath);
}

/* res.<name>: upvalue 1 holds the methods. */
static int get(lua_State *L)
{
    struct tg_backend_call *call = live(L, lua_touserdata(L, 1));
    struct tg_text name;

    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    name.base = lua_tolstring(L, 2, &name.len);
    if (tg_text_is(name, TG_TEXT("status"))) {
        lua_pushinteger(L, call->exchange.status);
        return 1;
    }
    if (tg_text_is(name, TG_TEXT("body"))) {
        struct tg_error error = tg_backend_decode(call);
        if (error.code != NULL) {
            tg_backend_fail(L, call, error);
            return lua_error(L);
        }
        lua_pushlstring(L, call->exchange.body.base, call->exchange.body.len);
        return 1;
    }
    if (tg_text_is(name, TG_TEXT("headers"))) {
        tg_fields_push_open(L, tg_handle_refer(call->handle), &call->fields, &call->run->pool);
        if (!call->light)
            tg_fields_hold(L, 1);
        return 1;
    }
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    return 1;
}

static int set(lua_State *L)
{
    return tg_raise(L, "what a backend answered can't be changed; build a response of your own");
}

/* A body that no script can reach any more does not wait for the end of the request. */
static int collect(lua_State *L)
{
    struct value *value = lua_touserdata(L, 1);
    struct tg_backend_call *call = tg_handle_object(value->ref);

    if (call == NULL || call->taken)
        return 0; /* its request is over, or it is being sent */
    if (!call->streamed)
        call->run->held -= call->exchange.body.len;
    if (call->begun)
        tg_exchange_cancel(&call->exchange);
    call->begun = false;
    tg_exchange_dispose(&call->exchange);
    return 0;
}

static bool is_light(const struct tg_backend_call *call)
{
    return !call->begun && call->exchange.body.len <= LIGHT_BODY && call->run->light < LIGHT_MOST;
}

void tg_backend_response_push(lua_State *L, struct tg_backend_call *call)
{
    struct value *value = lua_newuserdata(L, sizeof(*value));

    call->handles = &tg_vm_of(L)->handles;
    call->handle = tg_handle_take(call->handles, call);
    value->ref = tg_handle_refer(call->handle);
    call->light = is_light(call);
    call->run->light += call->light;
    if (call->light)
        tg_kind_set(L, call->streamed ? TG_KIND_LIGHT_STREAMED_RESPONSE : TG_KIND_LIGHT_RESPONSE);
    else
        tg_kind_set(L, call->streamed ? TG_KIND_STREAMED_RESPONSE : TG_KIND_RESPONSE);
}

static const luaL_Reg methods[] = {
    {"json", json},     {"xml", xml},     {"to_json", to_json},
    {"to_xml", to_xml}, {"xpath", xpath}, {NULL, NULL},
};

/* Beside __index, which needs the methods. */
static const luaL_Reg metamethods[] = {{"__newindex", set}, {"__gc", collect}, {NULL, NULL}};
static const luaL_Reg light_metamethods[] = {{"__newindex", set}, {NULL, NULL}};

/* Pushes a metatable; the table of methods is on top. */
static void push_metatable(lua_State *L, const char *name, int kind, const luaL_Reg *functions)
{
    luaL_newmetatable(L, name);
    tg_kind_open(L, kind);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, get, 1);
    lua_setfield(L, -2, "__index");
    tg_kind_fill(L, functions, "backend_response");
}

/* runtime.lua makes those that wait of what stands in `backend_responses`. */
void tg_backend_response_open(lua_State *L)
{
    lua_newtable(L);
    luaL_register(L, NULL, tg_backend_body_waits);
    lua_newtable(L);
    luaL_register(L, NULL, methods);
    push_metatable(L, metatable, TG_KIND_RESPONSE, metamethods);
    lua_pop(L, 1);
    push_metatable(L, light_metatable, TG_KIND_LIGHT_RESPONSE, light_metamethods);
    lua_pop(L, 1);
    push_metatable(L, streamed_metatable, TG_KIND_STREAMED_RESPONSE, metamethods);
    lua_setfield(L, -3, "streamed");
    push_metatable(L, light_streamed_metatable, TG_KIND_LIGHT_STREAMED_RESPONSE, light_metamethods);
    lua_setfield(L, -3, "light_streamed");
    lua_setfield(L, -2, "methods");
    lua_setfield(L, -2, "backend_responses");
}
