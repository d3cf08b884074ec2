#include "api/request_value.h"

#include <lauxlib.h>

#include "api/api.h"
#include "api/body.h"
#include "api/request_parts.h"
#include "script/args.h"
#include "script/fail.h"

static const char metatable[] = "tidegate.request";

/* The block of a `req` userdata. */
struct value {
    struct tg_handle_ref ref; /* to the request */
    bool has_members;         /* its environment is its own, and keeps members */
};

static struct tg_request *live(lua_State *L, const struct value *value)
{
    struct tg_request *request = tg_handle_object(value->ref);

    if (request == NULL)
        tg_raise(L, "the request is over: what it held can't be read any more");
    return request;
}

static struct tg_request *check(lua_State *L, const char *name)
{
    if (!lua_isuserdata(L, 1))
        tg_raise(L, "'%s' is a method of the request: call it with a colon, req:%s(…)", name, name);
    return live(L, luaL_checkudata(L, 1, metatable));
}

struct tg_request *tg_request_at(lua_State *L, const char *name, int index)
{
    void *block = tg_kind_at(L, index, TG_KIND_REQUEST);

    if (block == NULL)
        tg_args_fail(L, name, index, "the request (req) expected");
    return live(L, block);
}

static void push_text(lua_State *L, h2o_iovec_t text)
{
    lua_pushlstring(L, text.base, text.len);
}

enum { NAMES = 64 }; /* slots, most of them empty */

enum member {
    NONE,
    METHOD,
    PATH,
    RAW_PATH,
    HOST,
    SCHEME,
    VERSION,
    BODY,
    ID,
    CACHED, /* those from here on are made once and kept */
    PARAMS = CACHED,
    QUERY,
    HEADERS,
    COOKIES,
    CLIENT,
    TRACE,
    VARS,
};

static void push_cached(lua_State *L, struct tg_request *request, enum member member)
{
    struct tg_handle_ref ref = tg_handle_refer(request->handle);

    switch (member) {
    case PARAMS:
        tg_request_push_params(L, request);
        break;
    case QUERY:
        tg_fields_push(L, ref, tg_request_pairs(request, request->query), TG_FIELDS_QUERY);
        break;
    case HEADERS:
        tg_fields_push(L, ref, request->fields, TG_FIELDS_HEADERS);
        break;
    case COOKIES:
        tg_request_push_cookies(L, request);
        break;
    case CLIENT:
        tg_request_push_client(L, request);
        break;
    case TRACE:
        tg_request_push_trace(L, request);
        break;
    case VARS:
        lua_newtable(L);
        break;
    case NONE:
    case METHOD:
    case PATH:
    case RAW_PATH:
    case HOST:
    case SCHEME:
    case VERSION:
    case BODY:
    case ID:
        lua_pushnil(L); /* these are never cached */
        break;
    }
}

/* Pushes the environment table of the userdata, which is made with the first member that it keeps.
 */
static void push_members(lua_State *L, struct value *value)
{
    if (value->has_members) {
        lua_getfenv(L, 1);
        return;
    }
    lua_createtable(L, VARS - CACHED + 1, 0);
    lua_pushvalue(L, -1);
    value->has_members = lua_setfenv(L, 1) != 0;
}

static int get_cached(lua_State *L, struct tg_request *request, enum member member)
{
    int place = (int)member - CACHED + 1;

    push_members(L, lua_touserdata(L, 1));
    lua_rawgeti(L, -1, place);
    if (!lua_isnil(L, -1))
        return 1;
    lua_pop(L, 1);
    push_cached(L, request, member);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, place);
    return 1;
}

/* Names by the addresses of their strings: equal ones have the same. */
struct names {
    struct {
        const void *string;
        enum member member;
    } slots[NAMES];
};

static size_t slot_of(const void *string)
{
    return ((uintptr_t)string >> 4) % NAMES;
}

/* The string on top names a member. */
static void add_name(lua_State *L, struct names *names, enum member member)
{
    const void *string = lua_topointer(L, -1);
    size_t slot = slot_of(string);

    while (names->slots[slot].string != NULL)
        slot = (slot + 1) % NAMES;
    names->slots[slot].string = string;
    names->slots[slot].member = member;
}

/* The member with that name, or NONE. */
static inline enum member find_name(const struct names *names, const void *string)
{
    size_t slot = slot_of(string);

    while (names->slots[slot].string != NULL) {
        if (names->slots[slot].string == string)
            return names->slots[slot].member;
        slot = (slot + 1) % NAMES;
    }
    return NONE;
}

