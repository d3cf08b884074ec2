#include "gate/edition.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate/site_backend.h"
#include "gate/site_cache.h"

/* ---- what a route is, as a digest */

struct printing {
    const struct tg_site *site;
    const char *path; /* whose digest was taken last: routes often share a script */
    uint8_t digest[TG_DIGEST_MAX];
};

static void read_digest(const struct tg_site *site, const char *path, uint8_t *digest)
{
    struct tg_text text = TG_TEXT("");
    char full[4096];

    snprintf(full, sizeof(full), "%s%s%s", path[0] == '/' ? "" : site->folder,
             path[0] == '/' ? "" : "/", path);
    tg_files_read(site->files, full, &text);
    tg_crypto_digest(TG_SHA256, text, digest);
}

static void print_script(struct printing *printing, struct tg_buffer *out, const char *path)
{
    if (printing->path == NULL || strcmp(printing->path, path) != 0) {
        read_digest(printing->site, path, printing->digest);
        printing->path = path;
    }
    tg_buffer_printf(out, "|%s|", path);
    tg_buffer_append(out, printing->digest, 32);
}

static void print_pass(const struct tg_site *site, const struct tg_route *route,
                       struct tg_buffer *out)
{
    if (route->backend != TG_NO_BACKEND)
        tg_buffer_printf(out, "|to %s", site->backends[route->backend]->config.name);
    tg_buffer_printf(out, "|%d|%d|%u", route->clients_host, route->upgrade,
                     route->upgrade_timeout_ms);
    for (size_t i = 0; i < route->part_count; i++) {
        const struct tg_route_part *part = &route->parts[i];
        tg_buffer_printf(out, "|%d %zu ", part->is_text, part->segment);
        if (part->is_text)
            tg_buffer_append(out, part->text.base, part->text.len);
    }
}

/* How a key is made, and what of it is believed: what was kept otherwise is another thing. */
static void print_cache(const struct tg_cache_policy *policy, struct tg_buffer *out)
{
    if (policy == NULL)
        return;
    tg_buffer_printf(out, "|cache %d|%d|%d|%llu|%llu|%llu|%llu|", policy->http, policy->shared,
                     policy->has_ttl, (unsigned long long)policy->ttl_ms,
                     (unsigned long long)policy->stale_ms, (unsigned long long)policy->sick_ms,
                     (unsigned long long)policy->retry_ms);
    tg_buffer_append(out, policy->statuses, sizeof(policy->statuses));
    for (size_t i = 0; i < policy->method_count; i++)
        tg_buffer_printf(out, "|%.*s", (int)policy->methods[i].len, policy->methods[i].base);
    for (size_t i = 0; i < policy->part_count; i++) {
        const struct tg_key_part *part = &policy->parts[i];
        tg_buffer_printf(out, "|%d %zu ", part->kind, part->name.len);
        if (part->name.len != 0)
            tg_buffer_append(out, part->name.base, part->name.len);
    }
}

static void print_route(struct printing *printing, const struct tg_route *route,
                        const struct tg_buffer *before, uint8_t *print)
{
    struct tg_buffer out = {.limit = 0};

    tg_buffer_append(&out, before->base, before->len);
    tg_buffer_printf(&out, "|%u|%d|%s", route->timeout_ms, route->jit,
                     route->table != NULL ? route->table : "");
    tg_buffer_append(&out, &route->codec, sizeof(route->codec));
    print_pass(printing->site, route, &out);
    print_cache(route->cache, &out);
    for (size_t i = 0; i < route->before_count; i++)
        print_script(printing, &out, route->before[i]);
    if (route->script != NULL)
        print_script(printing, &out, route->script);
    tg_crypto_digest(TG_SHA256, tg_text(out.base, out.len), print);
    tg_buffer_dispose(&out);
}

static void print_routes(struct tg_edition *edition)
{
    const struct tg_site *site = edition->site;
    struct printing printing = {.site = site};
    struct tg_buffer before = {.limit = 0};

    for (size_t i = 0; i < site->before_count; i++)
        print_script(&printing, &before, site->before[i]);
    for (size_t i = 0; i < site->route_count; i++)
        print_route(&printing, &site->routes[i], &before, edition->prints[i]);
    tg_buffer_dispose(&before);
}

/* ---- its life */

