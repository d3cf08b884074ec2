#include "gate/site.h"

#include <assert.h>
#include <lauxlib.h>
#include <luajit.h>
#include <lualib.h>
#include <unistd.h>

#include "base/log.h"
#include "http/path.h"
#include "script/library.h"

/* ---- what lua/tidegate/site.lua asks of C */

static struct tg_text text_arg(lua_State *L, int arg)
{
    struct tg_text text;

    text.base = luaL_checklstring(L, arg, &text.len);
    return text;
}

static int push_reason(lua_State *L, const char *reason)
{
    lua_pushstring(L, reason);
    return 1;
}

static int check_listen(lua_State *L)
{
    struct tg_listen listen;

    return push_reason(L, tg_listen_parse(text_arg(L, 1), &listen));
}

static int check_network(lua_State *L)
{
    struct tg_network network;

    return push_reason(L, tg_network_parse(text_arg(L, 1), &network));
}

static int check_address(lua_State *L)
{
    struct tg_address address;

    return push_reason(L, tg_address_parse(text_arg(L, 1), &address).message);
}

/* path(text): the decoded segments of a path as the router will see them, or nil and why not. */
static int split_path(lua_State *L)
{
    struct tg_text raw = text_arg(L, 1);
    struct tg_path *path = lua_newuserdata(L, sizeof(*path));
    char *space = lua_newuserdata(L, TG_PATH_SPACE(raw.len));
    const char *reason = tg_path_parse(raw, space, path);

    if (reason != NULL) {
        lua_pushnil(L);
        lua_pushstring(L, reason);
        return 2;
    }
    lua_createtable(L, (int)path->count, 0);
    for (size_t i = 0; i < path->count; i++) {
        lua_pushlstring(L, path->segments[i].decoded.base, path->segments[i].decoded.len);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

static const luaL_Reg natives[] = {
    {"listen", check_listen},
    {"network", check_network},
    {"address", check_address},
    {"path", split_path},
    {NULL, NULL},
};

/* ---- from the checked table to C: what is read here has been checked there */

static struct tg_text field_text(lua_State *L, struct tg_site *site, const char *name)
{
    struct tg_text text = {NULL, 0};
    size_t len;

    lua_getfield(L, -1, name);
    const char *base = lua_tolstring(L, -1, &len);
    if (base != NULL)
        text = tg_text(h2o_strdup(&site->pool, base, len).base, len);
    lua_pop(L, 1);
    return text;
}

static double field_number(lua_State *L, const char *name, double otherwise)
{
    lua_getfield(L, -1, name);
    double number = lua_isnumber(L, -1) ? lua_tonumber(L, -1) : otherwise;
    lua_pop(L, 1);
    return number;
}

static bool field_true(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    bool truth = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return truth;
}

/* Pushes the list of that name, which may be missing; returns its length. */
static size_t push_list(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    return lua_istable(L, -1) ? lua_objlen(L, -1) : 0;
}

static void *array(struct tg_site *site, size_t count, size_t size)
{
    void *list = h2o_mem_alloc_pool(&site->pool, (count + 1) * size);

    memset(list, 0, (count + 1) * size);
    return list;
}

static struct tg_text item_text(lua_State *L, struct tg_site *site, size_t i)
{
    size_t len;

    lua_rawgeti(L, -1, (int)i + 1);
    const char *base = lua_tolstring(L, -1, &len);
    struct tg_text text = tg_text(h2o_strdup(&site->pool, base, len).base, len);
    lua_pop(L, 1);
    return text;
}

static const char **read_names(lua_State *L, struct tg_site *site, const char *name, size_t *count)
{
    *count = push_list(L, name);
    const char **names = array(site, *count, sizeof(*names));
    for (size_t i = 0; i < *count; i++)
        names[i] = item_text(L, site, i).base;
    lua_pop(L, 1);
    return names;
}

static void read_listens(lua_State *L, struct tg_site *site)
{
    size_t count = push_list(L, "listen");

    site->listens = array(site, count + 1, sizeof(*site->listens));
    for (size_t i = 0; i < count; i++) {
        const char *reason = tg_listen_parse(item_text(L, site, i), &site->listens[i]);
        assert(reason == NULL);
    }
    site->listen_count = count;
    if (count == 0) {
        tg_listen_parse(TG_TEXT("http://127.0.0.1:8080"), &site->listens[0]);
        site->listen_count = 1;
    }
    lua_pop(L, 1);
}

static void read_trusted(lua_State *L, struct tg_site *site)
{
    site->trusted_count = push_list(L, "trusted");
    site->trusted = array(site, site->trusted_count, sizeof(*site->trusted));
    for (size_t i = 0; i < site->trusted_count; i++)
        tg_network_parse(item_text(L, site, i), &site->trusted[i]);
    lua_pop(L, 1);
}

static void read_secrets(lua_State *L, struct tg_site *site)
{
    site->secret_count = push_list(L, "secrets");
    site->secrets = array(site, site->secret_count, sizeof(*site->secrets));
    for (size_t i = 0; i < site->secret_count; i++)
        site->secrets[i] = item_text(L, site, i);
    lua_pop(L, 1);
}

/* The backend whose table is on top. */
static void read_backend(lua_State *L, struct tg_site *site, struct tg_backend_config *backend)
{
    struct tg_text expect = field_text(L, site, "expect");

    *backend = (struct tg_backend_config){
        .timeout_ms = (uint32_t)field_number(L, "timeout", 10e3),
        .connect_timeout_ms = (uint32_t)field_number(L, "connect_timeout", 1e3),
        .first_byte_timeout_ms = (uint32_t)field_number(L, "first_byte_timeout", 10e3),
        .idle_timeout_ms = (uint32_t)field_number(L, "idle_timeout", 10e3),
        .keepalive_ms = (uint32_t)field_number(L, "keepalive_timeout", 60e3),
        .keepalive = (uint32_t)field_number(L, "keepalive", 128),
        .head_limit = (size_t)field_number(L, "head_limit", 65536),
        .limit = (size_t)field_number(L, "limit", 8 * 1048576.0),
    };
    snprintf(backend->name, sizeof(backend->name), "%s", field_text(L, site, "name").base);
    snprintf(backend->expect, sizeof(backend->expect), "%.*s", (int)expect.len,
             expect.base != NULL ? expect.base : "");
    backend->address_count = push_list(L, "addresses");
    backend->addresses = array(site, backend->address_count, sizeof(*backend->addresses));
    for (size_t i = 0; i < backend->address_count; i++) {
        struct tg_error error = tg_address_parse(item_text(L, site, i), &backend->addresses[i]);
        assert(error.code == NULL);
    }
    lua_pop(L, 1);
}

static void read_backends(lua_State *L, struct tg_site *site)
{
    site->backend_count = push_list(L, "backends");
    site->backends = array(site, site->backend_count, sizeof(*site->backends));
    for (size_t i = 0; i < site->backend_count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        read_backend(L, site, &site->backends[i]);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* The segments of the parsed pattern on top. */
static void read_segments(lua_State *L, struct tg_site *site, struct tg_route *route)
{
    route->segment_count = push_list(L, "segments");
    struct tg_segment *segments = array(site, route->segment_count, sizeof(*segments));
    for (size_t i = 0; i < route->segment_count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        struct tg_text kind = field_text(L, site, "kind");
        segments[i].kind = tg_text_is(kind, TG_TEXT("literal")) ? TG_SEGMENT_LITERAL
                           : tg_text_is(kind, TG_TEXT("param")) ? TG_SEGMENT_PARAM
                                                                : TG_SEGMENT_REST;
        segments[i].text =
            field_text(L, site, segments[i].kind == TG_SEGMENT_LITERAL ? "text" : "name");
        lua_pop(L, 1);
    }
    route->segments = segments;
    lua_pop(L, 1);
}

/* The route whose table is on top. */
static void read_route(lua_State *L, struct tg_site *site, struct tg_route *route,
                       double timeout_ms)
{
    route->pattern = field_text(L, site, "pattern").base;
    route->script = field_text(L, site, "script").base;
    route->table = field_text(L, site, "table").base;
    route->before = read_names(L, site, "before", &route->before_count);
    route->timeout_ms = (uint32_t)field_number(L, "timeout", timeout_ms);
    route->jit = field_true(L, "jit");
    route->line = (int)field_number(L, "line", 0);
    lua_getfield(L, -1, "parsed");
    route->method = field_text(L, site, "method");
    read_segments(L, site, route);
    lua_pop(L, 1);
}

static void read_routes(lua_State *L, struct tg_site *site, double timeout_ms)
{
    site->route_count = push_list(L, "routes");
    site->routes = array(site, site->route_count, sizeof(*site->routes));
    for (size_t i = 0; i < site->route_count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        site->routes[i].index = i;
        read_route(L, site, &site->routes[i], timeout_ms);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void read_limits(lua_State *L, struct tg_site *site)
{
    lua_getfield(L, -1, "limits");
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
    }
    site->body_limit = (size_t)field_number(L, "body", 8 * 1048576.0);
    site->script_memory = (size_t)field_number(L, "script_memory", 64 * 1048576.0);
    site->lua_memory = (size_t)field_number(L, "lua_memory", 256 * 1048576.0);
    site->script_cpu_ns = (uint64_t)(field_number(L, "script_cpu", 500) * 1e6);
    lua_pop(L, 1);
}

static void read_log(lua_State *L, struct tg_site *site)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};

    site->access_log = "stdout";
    site->log_level = TG_LOG_INFO;
    lua_getfield(L, -1, "log");
    if (lua_istable(L, -1)) {
        struct tg_text level = field_text(L, site, "level"), access = field_text(L, site, "access");
        for (int i = 0; i < 4; i++)
            if (level.base != NULL && strcmp(level.base, levels[i]) == 0)
                site->log_level = i;
        lua_getfield(L, -1, "access");
        if (!lua_isnil(L, -1))
            site->access_log = lua_isboolean(L, -1) ? NULL : access.base;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* The table is on top. */
static struct tg_site *take_over(lua_State *L, const char *folder)
{
    struct tg_site *site = h2o_mem_alloc(sizeof(*site));
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    *site = (struct tg_site){.folder = NULL};
    h2o_mem_init_pool(&site->pool);
    site->folder = h2o_strdup(&site->pool, folder, strlen(folder)).base;
    site->codec_threads = (unsigned)field_number(L, "codec_threads", 2);
    site->workers = (unsigned)field_number(L, "workers", cores > 0 ? (double)cores : 1);
    site->drain_ms = (uint32_t)field_number(L, "drain_timeout", 10e3);
    site->package_path = field_text(L, site, "package_path").base;
    site->debug = field_true(L, "debug");
    site->before = read_names(L, site, "before", &site->before_count);
    read_listens(L, site);
    read_trusted(L, site);
    read_secrets(L, site);
    read_backends(L, site);
    read_limits(L, site);
    read_log(L, site);
    read_routes(L, site, field_number(L, "timeout", 10e3));
    return site;
}

static void load(lua_State *L, const char *name, const char *chunk)
{
    struct tg_text text = tg_library(name);
    int rc = luaL_loadbuffer(L, text.base, text.len, chunk);

    assert(rc == 0);
    (void)rc;
}

/* Writes the problems of the list on top. */
static void write_problems(lua_State *L, const char *folder, struct tg_buffer *problems)
{
    size_t count = lua_objlen(L, -1);

    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        int line = (int)field_number(L, "line", 0);
        lua_getfield(L, -1, "text");
        const char *text = lua_tostring(L, -1);
        if (line > 0)
            tg_buffer_printf(problems, "%s/site.lua:%d: %s\n", folder, line, text);
        else
            tg_buffer_printf(problems, "%s/site.lua: %s\n", folder, text);
        lua_pop(L, 2);
    }
}

struct tg_site *tg_site_read(const char *folder, struct tg_buffer *problems)
{
    struct tg_site *site = NULL;
    lua_State *L = luaL_newstate();

    assert(L != NULL);
    luaL_openlibs(L);
    luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    load(L, "site", "=[tidegate site]");
    lua_newtable(L);
    luaL_register(L, NULL, natives);
    lua_pushstring(L, folder);
    load(L, "lines", "=[tidegate lines]");
    lua_call(L, 0, 1);
    if (lua_pcall(L, 3, 2, 0) != 0) {
        tg_buffer_printf(problems, "%s/site.lua: %s\n", folder, lua_tostring(L, -1));
    } else if (lua_objlen(L, -1) > 0) {
        write_problems(L, folder, problems);
    } else {
        lua_pop(L, 1);
        site = take_over(L, folder);
    }
    lua_close(L);
    return site;
}

void tg_site_destroy(struct tg_site *site)
{
    h2o_mem_clear_pool(&site->pool);
    free(site);
}
