#include "test/site.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <unistd.h>

#include "gate/document.h"
#include "net/exchange.h"
#include "script/chunks.h"
#include "test/methods.h"
#include "test/peer.h"
#include "test/world.h"

static const char site_kind[] = "tidegate.test.site";
static const char world_kind[] = "tidegate.test.world";

enum { LOG_MOST = 4 * 1048576, PROBLEMS_MOST = 1048576 };

/* A reading of a site, which all worlds of it share. */
struct site {
    struct tg_edition *edition; /* NULL: closed */
    struct tg_sink *sink;
    struct tg_chunks *chunks;
    struct tg_coverage coverage;
    bool is_covered;      /* that is wanted */
    bool proven, late;    /* as worlds have them, once one was made */
    struct tg_buffer log; /* lines that no spec has taken yet */
};

struct spec_world {
    struct tg_world world;
    lua_State *L; /* while it settles: where on_dial runs */
    int on_dial;  /* registry */
    int problem;  /* registry: an error of on_dial, raised when the world has settled */
};

/* ---- the site */

static void on_log(void *owner, const char *text, size_t len)
{
    struct site *site = owner;

    tg_buffer_append(&site->log, text, len);
}

static struct site *check_site(lua_State *L)
{
    return luaL_checkudata(L, 1, site_kind);
}

/* Pushes nil and the problems, and frees them. */
static int fail(lua_State *L, struct tg_buffer *problems)
{
    lua_pushnil(L);
    lua_pushlstring(L, problems->base != NULL ? problems->base : "", problems->len);
    tg_buffer_dispose(problems);
    return 2;
}

/* read(folder, changes, is_covered): a site, or nil and what is wrong with it. */
static int read_site(lua_State *L)
{
    const char *folder = luaL_checkstring(L, 1), *changes = luaL_optstring(L, 2, NULL);
    struct site *site = lua_newuserdata(L, sizeof(*site));
    struct tg_buffer problems = {.limit = PROBLEMS_MOST};

    *site = (struct site){.log = {.limit = LOG_MOST}, .is_covered = lua_toboolean(L, 3)};
    luaL_getmetatable(L, site_kind);
    lua_setmetatable(L, -2);
    struct tg_site *found = tg_site_read_alone(folder, changes, &problems);
    if (found == NULL)
        return fail(L, &problems);
    tg_buffer_dispose(&problems);
    found->workers = 1;
    site->sink = tg_sink_create(&(struct tg_sink_options){.take = on_log, .owner = site});
    site->chunks = tg_chunks_create();
    site->edition = tg_edition_create(found, site->sink, 1, 1);
    return 1;
}

/* document(folder, title, version, server): its OpenAPI document, or nil; and lines about it. */
static int make_document(lua_State *L)
{
    const char *folder = luaL_checkstring(L, 1);
    struct tg_document_options options = {luaL_checkstring(L, 2), luaL_checkstring(L, 3),
                                          luaL_optstring(L, 4, NULL)};
    struct tg_buffer problems = {.limit = PROBLEMS_MOST}, out = {.limit = 0};
    struct tg_site *found = tg_site_read_alone(folder, NULL, &problems);

    if (found != NULL && tg_document_make(found, &options, &out, &problems))
        lua_pushlstring(L, out.base, out.len);
    else
        lua_pushnil(L);
    lua_pushlstring(L, problems.base != NULL ? problems.base : "", problems.len);
    tg_buffer_dispose(&problems);
    tg_buffer_dispose(&out);
    return 2;
}

static int close_site(lua_State *L)
{
    struct site *site = check_site(L);

    if (site->edition != NULL)
        tg_edition_release(site->edition);
    if (site->sink != NULL)
        tg_sink_destroy(site->sink);
    if (site->chunks != NULL)
        tg_chunks_destroy(site->chunks);
    tg_coverage_dispose(&site->coverage);
    tg_buffer_dispose(&site->log);
    site->chunks = NULL;
    site->edition = NULL;
    site->sink = NULL;
    return 0;
}

