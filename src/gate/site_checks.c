#include "gate/site_checks.h"

#include <assert.h>
#include <lauxlib.h>

#include "base/clock.h"
#include "codec/xml_document.h"
#include "gate/site.h"
#include "gate/site_tier.h"
#include "http/path.h"
#include "net/tls.h"
#include "script/library.h"

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

/* admin(text, folder, has_token) */
static int check_admin(lua_State *L)
{
    struct tg_admin_address address;

    return push_reason(L, tg_admin_address_parse(text_arg(L, 1), luaL_checkstring(L, 2),
                                                 lua_toboolean(L, 3), &address));
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

static int check_redis(lua_State *L)
{
    struct tg_redis_config config;

    return push_reason(L, tg_redis_parse(text_arg(L, 1), &config).message);
}

static int check_sentinel(lua_State *L)
{
    struct tg_redis_config config;

    return push_reason(L, tg_sentinel_parse(text_arg(L, 1), &config).message);
}

static const char *option(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    const char *text = lua_tostring(L, -1); /* the table keeps it */
    lua_pop(L, 1);
    return text;
}

/* tls(options): nothing when it is well, else the option that is wrong and why. */
static int check_tls(lua_State *L)
{
    struct tg_tls_options options = {
        .ca = option(L, "ca"), .cert = option(L, "cert"), .key = option(L, "key")};
    struct tg_tls_problem problem;
    struct tg_tls *tls = tg_tls_create(&options, &problem);

    if (tls != NULL) {
        tg_tls_destroy(tls);
        return 0;
    }
    lua_pushstring(L, problem.option);
    lua_pushstring(L, problem.text);
    return 2;
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

void tg_site_push_library(lua_State *L, const char *name)
{
    struct tg_text text = tg_library(name);

    lua_pushfstring(L, "=[tidegate %s]", name);
    int rc = luaL_loadbuffer(L, text.base, text.len, lua_tostring(L, -1));
    assert(rc == 0);
    (void)rc;
    lua_remove(L, -2);
}

/* library(name): another file of the library, as a function. */
static int load_library(lua_State *L)
{
    tg_site_push_library(L, luaL_checkstring(L, 1));
    return 1;
}

/* xpath(text): what is wrong with the expression, or nil. */
static int check_xpath(lua_State *L)
{
    struct tg_parse_error error = {.text = ""};
    struct tg_xpath *xpath = tg_xpath_create(text_arg(L, 1), &error);

    if (xpath == NULL)
        return push_reason(L, error.text);
    tg_xpath_destroy(xpath);
    return push_reason(L, NULL);
}

/* cpu(): seconds of CPU time that this thread has used. */
static int cpu_time(lua_State *L)
{
    lua_pushnumber(L, (double)tg_clock_thread_cpu_ns() / 1e9);
    return 1;
}

static const luaL_Reg natives[] = {
    {"cpu", cpu_time},          {"listen", check_listen},   {"admin", check_admin},
    {"network", check_network}, {"address", check_address}, {"tls", check_tls},
    {"path", split_path},       {"redis", check_redis},     {"sentinel", check_sentinel},
    {"library", load_library},  {"xpath", check_xpath},     {NULL, NULL},
};

void tg_site_push_checks(lua_State *L)
{
    lua_newtable(L);
    luaL_register(L, NULL, natives);
}
