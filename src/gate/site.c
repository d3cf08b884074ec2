#include "gate/site.h"

#include <assert.h>
#include <lauxlib.h>
#include <luajit.h>
#include <lualib.h>
#include <unistd.h>

#include "base/log.h"
#include "gate/site_backend.h"
#include "gate/site_checks.h"
#include "gate/site_route.h"
#include "gate/site_table.h"
#include "gate/site_tier.h"
#include "script/sandbox.h"

enum { STUCK_GRACE_MS = 100 };

/* ---- from the checked table to C: what is read here has been checked there */

static void read_listens(lua_State *L, struct tg_site *site)
{
    size_t count = tg_table_list(L, "listen");

    site->listens = tg_table_array(site, count + 1, sizeof(*site->listens));
    for (size_t i = 0; i < count; i++) {
        const char *reason = tg_listen_parse(tg_table_item(L, site, i), &site->listens[i]);
        assert(reason == NULL);
    }
    site->listen_count = count;
    if (count == 0) {
        tg_listen_parse(TG_TEXT("http://127.0.0.1:8080"), &site->listens[0]);
        site->listen_count = 1;
    }
    lua_pop(L, 1);
}

static void read_admin(lua_State *L, struct tg_site *site)
{
    lua_getfield(L, -1, "admin");
    if (lua_istable(L, -1)) {
        struct tg_text text = tg_table_text(L, site, "address");
        site->admin = tg_table_array(site, 1, sizeof(*site->admin));
        site->admin->token = tg_table_text(L, site, "token");
        const char *reason = tg_admin_address_parse(text, site->folder, site->admin->token.len != 0,
                                                    &site->admin->address);
        assert(reason == NULL);
    }
    lua_pop(L, 1);
}

static void read_trusted(lua_State *L, struct tg_site *site)
{
    site->trusted_count = tg_table_list(L, "trusted");
    site->trusted = tg_table_array(site, site->trusted_count, sizeof(*site->trusted));
    for (size_t i = 0; i < site->trusted_count; i++)
        tg_network_parse(tg_table_item(L, site, i), &site->trusted[i]);
    lua_pop(L, 1);
}

static void read_secrets(lua_State *L, struct tg_site *site)
{
    site->secret_count = tg_table_list(L, "secrets");
    site->secrets = tg_table_array(site, site->secret_count, sizeof(*site->secrets));
    for (size_t i = 0; i < site->secret_count; i++)
        site->secrets[i] = tg_table_item(L, site, i);
    lua_pop(L, 1);
}

static void read_backends(lua_State *L, struct tg_site *site)
{
    site->backend_count = tg_table_list(L, "backends");
    site->backends = tg_table_array(site, site->backend_count, sizeof(struct tg_site_backend *));
    for (size_t i = 0; i < site->backend_count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        site->backends[i] = tg_site_read_backend(L, site);
        if (site->backends[i] == NULL) {
            site->is_torn = true;
            site->backend_count = i;
        }
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
    site->limits = (struct tg_limits){
        .head = {.bytes = (size_t)tg_table_number(L, "head", 32 * 1024.0),
                 .url = (size_t)tg_table_number(L, "url", 8 * 1024.0),
                 .fields = (size_t)tg_table_number(L, "fields", TG_HEAD_FIELDS)},
        .bodies = (size_t)tg_table_number(L, "bodies", 256 * 1048576.0),
        .head_ms = (uint32_t)tg_table_number(L, "head_timeout", 10e3),
        .body_ms = (uint32_t)tg_table_number(L, "body_timeout", 10e3),
        .body_rate = (size_t)tg_table_number(L, "body_rate", 1024),
        .send_ms = (uint32_t)tg_table_number(L, "send_timeout", 30e3),
        .send_rate = (size_t)tg_table_number(L, "send_rate", 256),
        .keepalive_ms = (uint32_t)tg_table_number(L, "keepalive_timeout", 60e3),
        .requests = (uint32_t)tg_table_number(L, "requests", 10000),
        .connections = (size_t)tg_table_number(L, "connections", 0),
        .worker_memory = (size_t)tg_table_number(L, "worker_memory", 0),
    };
    site->body_limit = (size_t)tg_table_number(L, "body", 8 * 1048576.0);
    site->script_memory = (size_t)tg_table_number(L, "script_memory", 64 * 1048576.0);
    site->lua_memory = (size_t)tg_table_number(L, "lua_memory", 256 * 1048576.0);
    site->script_cpu_ns = (uint64_t)(tg_table_number(L, "script_cpu", 500) * 1e6);
    site->limits.stuck_ms = (uint32_t)tg_table_number(
        L, "stuck", tg_table_number(L, "script_cpu", 500) + STUCK_GRACE_MS);
    lua_pop(L, 1);
}

static void read_cache(lua_State *L, struct tg_site *site)
{
    lua_getfield(L, -1, "cache");
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
    }
    site->cache_memory = (size_t)tg_table_number(L, "memory", 64 * 1048576.0);
    site->cache_object = (size_t)tg_table_number(L, "object", 1048576.0);
    site->tier = tg_site_read_tier(L, site);
    lua_pop(L, 1);
}

