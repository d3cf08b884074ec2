/* What a backend answered, as scripts see it: the body stays in C until a script asks for it. */
#include <lauxlib.h>

#include "api/backend_call.h"
#include "api/body.h"
#include "script/args.h"

static const char metatable[] = "tidegate.backend_response";

/* The block of a response userdata. */
struct value {
    struct tg_backend_call *call; /* NULL when its request is over */
};

void tg_backend_call_release(struct tg_backend_call *call)
{
    if (call->begun)
        tg_exchange_cancel(&call->exchange);
    call->begun = false;
    if (call->value != NULL)
        *call->value = NULL;
    call->value = NULL;
    tg_exchange_dispose(&call->exchange);
}

static struct tg_backend_call *live(lua_State *L, const struct value *value)
{
    if (value->call == NULL)
        tg_raise(L, "the request is over: what its backends answered can't be read any more");
    return value->call;
}

static struct tg_backend_call *check(lua_State *L, const char *name)
{
    if (!lua_isuserdata(L, 1))
        tg_raise(L, "'%s' is a method of a response: call it with a colon, res:%s(…)", name, name);
    return live(L, luaL_checkudata(L, 1, metatable));
}

static struct tg_body body_of(const struct tg_backend_call *call)
{
    struct tg_fields fields = {call->exchange.fields, call->exchange.field_count};
    const struct tg_field *type = tg_fields_find(fields, TG_TEXT("content-type"));
    struct tg_body body = {
        .bytes = {call->exchange.body.base, call->exchange.body.len},
        .backend = tg_backend_config(call->exchange.backend)->name,
    };

    if (type != NULL)
        body.type = tg_text(type->value.base, type->value.len);
    return body;
}

static int json(lua_State *L)
{
    return tg_body_json(L, "res:json", body_of(check(L, "json")));
}

static int xml(lua_State *L)
{
    return tg_body_xml(L, "res:xml", body_of(check(L, "xml")));
}

static int to_json(lua_State *L)
{
    return tg_body_to_json(L, "res:to_json", body_of(check(L, "to_json")));
}

static int to_xml(lua_State *L)
{
    return tg_body_to_xml(L, "res:to_xml", body_of(check(L, "to_xml")));
}

static int xpath(lua_State *L)
{
    return tg_body_xpath(L, "res:xpath", body_of(check(L, "xpath")));
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
        lua_pushlstring(L, call->exchange.body.base, call->exchange.body.len);
        return 1;
    }
    if (tg_text_is(name, TG_TEXT("headers"))) {
        struct tg_fields fields = {call->exchange.fields, call->exchange.field_count};
        tg_fields_push(L, 1, fields, TG_FIELDS_HEADERS);
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
    struct tg_backend_call *call = value->call;

    if (call == NULL)
        return 0;
    value->call = NULL;
    call->value = NULL;
    call->run->held -= call->exchange.body.len;
    tg_exchange_dispose(&call->exchange);
    return 0;
}

void tg_backend_response_push(lua_State *L, struct tg_backend_call *call)
{
    struct value *value = lua_newuserdata(L, sizeof(*value));

    value->call = NULL;
    luaL_getmetatable(L, metatable);
    lua_setmetatable(L, -2);
    value->call = call;
    call->value = (void **)&value->call;
}

static const luaL_Reg methods[] = {
    {"json", json},     {"xml", xml},     {"to_json", to_json},
    {"to_xml", to_xml}, {"xpath", xpath}, {NULL, NULL},
};

void tg_backend_response_open(lua_State *L)
{
    luaL_newmetatable(L, metatable);
    lua_newtable(L);
    luaL_register(L, NULL, methods);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "response_methods"); /* as request_methods */
    lua_pushcclosure(L, get, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, set);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, "backend_response");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