struct tg_edition *tg_edition_create(struct tg_site *site, struct tg_sink *log, unsigned workers,
                                     unsigned number)
{
    struct tg_edition *edition = calloc(1, sizeof(*edition));
    size_t routes = site->route_count;

    assert(edition != NULL);
    edition->site = site;
    edition->router = tg_router_create(site);
    edition->log = (struct tg_log){.sink = log,
                                   .level = (enum tg_log_level)site->log_level,
                                   .secrets = site->secrets,
                                   .secret_count = site->secret_count};
    edition->number = number;
    edition->schemas = tg_schema_store_create();
    edition->counts = calloc(workers * routes + 1, sizeof(*edition->counts));
    edition->outcomes = calloc(workers * routes + 1, sizeof(*edition->outcomes));
    edition->bars = calloc(routes + 1, sizeof(*edition->bars));
    edition->ancestors = calloc(routes + 1, sizeof(*edition->ancestors));
    edition->prints = calloc(routes + 1, sizeof(*edition->prints));
    assert(edition->counts != NULL && edition->ancestors != NULL && edition->prints != NULL &&
           edition->bars != NULL);
    assert(edition->outcomes != NULL);
    for (size_t i = 0; i < routes; i++)
        edition->ancestors[i] = TG_NO_ROUTE;
    atomic_init(&edition->holders, 1);
    print_routes(edition);
    return edition;
}

static void inherit_backends(struct tg_site *site, const struct tg_site *before)
{
    for (size_t i = 0; i < site->backend_count; i++)
        for (size_t k = 0; k < before->backend_count; k++) {
            struct tg_site_backend *old = before->backends[k];
            if (memcmp(old->config.print, site->backends[i]->config.print,
                       sizeof(old->config.print)) != 0)
                continue;
            tg_site_backend_release(site->backends[i]);
            tg_site_backend_hold(old);
            site->backends[i] = old;
            break;
        }
}

static int compare(const void *a, const void *b)
{
    const struct tg_route *const *left = a, *const *right = b;

    return strcmp((*left)->pattern, (*right)->pattern);
}

static const struct tg_route **sort(const struct tg_site *site)
{
    const struct tg_route **sorted = calloc(site->route_count + 1, sizeof(*sorted));

    assert(sorted != NULL);
    for (size_t i = 0; i < site->route_count; i++)
        sorted[i] = &site->routes[i];
    qsort(sorted, site->route_count, sizeof(*sorted), compare);
    return sorted;
}

void tg_edition_inherit(struct tg_edition *edition, const struct tg_edition *before)
{
    size_t count = before->site->route_count;
    const struct tg_route **sorted = sort(before->site);

    inherit_backends(edition->site, before->site);
    for (size_t i = 0; i < edition->site->route_count; i++) {
        const struct tg_route *route = &edition->site->routes[i];
        const struct tg_route **found =
            bsearch(&route, sorted, count, sizeof(const struct tg_route *), compare);
        if (found != NULL)
            edition->ancestors[i] = (*found)->index;
    }
    free(sorted);
}

void tg_edition_forget_counts(struct tg_edition *edition)
{
    /* Only the first worker's: that is who has tried it. */
    memset(edition->counts, 0, edition->site->route_count * sizeof(*edition->counts));
    memset(edition->outcomes, 0, edition->site->route_count * sizeof(*edition->outcomes));
}

void tg_edition_inherit_counts(struct tg_edition *edition, const struct tg_edition *before,
                               unsigned worker)
{
    for (size_t i = 0; i < edition->site->route_count; i++)
        if (edition->ancestors[i] != TG_NO_ROUTE)
            tg_tally(
                tg_edition_requests(edition, worker, i),
                atomic_load_explicit(tg_edition_requests(before, worker, edition->ancestors[i]),
                                     memory_order_relaxed));
}

void tg_edition_bar(struct tg_edition *edition, const char *pattern, const char *place)
{
    for (size_t i = 0; i < edition->site->route_count; i++) {
        if (strcmp(edition->site->routes[i].pattern, pattern) != 0)
            continue;
        const char *none = NULL, *copy = strdup(place[0] != '\0' ? place : "an unknown place");
        assert(copy != NULL);
        if (!atomic_compare_exchange_strong(&edition->bars[i], &none, copy))
            free((char *)copy);
    }
}

struct tg_edition *tg_edition_hold(struct tg_edition *edition)
{
    atomic_fetch_add(&edition->holders, 1);
    return edition;
}

void tg_edition_release(struct tg_edition *edition)
{
    if (atomic_fetch_sub(&edition->holders, 1) != 1)
        return;
    for (size_t i = 0; i < edition->site->route_count; i++)
        free((char *)edition->bars[i]);
    free(edition->bars);
    tg_router_destroy(edition->router);
    tg_schema_store_destroy(edition->schemas);
    tg_site_destroy(edition->site);
    free(edition->counts);
    free(edition->outcomes);
    free(edition->ancestors);
    free(edition->prints);
    free(edition);
}