static void read_log(lua_State *L, struct tg_site *site)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};

    site->access_log = "stdout";
    site->log_level = TG_LOG_INFO;
    lua_getfield(L, -1, "log");
    if (lua_istable(L, -1)) {
        struct tg_text level = tg_table_text(L, site, "level"),
                       access = tg_table_text(L, site, "access");
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

/* Which new readings are served, and for how long when routes fail. */
static void read_reload(lua_State *L, struct tg_site *site)
{
    lua_getfield(L, -1, "reload");
    if (lua_istable(L, -1)) {
        if (tg_table_true(L, "specs"))
            site->specs_ms = (uint32_t)tg_table_number(L, "specs_timeout", 30e3);
        lua_getfield(L, -1, "guard");
        if (lua_istable(L, -1)) {
            site->guard_ms = (uint32_t)tg_table_number(L, "window", 30e3);
            site->guard_errors = tg_table_number(L, "errors", 0.05);
        }
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
    site->codec_threads = (unsigned)tg_table_number(L, "codec_threads", 2);
    site->workers = (unsigned)tg_table_number(L, "workers", cores > 0 ? (double)cores : 1);
    site->io_uring = !tg_table_false(L, "io_uring");
    site->drain_ms = (uint32_t)tg_table_number(L, "drain_timeout", 10e3);
    site->package_path = tg_table_text(L, site, "package_path").base;
    read_reload(L, site);
    site->debug = tg_table_true(L, "debug");
    site->before = tg_table_names(L, site, "before", &site->before_count);
    read_listens(L, site);
    read_admin(L, site);
    read_trusted(L, site);
    read_secrets(L, site);
    read_backends(L, site);
    read_limits(L, site);
    read_cache(L, site);
    read_log(L, site);
    tg_site_read_routes(L, site, tg_table_number(L, "timeout", 10e3));
    return site;
}

/* Writes the problems of the list on top. */
static void write_problems(lua_State *L, const char *folder, struct tg_buffer *problems)
{
    size_t count = lua_objlen(L, -1);

    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        int line = (int)tg_table_number(L, "line", 0);
        lua_getfield(L, -1, "text");
        const char *text = lua_tostring(L, -1);
        if (line > 0)
            tg_buffer_printf(problems, "%s/site.lua:%d: %s\n", folder, line, text);
        else
            tg_buffer_printf(problems, "%s/site.lua: %s\n", folder, text);
        lua_pop(L, 2);
    }
}

struct tg_site *tg_site_read(const char *folder, struct tg_files *files, struct tg_buffer *problems)
{
    return tg_site_read_changed(folder, NULL, files, problems);
}

struct tg_site *tg_site_read_changed(const char *folder, const char *changes,
                                     struct tg_files *files, struct tg_buffer *problems)
{
    struct tg_site *site = NULL;
    lua_State *L = luaL_newstate();

    assert(L != NULL);
    luaL_openlibs(L);
    luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    tg_site_push_library(L, "site");
    tg_site_push_checks(L);
    tg_sandbox_push_read(L, files);
    lua_setfield(L, -2, "read");
    lua_pushstring(L, folder);
    lua_pushstring(L, changes);
    if (lua_pcall(L, 3, 2, 0) != 0) {
        tg_buffer_printf(problems, "%s/site.lua: %s\n", folder, lua_tostring(L, -1));
    } else if (lua_objlen(L, -1) > 0) {
        write_problems(L, folder, problems);
    } else {
        lua_pop(L, 1);
        site = take_over(L, folder);
        site->files = tg_files_hold(files);
    }
    if (site != NULL && site->is_torn) {
        tg_buffer_printf(problems, "%s/site.lua: a file of TLS changed while it was read\n",
                         folder);
        tg_site_destroy(site);
        site = NULL;
    }
    lua_close(L);
    return site;
}

struct tg_site *tg_site_read_alone(const char *folder, const char *changes,
                                   struct tg_buffer *problems)
{
    struct tg_files *files = tg_files_create();
    struct tg_site *site = tg_site_read_changed(folder, changes, files, problems);

    tg_files_release(files);
    return site;
}

void tg_site_destroy(struct tg_site *site)
{
    for (size_t i = 0; i < site->backend_count; i++)
        tg_site_backend_release(site->backends[i]);
    tg_files_release(site->files);
    tg_site_free_tier(site->tier);
    h2o_mem_clear_pool(&site->pool);
    free(site);
}
