/* The options of a backend call: from a Lua table to the call. */
#include <lauxlib.h>

#include "api/backend_parts.h"
#include "api/forward.h"
#include "http/strict.h"
#include "script/args.h"

/* Places in the lists of names below; the first ones are the same in each. */
enum option {
    HEADERS,
    TIMEOUT,
    CONNECT_TIMEOUT,
    EXPECT,
    RETRIES,
    FORWARD_PATH,
    CACHE = FORWARD_PATH
};

static const char *const known[] = {
    "headers", "timeout", "connect_timeout", "expect", "retries",     "cache", "query", "body",
    "json",    "form",    "stream",          "xml",    "xml_options", NULL};
static const char *const known_forward[] = {
    "headers", "timeout", "connect_timeout", "expect", "retries", "path", NULL};
static const char *const known_request[] = {
    "headers", "timeout", "connect_timeout", "expect", "retries", "cache",
    "method",  "path",    "query",           "body",   "json",    "form",
    "stream",  "xml",     "xml_options",     NULL};

static bool is_given(const struct tg_backend_reading *r, enum option option)
{
    return (r->given >> option & 1) != 0;
}

static uint32_t read_duration(lua_State *L, struct tg_backend_reading *r, int opts,
                              enum option option)
{
    double ms = 0;

    if (!is_given(r, option))
        return 0;
    lua_getfield(L, opts, known[option]);
    if (!lua_isnil(L, -1) && (!tg_args_duration(L, -1, &ms) || ms < 1 || ms > 86400e3))
        tg_raise(L, "%s: %s must be seconds from 0.001 to 86400, or a text such as '250ms'",
                 r->name, known[option]);
    lua_pop(L, 1);
    return (uint32_t)ms;
}

static void read_retries(lua_State *L, struct tg_backend_reading *r, int opts)
{
    if (!is_given(r, RETRIES))
        return;
    lua_getfield(L, opts, "retries");
    if (!lua_isnil(L, -1)) {
        lua_Number retries = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : -1;
        if (!(retries >= 0 && retries <= 10) || retries != (lua_Number)(int)retries)
            tg_raise(L, "%s: retries must be a whole number from 0 to 10", r->name);
        r->call->call.has_retries = true;
        r->call->call.retries = (uint32_t)retries;
    }
    lua_pop(L, 1);
}

static void read_expect(lua_State *L, struct tg_backend_reading *r, int opts)
{
    if (!is_given(r, EXPECT))
        return;
    lua_getfield(L, opts, "expect");
    if (!lua_isnil(L, -1)) {
        const char *expect = lua_tostring(L, -1);
        if (expect == NULL || !tg_expect_is_valid(expect))
            tg_raise(L, "%s: expect must be a status such as 200 or a class such as '2xx'",
                     r->name);
        memcpy(r->call->expect, expect, 4);
    }
    lua_pop(L, 1);
}

static void read_stream(lua_State *L, struct tg_backend_reading *r, int opts)
{
    lua_getfield(L, opts, "stream");
    if (!lua_isnil(L, -1) && !lua_isboolean(L, -1))
        tg_raise(L, "%s: stream must be true or false", r->name);
    r->call->streamed = lua_toboolean(L, -1);
    lua_pop(L, 1);
}

bool tg_expect_is_valid(const char *text)
{
    if (strlen(text) != 3 || text[0] < '1' || text[0] > '5')
        return false;
    if (text[1] == 'x' && text[2] == 'x')
        return true;
    return text[1] >= '0' && text[1] <= '9' && text[2] >= '0' && text[2] <= '9';
}

static void add_part(struct tg_backend_reading *r, const struct tg_response_cache *keep)
{
    struct tg_part *part = h2o_mem_alloc_pool(r->pool, sizeof(*part));

    *part = (struct tg_part){.keep = *keep, .owner = r->call};
    part->keep.said = true;
    r->call->part = part;
}

static void read_cache(lua_State *L, struct tg_backend_reading *r, int opts)
{
    struct tg_response_cache keep = {.said = false};

    if (!is_given(r, CACHE))
        return;
    lua_getfield(L, opts, "cache");
    if (!lua_isnil(L, -1)) {
        tg_keep_read(L, r->name, lua_gettop(L), &keep, r->pool);
        if (!keep.never && !keep.has_ttl)
            tg_raise(L, "%s: cache needs a ttl", r->name);
        if (!keep.never && r->call->streamed)
            tg_raise(L, "%s: what is streamed can't be kept: either stream or cache", r->name);
        if (!keep.never)
            add_part(r, &keep);
    }
    lua_pop(L, 1);
}

