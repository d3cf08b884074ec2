#include "gate/site_backend.h"

#include <assert.h>
#include <lua.h>

#include "gate/site_table.h"
#include "net/tls.h"

static bool is_text(lua_State *L, struct tg_site *site, const char *name, const char *text)
{
    struct tg_text value = tg_table_text(L, site, name);

    return value.base != NULL && strcmp(value.base, text) == 0;
}

static bool field_false(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    bool is_false = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is_false;
}

/* False when a file has changed since it was checked. */
static bool read_tls(lua_State *L, struct tg_site *site, struct tg_backend_config *backend)
{
    struct tg_tls_problem problem;

    lua_getfield(L, -1, "tls");
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
    }
    struct tg_tls_options options = {
        .ca = tg_table_text(L, site, "ca").base,
        .cert = tg_table_text(L, site, "cert").base,
        .key = tg_table_text(L, site, "key").base,
        .name = tg_table_text(L, site, "name").base,
        .unverified = field_false(L, "verify"),
        .only_1_3 = is_text(L, site, "minimum", "1.3"),
    };
    lua_pop(L, 1);
    backend->unverified = options.unverified;
    backend->tls = tg_tls_create(&options, &problem);
    return backend->tls != NULL;
}

/* One address has nowhere else to send its calls: it is left out only when the site says so. */
static struct tg_eject read_eject(lua_State *L, size_t addresses)
{
    struct tg_eject eject = {
        .failures = addresses > 1 ? 5 : 0, .time_ms = 10000, .most_ms = 300000};

    lua_getfield(L, -1, "eject");
    if (lua_isboolean(L, -1))
        eject.failures = 0;
    if (lua_istable(L, -1)) {
        eject.failures = (uint32_t)tg_table_number(L, "failures", 5);
        eject.time_ms = (uint32_t)tg_table_number(L, "time", 10e3);
        eject.most_ms = (uint32_t)tg_table_number(L, "most", 300e3);
        if (eject.most_ms < eject.time_ms)
            eject.most_ms = eject.time_ms;
    }
    lua_pop(L, 1);
    return eject;
}

static bool has_https(const struct tg_backend_config *backend)
{
    for (size_t i = 0; i < backend->address_count; i++)
        if (backend->addresses[i].is_tls)
            return true;
    return false;
}

bool tg_site_read_backend(lua_State *L, struct tg_site *site, struct tg_backend_config *backend)
{
    struct tg_text expect = tg_table_text(L, site, "expect");

    *backend = (struct tg_backend_config){
        .timeout_ms = (uint32_t)tg_table_number(L, "timeout", 10e3),
        .connect_timeout_ms = (uint32_t)tg_table_number(L, "connect_timeout", 1e3),
        .first_byte_timeout_ms = (uint32_t)tg_table_number(L, "first_byte_timeout", 10e3),
        .idle_timeout_ms = (uint32_t)tg_table_number(L, "idle_timeout", 10e3),
        .keepalive_ms = (uint32_t)tg_table_number(L, "keepalive_timeout", 60e3),
        .keepalive = (uint32_t)tg_table_number(L, "keepalive", 128),
        .lifetime_ms = (uint32_t)tg_table_number(L, "lifetime", 3600e3),
        .connections = (uint32_t)tg_table_number(L, "connections", 256),
        .queue = (uint32_t)tg_table_number(L, "queue", 1000),
        .queue_timeout_ms = (uint32_t)tg_table_number(L, "queue_timeout", 0),
        .retries = (uint32_t)tg_table_number(L, "retries", 1),
        .retry_budget = (uint32_t)tg_table_number(L, "retry_budget", 20),
        .least = is_text(L, site, "balance", "least"),
        .head_limit = (size_t)tg_table_number(L, "head_limit", 65536),
        .limit = (size_t)tg_table_number(L, "limit", 8 * 1048576.0),
    };
    snprintf(backend->name, sizeof(backend->name), "%s", tg_table_text(L, site, "name").base);
    backend->clients_host = tg_text_is(tg_table_text(L, site, "host"), TG_TEXT("client"));
    snprintf(backend->expect, sizeof(backend->expect), "%.*s", (int)expect.len,
             expect.base != NULL ? expect.base : "");
    backend->address_count = tg_table_list(L, "addresses");
    backend->addresses = tg_table_array(site, backend->address_count, sizeof(*backend->addresses));
    for (size_t i = 0; i < backend->address_count; i++) {
        struct tg_error error = tg_address_parse(tg_table_item(L, site, i), &backend->addresses[i]);
        assert(error.code == NULL);
    }
    lua_pop(L, 1);
    backend->eject = read_eject(L, backend->address_count);
    tg_backend_config_open(backend);
    return !has_https(backend) || read_tls(L, site, backend);
}
