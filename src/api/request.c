#include "api/request.h"

#include <lauxlib.h>
#include <stdio.h>

#include "api/api.h"
#include "api/body.h"
#include "base/clock.h"
#include "http/cookie.h"
#include "http/escape.h"
#include "http/query.h"
#include "script/args.h"
#include "script/fail.h"

static const char metatable[] = "tidegate.request";

/* The block of a `req` userdata. */
struct value {
    struct tg_request *request; /* NULL when it is over */
};

static struct tg_request *live(lua_State *L, const struct value *value)
{
    if (value->request == NULL)
        tg_raise(L, "the request is over: what it held can't be read any more");
    return value->request;
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

static bool is_id(struct tg_text text)
{
    if (text.len == 0 || text.len > 64)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.base[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
            return false;
    }
    return true;
}

h2o_iovec_t tg_request_id(struct tg_request *request)
{
    if (request->id_len == 0) {
        const struct tg_field *given = tg_fields_find(request->fields, TG_TEXT("x-request-id"));
        if (given != NULL && is_id(tg_text(given->value.base, given->value.len))) {
            memcpy(request->id, given->value.base, given->value.len);
            request->id_len = (uint8_t)given->value.len;
        } else {
            tg_host_id(request->host, request->id);
            request->id_len = 16;
        }
    }
    return h2o_iovec_init(request->id, request->id_len);
}

static void keep(struct tg_request *request, h2o_iovec_t *text)
{
    *text = h2o_strdup(&request->run.pool, text->base, text->len);
}

void tg_request_keep(struct tg_request *request)
{
    h2o_iovec_t *texts[] = {&request->method, &request->path,      &request->raw_path,
                            &request->query,  &request->authority, &request->scheme,
                            &request->body};

    if (request->kept)
        return;
    request->kept = true;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        keep(request, texts[i]);
    for (size_t i = 0; i < request->fields.count; i++) {
        struct tg_field *field = (struct tg_field *)&request->fields.list[i];
        keep(request, &field->name);
        keep(request, &field->value);
    }
    tg_request_id(request);
    request->find_client(request);
}

void tg_request_forget(struct tg_request *request)
{
    if (request->value != NULL)
        *request->value = NULL;
    request->value = NULL;
}

struct tg_request *tg_request_current(lua_State *L)
{
    struct tg_task *running = tg_vm_of(L)->running;

    return running != NULL ? running->run->context : NULL;
}

static void push_text(lua_State *L, h2o_iovec_t text)
{
    lua_pushlstring(L, text.base, text.len);
}

static void push_params(lua_State *L, struct tg_request *request)
{
    lua_createtable(L, 0, (int)request->param_count);
    for (size_t i = 0; i < request->param_count; i++) {
        push_text(L, request->params[i].name);
        push_text(L, request->params[i].value);
        lua_rawset(L, -3);
    }
}

static size_t count_pairs(struct tg_text rest)
{
    struct tg_query_pair pair;
    size_t count = 0;

    while (tg_query_next(&rest, &pair))
        count++;
    return count;
}

static h2o_iovec_t decoded(h2o_mem_pool_t *pool, struct tg_text raw)
{
    char *space = h2o_mem_alloc_pool(pool, raw.len + 1);

    return h2o_iovec_init(space, tg_query_decode(raw, space));
}

/* The pairs of a query, or of a form, decoded. */
static struct tg_fields read_pairs(struct tg_request *request, h2o_iovec_t source)
{
    h2o_mem_pool_t *pool = &request->run.pool;
    struct tg_text rest = tg_text(source.base, source.len);
    size_t count = count_pairs(rest), n = 0;
    struct tg_field *list = h2o_mem_alloc_pool(pool, (count + 1) * sizeof(*list));
    struct tg_query_pair pair;

