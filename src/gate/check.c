#include "gate/check.h"

#include <stdio.h>
#include <string.h>

#include "gate/gate.h"
#include "gate/problems.h"
#include "gate/server.h"
#include "gate/site_cache.h"
#include "gate/trial.h"
#include "net/resolver.h"

enum { STATUS_OK = 0, STATUS_FAILED = 1, PROBLEMS_MOST = 1048576 };

/* Says which names of backends can't be resolved now. */
static bool resolve_names(const struct tg_site *site, struct tg_buffer *problems)
{
    bool well = true;

    for (size_t i = 0; i < site->backend_count; i++)
        for (size_t k = 0; k < site->backends[i]->config.address_count; k++) {
            const struct tg_address *address = &site->backends[i]->config.addresses[k];
            struct tg_addresses found;
            if (address->is_unix || address->is_number)
                continue;
            struct tg_error error = tg_resolver_lookup(address->host, &found);
            if (error.code == NULL)
                continue;
            tg_buffer_printf(
                problems, "%s/site.lua: backend '%s': the name '%s' can't be resolved: %s\n",
                site->folder, site->backends[i]->config.name, address->host, error.message);
            well = false;
        }
    return well;
}

/* Loads every script, and asks for every name. */
static bool prove(struct tg_site *site, bool self_test, struct tg_buffer *problems)
{
    struct tg_gate gate;

    tg_server_prepare(&gate, tg_edition_create(site, NULL, site->workers, 1));
    bool well = tg_server_make_workers(&gate, 1, problems);
    well = tg_trial_check(gate.first, problems) && well;
    well = resolve_names(site, problems) && well;
    if (well && self_test)
        well = tg_trial_run(gate.first, problems);
    tg_server_dispose(&gate);
    return well;
}

static void show_json(bool well, const struct tg_buffer *problems)
{
    struct tg_buffer out = {.limit = 0};

    tg_buffer_printf(&out, "{\"ok\":%s,\"problems\":", well ? "true" : "false");
    tg_problems_write(problems, &out);
    printf("%.*s}\n", (int)out.len, out.base);
    tg_buffer_dispose(&out);
}

int tg_check_site(const char *folder, bool json, bool self_test)
{
    struct tg_buffer problems = {.limit = PROBLEMS_MOST};
    struct tg_site *site = tg_site_read_alone(folder, NULL, &problems);
    size_t routes = site != NULL ? site->route_count : 0;
    size_t backends = site != NULL ? site->backend_count : 0;
    bool well = site != NULL && prove(site, self_test, &problems);

    if (json)
        show_json(well, &problems);
    else if (well)
        printf("%s: %zu routes, %zu backends: all is well\n", folder, routes, backends);
    if (json)
        tg_buffer_dispose(&problems);
    else
        tg_problems_say(&problems);
    return well ? STATUS_OK : STATUS_FAILED;
}

int tg_check_routes(const char *folder)
{
    struct tg_site *site = tg_server_read(folder);
    int widest = 7;

    if (site == NULL)
        return STATUS_FAILED;
    for (size_t i = 0; i < site->route_count; i++)
        if ((int)strlen(site->routes[i].pattern) > widest)
            widest = (int)strlen(site->routes[i].pattern);
    printf("%-*s  %-24s  %s\n", widest, "ROUTE", "SCRIPT", "POLICY");
    for (size_t i = 0; i < site->route_count; i++) {
        const struct tg_route *route = &site->routes[i];
        char backend[80];
        if (route->script == NULL)
            snprintf(backend, sizeof(backend), "-> %s",
                     site->backends[route->backend]->config.name);
        printf("%-*s  %-24s  timeout=%gs%s%s%s\n", widest, route->pattern,
               route->script != NULL ? route->script : backend, route->timeout_ms / 1e3,
               route->jit ? " jit" : "",
               route->before_count + site->before_count > 0 ? " before" : "",
               route->cache == NULL ? ""
               : route->cache->http ? " cache=http"
                                    : " cache");
    }
    tg_site_destroy(site);
    return STATUS_OK;
}