/* site:backends(): their names, in order. */
static int backends(lua_State *L)
{
    const struct tg_site *site = check_site(L)->edition->site;

    lua_createtable(L, (int)site->backend_count, 0);
    for (size_t i = 0; i < site->backend_count; i++) {
        lua_pushstring(L, site->backends[i]->config.name);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

static void push_address(lua_State *L, const struct tg_address *address)
{
    lua_createtable(L, 0, 4);
    lua_pushstring(L, address->host);
    lua_setfield(L, -2, "host");
    lua_pushinteger(L, address->port);
    lua_setfield(L, -2, "port");
    lua_pushstring(L, address->base_path);
    lua_setfield(L, -2, "base_path");
    lua_pushboolean(L, !address->is_tls && !address->is_unix);
    lua_setfield(L, -2, "is_plain");
}

/* site:addresses(): by the names of backends, lists of where they are. */
static int addresses(lua_State *L)
{
    const struct tg_site *site = check_site(L)->edition->site;

    lua_createtable(L, 0, (int)site->backend_count);
    for (size_t i = 0; i < site->backend_count; i++) {
        const struct tg_backend_config *config = &site->backends[i]->config;
        lua_createtable(L, (int)config->address_count, 0);
        for (size_t k = 0; k < config->address_count; k++) {
            push_address(L, &config->addresses[k]);
            lua_rawseti(L, -2, (int)k + 1);
        }
        lua_setfield(L, -2, config->name);
    }
    return 1;
}

/* site:log(): the lines since the last call. */
static int take_log(lua_State *L)
{
    struct site *site = check_site(L);

    lua_pushlstring(L, site->log.base != NULL ? site->log.base : "", site->log.len);
    tg_buffer_clear(&site->log, 65536);
    return 1;
}

/* site:covered(): by path, a table whose keys are the lines that have run. */
static int covered(lua_State *L)
{
    tg_coverage_push(&check_site(L)->coverage, L);
    return 1;
}

/* ---- the world */

static struct spec_world *check_world(lua_State *L)
{
    struct spec_world *own = luaL_checkudata(L, 1, world_kind);

    luaL_argcheck(L, own->world.gate.first != NULL, 1, "the world has ended");
    return own;
}

struct dialing {
    struct spec_world *own;
    int fd;
    const struct tg_backend_config *backend;
    const struct tg_address *address;
    const struct tg_call *call;
    enum tg_dialed dialed;
};

static const char *const dial_names[] = {"open", "refuse", "unreachable", "timeout", NULL};

/* on_dial(peer, backend, base_path, method, target) gives the name of what becomes of it. */
static int call_on_dial(lua_State *L)
{
    struct dialing *dialing = lua_touserdata(L, 1);
    const struct tg_call *call = dialing->call;

    lua_rawgeti(L, LUA_REGISTRYINDEX, dialing->own->on_dial);
    int fd = dialing->fd;
    dialing->fd = -1;
    tg_peer_push(L, fd);
    lua_pushstring(L, dialing->backend->name);
    lua_pushstring(L, dialing->address->base_path);
    lua_pushlstring(L, call->method.base, call->method.len);
    lua_pushlstring(L, call->target.base, call->target.len);
    lua_call(L, 5, 1);
    dialing->dialed = (enum tg_dialed)luaL_checkoption(L, -1, "open", dial_names);
    return 0;
}

/* Called deep inside the loop: nothing may jump out of it. */
static enum tg_dialed on_dial(void *owner, int fd, const struct tg_backend_config *backend,
                              const struct tg_address *address, const struct tg_call *call)
{
    struct spec_world *own = owner;
    struct dialing dialing = {own, fd, backend, address, call, TG_DIAL_REFUSED};
    lua_State *L = own->L;

    if (L != NULL && lua_cpcall(L, call_on_dial, &dialing) != 0) {
        if (own->problem == LUA_NOREF)
            own->problem = luaL_ref(L, LUA_REGISTRYINDEX);
        else
            lua_pop(L, 1);
        dialing.dialed = TG_DIAL_REFUSED;
    }
    if (dialing.fd >= 0)
        close(dialing.fd);
    return dialing.dialed;
}

/* site:world(seed, began, on_dial): a world, or nil and what is wrong. */
static int make_world(lua_State *L)
{
    struct site *site = check_site(L);
    uint64_t seed = (uint64_t)luaL_checknumber(L, 2);
    double began = luaL_checknumber(L, 3);
    struct tg_buffer problems = {.limit = PROBLEMS_MOST};

    luaL_checktype(L, 4, LUA_TFUNCTION);
    struct spec_world *own = lua_newuserdata(L, sizeof(*own));
    *own = (struct spec_world){.problem = LUA_NOREF};
    own->world.began = began;
    own->world.on_dial = on_dial;
    own->world.owner = own;
    own->world.proven = site->proven;
    own->world.late = site->late;
    own->world.coverage = site->is_covered ? &site->coverage : NULL;
    lua_pushvalue(L, 4);
    own->on_dial = luaL_ref(L, LUA_REGISTRYINDEX);
    luaL_getmetatable(L, world_kind);
    lua_setmetatable(L, -2);
    lua_createtable(L, 1, 0); /* the site outlives its worlds */
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    lua_setfenv(L, -2);
    if (!tg_world_init(&own->world, site->edition, site->chunks, seed, &problems))
        return fail(L, &problems);
    if (!site->proven)
        site->late = own->world.gate.workers[0].generation->host.every == NULL;
    site->proven = true;
    tg_buffer_dispose(&problems);
    return 1;
}

static int close_world(lua_State *L)
{
    struct spec_world *own = luaL_checkudata(L, 1, world_kind);

    tg_world_dispose(&own->world);
    luaL_unref(L, LUA_REGISTRYINDEX, own->on_dial);
    luaL_unref(L, LUA_REGISTRYINDEX, own->problem);
    own->on_dial = own->problem = LUA_NOREF;
    return 0;
}

/* world:settle() */
static int settle(lua_State *L)
{
    struct spec_world *own = check_world(L);

    own->L = L;
    tg_world_settle(&own->world);
    own->L = NULL;
    if (own->problem == LUA_NOREF)
        return 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, own->problem);
    luaL_unref(L, LUA_REGISTRYINDEX, own->problem);
    own->problem = LUA_NOREF;
    return lua_error(L);
}

/* world:next(): milliseconds until something is due, or nil. */
static int next_due(lua_State *L)
{
    uint64_t ms = tg_world_next(&check_world(L)->world);

    if (ms == UINT64_MAX)
        return 0;
    lua_pushnumber(L, (lua_Number)ms);
    return 1;
}

/* world:move(ms) */
static int move(lua_State *L)
{
    struct spec_world *own = check_world(L);
    lua_Number ms = luaL_checknumber(L, 2);

    luaL_argcheck(L, ms >= 0 && ms <= 1e15, 2, "time only goes on");
    tg_world_move(&own->world, (uint64_t)ms);
    return 0;
}

/* world:now(): milliseconds since its beginning. */
static int now(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)(check_world(L)->world.now_ms - TG_WORLD_START_MS));
    return 1;
}

