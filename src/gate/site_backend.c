#include "gate/site_backend.h"

#include <assert.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "gate/site_table.h"
#include "gate/site_tls.h"
#include "net/tls.h"

static bool is_text(lua_State *L, struct tg_site *site, const char *name, const char *text)
{
    struct tg_text value = tg_table_text(L, site, name);

    return value.base != NULL && strcmp(value.base, text) == 0;
}

/* What stands in the file, or that nothing can be read. */
static void print_file(struct tg_buffer *print, const char *path)
{
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    char piece[4096];

    tg_buffer_printf(print, "|%s|", path != NULL ? path : "");
    for (size_t n; file != NULL && (n = fread(piece, 1, sizeof(piece), file)) != 0;)
        tg_buffer_append(print, piece, n);
    if (file != NULL)
        fclose(file);
}

/* False when a file has changed since it was checked. */
static bool read_tls(lua_State *L, struct tg_site *site, struct tg_backend_config *backend,
                     struct tg_buffer *print)
{
    struct tg_tls_problem problem;
    struct tg_tls_options options = tg_site_read_tls(L, site);

    print_file(print, options.ca);
    print_file(print, options.cert);
    print_file(print, options.key);
    tg_buffer_printf(print, "|%s|%d|%d", options.name != NULL ? options.name : "",
                     options.unverified, options.only_1_3);
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

static void read_options(lua_State *L, struct tg_site *site, struct tg_backend_config *backend)
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
    backend->addresses = calloc(backend->address_count, sizeof(*backend->addresses));
    assert(backend->addresses != NULL);
    for (size_t i = 0; i < backend->address_count; i++) {
        struct tg_error error = tg_address_parse(tg_table_item(L, site, i), &backend->addresses[i]);
        assert(error.code == NULL);
    }
    lua_pop(L, 1);
    backend->eject = read_eject(L, backend->address_count);
}

static void print_options(struct tg_buffer *print, const struct tg_backend_config *config)
{
    tg_buffer_printf(print, "%s|%u|%u|%u|%u|%u|%u|%u|%u|%u|%u|%u|%u|%d|%u|%u|%u|%zu|%zu|%d|%s",
                     config->name, config->timeout_ms, config->connect_timeout_ms,
                     config->first_byte_timeout_ms, config->idle_timeout_ms, config->keepalive_ms,
                     config->keepalive, config->lifetime_ms, config->connections, config->queue,
                     config->queue_timeout_ms, config->retries, config->retry_budget, config->least,
                     config->eject.failures, config->eject.time_ms, config->eject.most_ms,
                     config->head_limit, config->limit, config->clients_host, config->expect);
    for (size_t i = 0; i < config->address_count; i++) {
        const struct tg_address *address = &config->addresses[i];
        tg_buffer_printf(print, "|%d%d|%s|%u|%s|%s", address->is_unix, address->is_tls,
                         address->host, address->port, address->authority, address->base_path);
    }
}

static void destroy(struct tg_site_backend *backend)
{
    tg_tls_destroy(backend->config.tls);
    tg_backend_config_close(&backend->config);
    free(backend->config.addresses);
    free(backend);
}

struct tg_site_backend *tg_site_read_backend(lua_State *L, struct tg_site *site)
{
    struct tg_site_backend *backend = calloc(1, sizeof(*backend));
    struct tg_buffer print = {.limit = 0};
    uint8_t digest[TG_DIGEST_MAX];

    assert(backend != NULL);
    atomic_init(&backend->holders, 1);
    read_options(L, site, &backend->config);
    tg_backend_config_open(&backend->config);
    print_options(&print, &backend->config);
    bool well = !has_https(&backend->config) || read_tls(L, site, &backend->config, &print);
    tg_crypto_digest(TG_SHA256, tg_text(print.base, print.len), digest);
    memcpy(backend->config.print, digest, sizeof(backend->config.print));
    explicit_bzero(print.base, print.len);
    tg_buffer_dispose(&print);
    if (well)
        return backend;
    destroy(backend);
    return NULL;
}

void tg_site_backend_hold(struct tg_site_backend *backend)
{
    atomic_fetch_add(&backend->holders, 1);
}

void tg_site_backend_release(struct tg_site_backend *backend)
{
    if (atomic_fetch_sub(&backend->holders, 1) == 1)
        destroy(backend);
}
