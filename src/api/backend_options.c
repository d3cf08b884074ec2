/* The options of a backend call: from a Lua table to the request that is sent. */
#include <lauxlib.h>
#include <stdlib.h>

#include "api/backend_call.h"
#include "api/forward.h"
#include "http/query.h"
#include "http/strict.h"
#include "script/args.h"
#include "script/json_value.h"
#include "script/value.h"
#include "script/xml_value.h"

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

struct reading {
    const char *name;
    struct tg_backend_call *call;
    h2o_mem_pool_t *pool;
    const char *content_type; /* of a body that we encode */
    uint32_t given;           /* options: a bit for each */
};

static bool is_given(const struct reading *r, enum option option)
{
    return (r->given >> option & 1) != 0;
}

static h2o_iovec_t keep(struct reading *r, struct tg_text text)
{
    return h2o_strdup(r->pool, text.base, text.len);
}

static int compare(const void *a, const void *b)
{
    const struct tg_text *x = a, *y = b;
    size_t least = x->len < y->len ? x->len : y->len;
    int order = memcmp(x->base, y->base, least);

    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* The names of the table on top, in the order of their bytes; they live as long as the table.
 * Where a value is a list, its items are added to *items, else one. */
static struct tg_text *sorted_names(lua_State *L, struct reading *r, const char *what,
                                    size_t *count, size_t *items)
{
    size_t n = 0;

    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        if (lua_type(L, -2) != LUA_TSTRING)
            tg_raise(L, "%s: %s must have names, not a list", r->name, what);
        n++;
        *items += lua_istable(L, -1) ? lua_objlen(L, -1) : 1;
        lua_pop(L, 1);
    }
    struct tg_text *names = h2o_mem_alloc_pool(r->pool, (n + 1) * sizeof(*names));
    *count = n;
    lua_pushnil(L);
    for (size_t i = 0; lua_next(L, -2) != 0; i++) {
        lua_pop(L, 1);
        names[i].base = lua_tolstring(L, -1, &names[i].len);
    }
    if (n > 1)
        qsort(names, n, sizeof(*names), compare);
    return names;
}

static void put_pair(lua_State *L, struct reading *r, struct tg_buffer *out, struct tg_text name,
                     const char *what)
{
    struct tg_text value;

    if (lua_isboolean(L, -1))
        value = lua_toboolean(L, -1) ? TG_TEXT("true") : TG_TEXT("false");
    else if (lua_isstring(L, -1))
        value.base = lua_tolstring(L, -1, &value.len);
    else {
        tg_raise(L, "%s: %s.%s is a %s; a string, a number, a boolean or a list of them is right",
                 r->name, what, name.base, luaL_typename(L, -1));
        return;
    }
    if (out->len > 0)
        tg_buffer_put(out, '&');
    tg_query_encode(out, name);
    tg_buffer_put(out, '=');
    tg_query_encode(out, value);
}

/* Encodes the table on top as name=value&… into the scratch buffer. */
static struct tg_text encode_pairs(lua_State *L, struct reading *r, const char *what)
{
    struct tg_buffer *out = tg_values_buffer(L);
    size_t count, items = 0;

    if (luaL_getmetafield(L, -1, "__totable")) {
        lua_pushvalue(L, -2);
        lua_call(L, 1, 1);
        lua_replace(L, -2);
    }
    if (!lua_istable(L, -1))
        tg_raise(L, "%s: %s must be a table", r->name, what);
    struct tg_text *names = sorted_names(L, r, what, &count, &items);
    for (size_t i = 0; i < count; i++) {
        lua_pushlstring(L, names[i].base, names[i].len);
        lua_rawget(L, -2);
        if (lua_istable(L, -1)) {
            int values = (int)lua_objlen(L, -1);
            for (int n = 1; n <= values; n++) {
                lua_rawgeti(L, -1, n);
                put_pair(L, r, out, names[i], what);
                lua_pop(L, 1);
            }
        } else {
            put_pair(L, r, out, names[i], what);
        }
        lua_pop(L, 1);
    }
    return tg_text(out->base, out->len);
}

static void check_path(lua_State *L, struct reading *r, struct tg_text path)
{
    if (path.len == 0 || path.base[0] != '/')
        tg_raise(L, "%s: the path must begin with '/'", r->name);
    for (size_t i = 0; i < path.len; i++)
        if ((unsigned char)path.base[i] <= ' ' || (unsigned char)path.base[i] >= 0x7f)
            tg_raise(L, "%s: the path has a character that must be escaped (tg.escape)", r->name);
}