    while (tg_query_next(&rest, &pair))
        list[n++] = (struct tg_field){decoded(pool, pair.name), decoded(pool, pair.value)};
    return (struct tg_fields){list, n};
}

static void push_cookies(lua_State *L, struct tg_request *request)
{
    lua_newtable(L);
    for (size_t i = 0; i < request->fields.count; i++) {
        const struct tg_field *field = &request->fields.list[i];
        struct tg_text rest = tg_text(field->value.base, field->value.len);
        struct tg_cookie cookie;
        if (!tg_text_is_nocase(tg_text(field->name.base, field->name.len), TG_TEXT("cookie")))
            continue;
        while (tg_cookie_next(&rest, &cookie)) {
            lua_pushlstring(L, cookie.name.base, cookie.name.len);
            char *space = h2o_mem_alloc_pool(&request->run.pool, cookie.value.len + 1);
            lua_pushlstring(L, space, tg_cookie_decode(cookie.value, space));
            lua_rawset(L, -3);
        }
    }
}

static void push_client(lua_State *L, struct tg_request *request)
{
    request->find_client(request);
    lua_createtable(L, 0, 2);
    lua_pushstring(L, request->client_address);
    lua_setfield(L, -2, "address");
    lua_pushinteger(L, request->client_port);
    lua_setfield(L, -2, "port");
}

static bool is_lower_hex(const char *text, size_t from, size_t to)
{
    bool all_zero = true;

    for (size_t i = from; i < to; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
        all_zero = all_zero && text[i] == '0';
    }
    return !all_zero;
}

/* A traceparent of version 00 (W3C Trace Context). */
static bool is_traceparent(h2o_iovec_t text)
{
    return text.len == 55 && memcmp(text.base, "00-", 3) == 0 && text.base[35] == '-' &&
           text.base[52] == '-' && is_lower_hex(text.base, 3, 35) &&
           is_lower_hex(text.base, 36, 52) && tg_hex_value(text.base[53]) >= 0 &&
           tg_hex_value(text.base[54]) >= 0;
}

static void push_trace(lua_State *L, struct tg_request *request)
{
    const struct tg_field *given = tg_fields_find(request->fields, TG_TEXT("traceparent"));
    char made[56] = "00-................................-................-01";

    if (given != NULL && is_traceparent(given->value)) {
        push_text(L, given->value);
        return;
    }
    tg_host_id(request->host, made + 3);
    tg_host_id(request->host, made + 19);
    tg_host_id(request->host, made + 36);
    lua_pushlstring(L, made, 55);
}

enum member {
    METHOD = 1,
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
    switch (member) {
    case PARAMS:
        push_params(L, request);
        break;
    case QUERY:
        tg_fields_push(L, 1, read_pairs(request, request->query), TG_FIELDS_QUERY);
        break;
    case HEADERS:
        tg_fields_push(L, 1, request->fields, TG_FIELDS_HEADERS);
        break;
    case COOKIES:
        push_cookies(L, request);
        break;
    case CLIENT:
        push_client(L, request);
        break;
    case TRACE:
        push_trace(L, request);
        break;
    case VARS:
        lua_newtable(L);
        break;
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

/* Kept in the environment table of the userdata, which is made with the first of them. */
static int get_cached(lua_State *L, struct tg_request *request, enum member member)
{
    lua_getfenv(L, 1);
    lua_rawgeti(L, -1, 0);
    bool own = lua_rawequal(L, -1, 1);
    lua_pop(L, 1);
    if (!own) {
        lua_pop(L, 1);
        lua_createtable(L, 8, 0);
        lua_pushvalue(L, 1);
        lua_rawseti(L, -2, 0);
        lua_pushvalue(L, -1);
        lua_setfenv(L, 1);
    }
    lua_rawgeti(L, -1, (int)member - CACHED + 1);
    if (!lua_isnil(L, -1))
        return 1;
    lua_pop(L, 1);
    push_cached(L, request, member);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, (int)member - CACHED + 1);
    return 1;
}

/* req.<name>: upvalue 1 maps names to members (numbers) and methods (functions). */
static int get(lua_State *L)
{
    struct tg_request *request = live(L, lua_touserdata(L, 1));

    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    if (lua_type(L, -1) != LUA_TNUMBER)
        return 1; /* a method, or nil */
    enum member member = (enum member)lua_tointeger(L, -1);
    switch (member) {
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
    tg_fields_push(L, 1, read_pairs(request, request->body), TG_FIELDS_QUERY);
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

static int collect(lua_State *L)
{
    struct value *value = lua_touserdata(L, 1);

    if (value->request != NULL)
        value->request->value = NULL;
    value->request = NULL;
    return 0;
}

static void push_value(lua_State *L, struct tg_request *request)
{
    struct value *value = lua_newuserdata(L, sizeof(*value));

    value->request = NULL;
    tg_kind_set(L, TG_KIND_REQUEST);
    value->request = request;
    request->value = (void **)&value->request;
}

/* Pushes the route's table, made when the first request needs it; nil when nobody looks at it. */
static void push_route(lua_State *L, struct tg_route_scripts *scripts)
{
    if (!scripts->takes_route) {
        lua_pushnil(L);
        return;
    }
    if (scripts->table == 0) {
        tg_vm_push_runtime(L, "load_table");
        lua_pushstring(L, scripts->text);
        lua_call(L, 1, 1);
        scripts->table = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, scripts->table);
}

int tg_request_begin(lua_State *L)
{
    struct tg_request *request = lua_touserdata(L, 1);

    push_value(L, request);
    lua_rawgeti(L, LUA_REGISTRYINDEX, request->scripts->chain);
    push_route(L, request->scripts);
    lua_pushboolean(L, request->look != NULL && !request->scripts->passes);
    return 4;
}

/* ---- the cache, behind the scripts that run before the route's own */

static void on_look(struct tg_wait *wait)
{
    struct tg_look *look = (struct tg_look *)wait;
    struct tg_request *request = wait->task->run->context;

    request->look(request, look);
}

static void on_look_cancel(struct tg_wait *wait)
{
    struct tg_request *request = wait->task != NULL ? wait->task->run->context : NULL;

    if (request != NULL)
        request->looks = NULL;
}

static int take_look(lua_State *L, struct tg_wait *wait)
{
    lua_pushboolean(L, ((struct tg_look *)wait)->has);
    return 1;
}

int tg_request_look(lua_State *L)
{
    struct tg_task *task = tg_task_current(L, "look");
    struct tg_look *look = h2o_mem_alloc_pool(&task->run->pool, sizeof(*look));

    *look =
        (struct tg_look){.wait = {.start = on_look, .cancel = on_look_cancel, .take = take_look}};
    return tg_task_wait(L, task, &look->wait);
}

static const luaL_Reg methods[] = {
    {"json", json},   {"xml", xml},   {"to_json", to_json},     {"to_xml", to_xml},
    {"xpath", xpath}, {"form", form}, {"remaining", remaining}, {NULL, NULL},
};

static const struct {
    const char *name;
    enum member member;
} members[] = {
    {"method", METHOD}, {"path", PATH},       {"raw_path", RAW_PATH}, {"host", HOST},
    {"scheme", SCHEME}, {"version", VERSION}, {"body", BODY},         {"id", ID},
    {"params", PARAMS}, {"query", QUERY},     {"headers", HEADERS},   {"cookies", COOKIES},
    {"client", CLIENT}, {"trace", TRACE},     {"vars", VARS},
};

void tg_open_request(lua_State *L)
{
    tg_fields_open(L);
    luaL_newmetatable(L, metatable);
    tg_kind_open(L, TG_KIND_REQUEST);
    lua_newtable(L);
    luaL_register(L, NULL, methods);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "request_methods"); /* for runtime.lua, which makes some of them wait */
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
        lua_pushinteger(L, members[i].member);
        lua_setfield(L, -2, members[i].name);
    }
    lua_pushcclosure(L, get, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, set);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, "request");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