/* world:connect(address, port): a client's end, or nil and why not. */
static int connect_client(lua_State *L)
{
    struct spec_world *own = check_world(L);
    int fd = tg_world_connect(&own->world, luaL_checkstring(L, 2), (uint16_t)luaL_checkint(L, 3));

    if (fd >= 0) {
        tg_peer_push(L, fd);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, errno == EINVAL  ? "that is no IP address"
                      : errno == EBUSY ? "the gate lets no more clients in"
                                       : strerror(errno));
    return 2;
}

/* ---- the table of it all */

static const luaL_Reg site_methods[] = {
    {"backends", backends}, {"addresses", addresses}, {"log", take_log},    {"covered", covered},
    {"world", make_world},  {"close", close_site},    {"__gc", close_site}, {NULL, NULL},
};

static const luaL_Reg world_methods[] = {
    {"settle", settle},          {"next", next_due},     {"move", move},        {"now", now},
    {"connect", connect_client}, {"close", close_world}, {"__gc", close_world}, {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"read", read_site},
    {"document", make_document},
    {NULL, NULL},
};

void tg_test_site_open(lua_State *L)
{
    tg_peer_open(L);
    tg_methods_open(L, site_kind, site_methods);
    tg_methods_open(L, world_kind, world_methods);
    lua_newtable(L);
    luaL_register(L, NULL, functions);
}