static void read_target(lua_State *L, struct reading *r, int opts, struct tg_text path)
{
    struct tg_text query = {NULL, 0};

    check_path(L, r, path);
    if (opts != 0) {
        lua_getfield(L, opts, "query");
        if (!lua_isnil(L, -1))
            query = encode_pairs(L, r, "query");
    }
    if (query.len == 0) {
        r->call->call.target = keep(r, path);
        return;
    }
    char *target = h2o_mem_alloc_pool(r->pool, path.len + 1 + query.len);
    memcpy(target, path.base, path.len);
    target[path.len] = memchr(path.base, '?', path.len) != NULL ? '&' : '?';
    memcpy(target + path.len + 1, query.base, query.len);
    r->call->call.target = h2o_iovec_init(target, path.len + 1 + query.len);
}

static void set_body(struct reading *r, struct tg_text body, const char *content_type)
{
    r->call->call.body = keep(r, body);
    r->call->call.has_body = true;
    r->content_type = content_type;
}

static void read_json_body(lua_State *L, struct reading *r)
{
    struct tg_buffer *out = tg_values_buffer(L);
    struct tg_parse_error error;

    if (!tg_json_encode(L, lua_gettop(L), NULL, out, &error))
        tg_raise(L, "%s: json: %s", r->name, error.text);
    set_body(r, tg_text(out->base, out->len), "application/json");
}

static void read_xml_body(lua_State *L, struct reading *r, int opts)
{
    struct tg_buffer *out = tg_values_buffer(L);
    struct tg_xml_write_options options;
    struct tg_parse_error error;
    int value = lua_gettop(L);

    lua_getfield(L, opts, "xml_options");
    tg_xml_write_options_read(L, r->name, value + 1, &options);
    if (!tg_xml_encode(L, value, &options, out, &error))
        tg_raise(L, "%s: xml: %s", r->name, error.text);
    set_body(r, tg_text(out->base, out->len), "application/xml");
}

/* At most one of body, json, xml and form. */
static void read_body(lua_State *L, struct reading *r, int opts)
{
    int given = 0;

    lua_getfield(L, opts, "body");
    if (!lua_isnil(L, -1)) {
        struct tg_text body;
        body.base = lua_tolstring(L, -1, &body.len);
        if (body.base == NULL)
            tg_raise(L, "%s: body must be a string, this is a %s", r->name, luaL_typename(L, -1));
        set_body(r, body, NULL);
        given++;
    }
    lua_getfield(L, opts, "json");
    if (!lua_isnil(L, -1)) {
        read_json_body(L, r);
        given++;
    }
    lua_getfield(L, opts, "xml");
    if (!lua_isnil(L, -1)) {
        read_xml_body(L, r, opts);
        given++;
    }
    lua_getfield(L, opts, "form");
    if (!lua_isnil(L, -1)) {
        set_body(r, encode_pairs(L, r, "form"), "application/x-www-form-urlencoded");
        given++;
    }
    if (given > 1)
        tg_raise(L, "%s: only one of body, json, xml and form can be given", r->name);
}

static void add_field(lua_State *L, struct reading *r, struct tg_text name, struct tg_field *list,
                      size_t *n)
{
    struct tg_text value;

    value.base = lua_tolstring(L, -1, &value.len);
    if (value.base == NULL)
        tg_raise(L, "%s: the header '%s' is a %s; a string or a list of strings is right", r->name,
                 name.base, luaL_typename(L, -1));
    if (tg_strict_field_name(name) != NULL)
        tg_raise(L, "%s: '%s' can't be the name of a header", r->name, name.base);
    if (tg_strict_field_value(value) != NULL)
        tg_raise(L, "%s: the value of the header '%s' has characters that can't be sent", r->name,
                 name.base);
    if (tg_strict_is_of_connection(name))
        return;
    if (tg_text_is_nocase(name, TG_TEXT("host"))) {
        r->call->call.host = keep(r, value);
        return;
    }
    if (tg_text_is_nocase(name, TG_TEXT("content-type")))
        r->content_type = NULL;
    list[(*n)++] = (struct tg_field){keep(r, name), keep(r, value)};
}