/* req.<name>: upvalue 1 holds what is no member but a method, by name; upvalue 2 has the names. */
static int get(lua_State *L)
{
    struct tg_request *request = live(L, lua_touserdata(L, 1));
    const struct names *names = lua_touserdata(L, lua_upvalueindex(2));
    enum member member = find_name(names, lua_topointer(L, 2));

    switch (member) {
    case NONE:
        lua_pushvalue(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
        return 1; /* a method, or nil */
    case METHOD:
        push_text(L, request->method);
        return 1;
    case PATH:
        push_text(L, request->path);
        return 1;
    case RAW_PATH:
        push_text(L, request->raw_path);
        return 1;
    case HOST:
        push_text(L, request->authority);
        return 1;
    case SCHEME:
        push_text(L, request->scheme);
        return 1;
    case VERSION:
        lua_pushstring(L, request->version == 0x100 ? "1.0" : "1.1");
        return 1;
    case BODY:
        push_text(L, request->body);
        return 1;
    case ID:
        push_text(L, tg_request_id(request));
        return 1;
    case PARAMS:
    case QUERY:
    case HEADERS:
    case COOKIES:
    case CLIENT:
    case TRACE:
    case VARS:
        return get_cached(L, request, member);
    }
    return 0;
}

static int set(lua_State *L)
{
    return tg_raise(L, "req.%s can't be set; put what scripts tell each other into req.vars",
                    lua_tostring(L, 2) != NULL ? lua_tostring(L, 2) : "?");
}

static struct tg_body body_of(const struct tg_request *request)
{
    const struct tg_field *type = tg_fields_find(request->fields, TG_TEXT("content-type"));
    struct tg_body body = {.bytes = {request->body.base, request->body.len}};

    if (type != NULL)
        body.type = tg_text(type->value.base, type->value.len);
    return body;
}

static int json(lua_State *L)
{
    return tg_body_json(L, "req:json", body_of(check(L, "json")));
}

static int xml(lua_State *L)
{
    return tg_body_xml(L, "req:xml", body_of(check(L, "xml")));
}

static int to_json(lua_State *L)
{
    return tg_body_to_json(L, "req:to_json", body_of(check(L, "to_json")));
}

static int to_xml(lua_State *L)
{
    return tg_body_to_xml(L, "req:to_xml", body_of(check(L, "to_xml")));
}

static int xpath(lua_State *L)
{
    return tg_body_xpath(L, "req:xpath", body_of(check(L, "xpath")));
}

/* Whether the body is a form, with or without parameters behind the type. */
static bool is_form(struct tg_request *request)
{
    const struct tg_field *type = tg_fields_find(request->fields, TG_TEXT("content-type"));
    struct tg_text wanted = TG_TEXT("application/x-www-form-urlencoded");

    if (type == NULL || type->value.len < wanted.len ||
        !tg_text_is_nocase(tg_text(type->value.base, wanted.len), wanted))
        return false;
    return type->value.len == wanted.len || strchr("; \t", type->value.base[wanted.len]) != NULL;
}

/* req:form(): the body's pairs; like req.query. */
static int form(lua_State *L)
{
    struct tg_request *request = check(L, "form");

    if (!is_form(request)) {
        tg_fail(L, (struct tg_error){"parse", "the body is not application/x-www-form-urlencoded"});
        tg_fail_status(L, 415);
        return 2;
    }
    tg_fields_push(L, tg_handle_refer(request->handle), tg_request_pairs(request, request->body),
                   TG_FIELDS_QUERY);
    return 1;
}

/* req:remaining(): seconds until the deadline. */
static int remaining(lua_State *L)
{
    struct tg_request *request = check(L, "remaining");
    struct tg_timers *timers = tg_vm_of(L)->options.timers;
    uint64_t deadline = request->run.deadline_ms;

    tg_timers_expire(timers); /* the script may have run for long */
    uint64_t now = tg_timers_now(timers);

    lua_pushnumber(L, deadline > now ? (lua_Number)(deadline - now) / 1000 : 0);
    return 1;
}

void tg_request_push(lua_State *L, struct tg_request *request)
{
    struct value *value = lua_newuserdata(L, sizeof(*value));

    request->handle = tg_handle_take(&request->task.vm->handles, request);
    *value = (struct value){.ref = tg_handle_refer(request->handle)};
    tg_kind_set(L, TG_KIND_REQUEST);
}

static const luaL_Reg methods[] = {
    {"json", json},   {"xml", xml},   {"to_json", to_json},     {"to_xml", to_xml},
    {"xpath", xpath}, {"form", form}, {"remaining", remaining}, {NULL, NULL},
};

/* Beside __index, which needs the members. */
static const luaL_Reg metamethods[] = {{"__newindex", set}, {NULL, NULL}};

static const struct {
    const char *name;
    enum member member;
} members[] = {
    {"method", METHOD}, {"path", PATH},       {"raw_path", RAW_PATH}, {"host", HOST},
    {"scheme", SCHEME}, {"version", VERSION}, {"body", BODY},         {"id", ID},
    {"params", PARAMS}, {"query", QUERY},     {"headers", HEADERS},   {"cookies", COOKIES},
    {"client", CLIENT}, {"trace", TRACE},     {"vars", VARS},
};

/* Pushes a userdata with the names of all members; a table that is its environment keeps their
 * strings. */
static void push_names(lua_State *L)
{
    struct names *names = lua_newuserdata(L, sizeof(*names));

    memset(names, 0, sizeof(*names));
    lua_newtable(L);
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
        lua_pushstring(L, members[i].name);
        add_name(L, names, members[i].member);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfenv(L, -2);
}

void tg_open_request(lua_State *L)
{
    tg_fields_open(L);
    luaL_newmetatable(L, metatable);
    tg_kind_open(L, TG_KIND_REQUEST);
    lua_newtable(L);
    luaL_register(L, NULL, methods);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "request_methods"); /* for runtime.lua, which makes some of them wait */
    push_names(L);
    lua_pushcclosure(L, get, 2);
    lua_setfield(L, -2, "__index");
    tg_kind_fill(L, metamethods, "request");
    lua_pop(L, 1);
}
