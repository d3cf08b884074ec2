#include "gate/site_route.h"

#include <lua.h>

#include "gate/site_backend.h"
#include "gate/site_cache.h"
#include "gate/site_codec.h"
#include "gate/site_table.h"

/* The segments of the parsed pattern on top. */
static void read_segments(lua_State *L, struct tg_site *site, struct tg_route *route)
{
    route->segment_count = tg_table_list(L, "segments");
    struct tg_segment *segments = tg_table_array(site, route->segment_count, sizeof(*segments));
    for (size_t i = 0; i < route->segment_count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        struct tg_text kind = tg_table_text(L, site, "kind");
        segments[i].kind = tg_text_is(kind, TG_TEXT("literal")) ? TG_SEGMENT_LITERAL
                           : tg_text_is(kind, TG_TEXT("param")) ? TG_SEGMENT_PARAM
                                                                : TG_SEGMENT_REST;
        segments[i].text =
            tg_table_text(L, site, segments[i].kind == TG_SEGMENT_LITERAL ? "text" : "name");
        lua_pop(L, 1);
    }
    route->segments = segments;
    lua_pop(L, 1);
}

/* The parts of the path at the backend; none when the route doesn't say. */
static void read_parts(lua_State *L, struct tg_site *site, struct tg_route *route)
{
    route->part_count = tg_table_list(L, "parts");
    struct tg_route_part *parts = tg_table_array(site, route->part_count, sizeof(*parts));
    for (size_t i = 0; i < route->part_count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        parts[i].text = tg_table_text(L, site, "text");
        parts[i].is_text = parts[i].text.base != NULL;
        parts[i].segment = (size_t)tg_table_number(L, "segment", 1) - 1;
        lua_pop(L, 1);
    }
    route->parts = parts;
    lua_pop(L, 1);
}

static size_t find_backend(const struct tg_site *site, struct tg_text name)
{
    for (size_t i = 0; name.base != NULL && i < site->backend_count; i++)
        if (tg_text_is(name, tg_text_of(site->backends[i]->config.name)))
            return i;
    return TG_NO_BACKEND;
}

/* How a route without a script passes its requests on. */
static void read_pass(lua_State *L, struct tg_site *site, struct tg_route *route)
{
    struct tg_text host = tg_table_text(L, site, "host");

    route->backend = find_backend(site, tg_table_text(L, site, "backend"));
    route->clients_host = tg_text_is(host, TG_TEXT("client"));
    if (host.base == NULL && route->backend != TG_NO_BACKEND)
        route->clients_host = site->backends[route->backend]->config.clients_host;
    route->upgrade = tg_table_true(L, "upgrade");
    route->upgrade_timeout_ms = (uint32_t)tg_table_number(L, "upgrade_timeout", 60e3);
    read_parts(L, site, route);
}

/* The route whose table is on top. */
static const struct tg_self_test *read_self_test(lua_State *L, struct tg_site *site)
{
    struct tg_self_test *test = NULL;

    lua_getfield(L, -1, "self_test");
    if (lua_istable(L, -1)) {
        test = tg_table_array(site, 1, sizeof(*test));
        test->method = tg_table_text(L, site, "method");
        test->path = tg_table_text(L, site, "path");
        test->request = tg_table_text(L, site, "request");
        test->least = (int)tg_table_number(L, "least", 200);
        test->most = (int)tg_table_number(L, "most", 299);
        test->contains = tg_table_names(L, site, "contains", &test->contains_count);
        test->timeout_ms = (uint32_t)tg_table_number(L, "timeout", 5e3);
    }
    lua_pop(L, 1);
    return test;
}

static void read_route(lua_State *L, struct tg_site *site, struct tg_route *route,
                       double timeout_ms, const struct tg_codec_limits *codec)
{
    route->pattern = tg_table_text(L, site, "pattern").base;
    route->script = tg_table_text(L, site, "script").base;
    route->table = tg_table_text(L, site, "table").base;
    read_pass(L, site, route);
    route->before = tg_table_names(L, site, "before", &route->before_count);
    route->timeout_ms = (uint32_t)tg_table_number(L, "timeout", timeout_ms);
    route->jit = tg_table_true(L, "jit");
    route->codec = tg_site_read_codec(L, codec);
    route->line = (int)tg_table_number(L, "line", 0);
    route->cache = tg_site_read_cache(L, site);
    route->self_test = read_self_test(L, site);
    lua_getfield(L, -1, "parsed");
    route->method = tg_table_text(L, site, "method");
    read_segments(L, site, route);
    lua_pop(L, 1);
}

void tg_site_read_routes(lua_State *L, struct tg_site *site, double timeout_ms)
{
    struct tg_codec_limits codec = tg_site_read_codec(L, &(struct tg_codec_limits){0});

    site->route_count = tg_table_list(L, "routes");
    site->routes = tg_table_array(site, site->route_count, sizeof(*site->routes));
    for (size_t i = 0; i < site->route_count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        site->routes[i].index = i;
        read_route(L, site, &site->routes[i], timeout_ms, &codec);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}