static size_t read_header_table(lua_State *L, struct reading *r, struct tg_field **list)
{
    size_t count, items = 0, n = 0;

    if (luaL_getmetafield(L, -1, "__totable")) {
        lua_insert(L, -2);
        lua_call(L, 1, 1);
    }
    if (!lua_istable(L, -1))
        tg_raise(L, "%s: headers must be a table", r->name);
    struct tg_text *names = sorted_names(L, r, "headers", &count, &items);
    *list = h2o_mem_alloc_pool(r->pool, (items + 1) * sizeof(**list));
    for (size_t i = 0; i < count; i++) {
        lua_pushlstring(L, names[i].base, names[i].len);
        lua_rawget(L, -2);
        int values = lua_istable(L, -1) ? (int)lua_objlen(L, -1) : 0;
        for (int v = 1; v <= values; v++) {
            lua_rawgeti(L, -1, v);
            add_field(L, r, names[i], *list, &n);
            lua_pop(L, 1);
        }
        if (!lua_istable(L, -1))
            add_field(L, r, names[i], *list, &n);
        lua_pop(L, 1);
    }
    return n;
}

static void read_headers(lua_State *L, struct reading *r, int opts)
{
    struct tg_field *list = NULL;
    size_t n = 0;

    lua_getfield(L, opts, "headers");
    if (!lua_isnil(L, -1))
        n = read_header_table(L, r, &list);
    if (r->content_type != NULL) {
        if (list == NULL)
            list = h2o_mem_alloc_pool(r->pool, sizeof(*list));
        list[n++] = (struct tg_field){h2o_iovec_init(H2O_STRLIT("content-type")),
                                      h2o_iovec_init(r->content_type, strlen(r->content_type))};
    }
    r->call->call.fields = list;
    r->call->call.field_count = n;
}

static uint32_t read_duration(lua_State *L, struct reading *r, int opts, enum option option)
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

static void read_retries(lua_State *L, struct reading *r, int opts)
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

static void read_expect(lua_State *L, struct reading *r, int opts)
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

static void read_stream(lua_State *L, struct reading *r, int opts)
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

static void read_cache(lua_State *L, struct reading *r, int opts)
{
    struct tg_response_cache *keep = &r->call->part.keep;

    if (!is_given(r, CACHE))
        return;
    lua_getfield(L, opts, "cache");
    if (!lua_isnil(L, -1)) {
        tg_keep_read(L, r->name, lua_gettop(L), keep, r->pool);
        if (!keep->never && !keep->has_ttl)
            tg_raise(L, "%s: cache needs a ttl", r->name);
        if (!keep->never && r->call->streamed)
            tg_raise(L, "%s: what is streamed can't be kept: either stream or cache", r->name);
        keep->said = !keep->never;
    }
    lua_pop(L, 1);
}

static void read_options(lua_State *L, struct reading *r, int opts)
{
    struct tg_call *call = &r->call->call;

    read_body(L, r, opts);
    read_headers(L, r, opts);
    call->timeout_ms = read_duration(L, r, opts, TIMEOUT);
    call->connect_timeout_ms = read_duration(L, r, opts, CONNECT_TIMEOUT);
    read_retries(L, r, opts);
    read_expect(L, r, opts);
    read_stream(L, r, opts);
    read_cache(L, r, opts);
}

static void read_method(lua_State *L, struct reading *r)
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
    r->call->call.method = keep(r, method);
}

void tg_backend_options(lua_State *L, const char *name, struct tg_backend_call *call,
                        h2o_iovec_t method)
{
    struct reading r = {.name = name, .call = call, .pool = &call->run->pool};
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
    read_target(L, &r, opts, path);
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
static void set_headers(lua_State *L, struct reading *r, int opts, struct tg_request *request,
                        bool clients_host)
{
    struct tg_call *call = &r->call->call;
    struct tg_field *own = NULL;
    size_t count = 0, n = 0;

    lua_getfield(L, opts, "headers");
    if (!lua_isnil(L, -1))
        count = read_header_table(L, r, &own);
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
    struct reading r = {.name = name, .call = call, .pool = &call->run->pool};
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
        read_target(L, &r, 0, path);
    }
    call->call.timeout_ms = read_duration(L, &r, 3, TIMEOUT);
    call->call.connect_timeout_ms = read_duration(L, &r, 3, CONNECT_TIMEOUT);
    read_retries(L, &r, 3);
    read_expect(L, &r, 3);
}