static void read_options(lua_State *L, struct tg_backend_reading *r, int opts)
{
    struct tg_call *call = &r->call->call;

    tg_backend_read_body(L, r, opts);
    tg_backend_read_headers(L, r, opts);
    call->timeout_ms = read_duration(L, r, opts, TIMEOUT);
    call->connect_timeout_ms = read_duration(L, r, opts, CONNECT_TIMEOUT);
    read_retries(L, r, opts);
    read_expect(L, r, opts);
    read_stream(L, r, opts);
    read_cache(L, r, opts);
}

static void read_method(lua_State *L, struct tg_backend_reading *r)
{
    struct tg_text method = TG_TEXT("GET");

    lua_getfield(L, 2, "method");
    if (!lua_isnil(L, -1)) {
        method.base = lua_tolstring(L, -1, &method.len);
        if (method.base == NULL || tg_strict_method(method) != NULL)
            tg_raise(L, "%s: method must be a token such as 'GET'", r->name);
        if (tg_text_is(method, TG_TEXT("CONNECT")))
            tg_raise(L, "%s: CONNECT can't be sent", r->name);
    }
    r->call->call.method = tg_backend_keep(r, method);
}

void tg_backend_options(lua_State *L, const char *name, struct tg_backend_call *call,
                        h2o_iovec_t method)
{
    struct tg_backend_reading r = {.name = name, .call = call, .pool = &call->run->pool};
    int opts = 0;

    luaL_checkstack(L, 20, "options");
    call->call.method = method;
    if (method.len == 0) {
        tg_args_table(L, name, 2);
        r.given = tg_args_keys(L, name, 2, known_request);
        lua_settop(L, 2);
        opts = 2;
        read_method(L, &r);
        lua_getfield(L, 2, "path");
        if (!lua_isstring(L, -1))
            tg_raise(L, "%s: path must be a string", name);
    } else {
        tg_args_text(L, name, 2);
        if (tg_args_optional_table(L, name, 3)) {
            r.given = tg_args_keys(L, name, 3, known);
            opts = 3;
        }
        lua_settop(L, 3);
        lua_pushvalue(L, 2);
    }
    struct tg_text path;
    path.base = lua_tolstring(L, -1, &path.len);
    tg_backend_read_target(L, &r, opts, path);
    if (opts != 0)
        read_options(L, &r, opts);
}

static bool has(const struct tg_field *list, size_t count, h2o_iovec_t name)
{
    for (size_t i = 0; i < count; i++)
        if (tg_text_is_nocase(tg_text(list[i].name.base, list[i].name.len),
                              tg_text(name.base, name.len)))
            return true;
    return false;
}

/* Puts the fields of opts.headers in the place of those that the client sent. */
static void set_headers(lua_State *L, struct tg_backend_reading *r, int opts,
                        struct tg_request *request, bool clients_host)
{
    struct tg_call *call = &r->call->call;
    struct tg_field *own = NULL;
    size_t count = 0, n = 0;

    lua_getfield(L, opts, "headers");
    if (!lua_isnil(L, -1))
        count = tg_backend_read_header_table(L, r, &own);
    h2o_iovec_t host = call->host;
    tg_forward_request(request, clients_host, count, call);
    if (host.len != 0)
        call->host = host;
    struct tg_field *list = (struct tg_field *)(uintptr_t)call->fields;
    for (size_t i = 0; i < call->field_count; i++)
        if (!has(own, count, list[i].name))
            list[n++] = list[i];
    for (size_t i = 0; i < count; i++)
        list[n++] = own[i];
    call->field_count = n;
}

void tg_backend_forward_options(lua_State *L, const char *name, struct tg_backend_call *call,
                                struct tg_request *request)
{
    struct tg_backend_reading r = {.name = name, .call = call, .pool = &call->run->pool};
    bool clients_host = tg_backend_config(call->exchange.backend)->clients_host;

    luaL_checkstack(L, 20, "options");
    call->call.target = tg_forward_target(request);
    if (!tg_args_optional_table(L, name, 3)) {
        tg_forward_request(request, clients_host, 0, &call->call);
        return;
    }
    r.given = tg_args_keys(L, name, 3, known_forward);
    lua_settop(L, 3);
    set_headers(L, &r, 3, request, clients_host);
    if (is_given(&r, FORWARD_PATH)) {
        struct tg_text path;
        lua_getfield(L, 3, "path");
        path.base = lua_tolstring(L, -1, &path.len);
        if (path.base == NULL)
            tg_raise(L, "%s: path must be a string", name);
        tg_backend_read_target(L, &r, 0, path);
    }
    call->call.timeout_ms = read_duration(L, &r, 3, TIMEOUT);
    call->call.connect_timeout_ms = read_duration(L, &r, 3, CONNECT_TIMEOUT);
    read_retries(L, &r, 3);
    read_expect(L, &r, 3);
}
