#include "gate/changes.h"

#include <assert.h>
#include <stdlib.h>

#include "api/response.h"
#include "gate/site_tier.h"

static void put(struct tg_buffer *out, const char **comma, const char *name)
{
    tg_buffer_printf(out, "%s", *comma);
    tg_text_write(out, tg_text_of(name));
    *comma = ",";
}

/* ---- routes */

static void write_added(const struct tg_edition *after, struct tg_buffer *out)
{
    const char *comma = "";

    for (size_t i = 0; i < after->site->route_count; i++)
        if (after->ancestors[i] == TG_NO_ROUTE)
            put(out, &comma, after->site->routes[i].pattern);
}

static void write_removed(const struct tg_edition *before, const struct tg_edition *after,
                          struct tg_buffer *out)
{
    bool *is_kept = calloc(before->site->route_count + 1, sizeof(*is_kept));
    const char *comma = "";

    assert(is_kept != NULL);
    for (size_t i = 0; i < after->site->route_count; i++)
        if (after->ancestors[i] != TG_NO_ROUTE)
            is_kept[after->ancestors[i]] = true;
    for (size_t i = 0; i < before->site->route_count; i++)
        if (!is_kept[i])
            put(out, &comma, before->site->routes[i].pattern);
    free(is_kept);
}

static void write_changed(const struct tg_edition *before, const struct tg_edition *after,
                          struct tg_buffer *out)
{
    const char *comma = "";

    for (size_t i = 0; i < after->site->route_count; i++) {
        size_t old = after->ancestors[i];
        if (old != TG_NO_ROUTE &&
            memcmp(before->prints[old], after->prints[i], sizeof(*after->prints)) != 0)
            put(out, &comma, after->site->routes[i].pattern);
    }
}

/* ---- backends */

static const struct tg_site_backend *find(const struct tg_site *site, const char *name)
{
    for (size_t i = 0; i < site->backend_count; i++)
        if (strcmp(site->backends[i]->config.name, name) == 0)
            return site->backends[i];
    return NULL;
}

/* Those of `some` that `others` don't have. */
static void write_missing(const struct tg_site *some, const struct tg_site *others,
                          struct tg_buffer *out)
{
    const char *comma = "";

    for (size_t i = 0; i < some->backend_count; i++)
        if (find(others, some->backends[i]->config.name) == NULL)
            put(out, &comma, some->backends[i]->config.name);
}

static void write_different(const struct tg_site *before, const struct tg_site *after,
                            struct tg_buffer *out)
{
    const char *comma = "";

    for (size_t i = 0; i < after->backend_count; i++) {
        const struct tg_site_backend *old = find(before, after->backends[i]->config.name);
        if (old != NULL && old != after->backends[i])
            put(out, &comma, after->backends[i]->config.name);
    }
}

void tg_changes_write(const struct tg_edition *before, const struct tg_edition *after,
                      struct tg_buffer *out)
{
    tg_buffer_printf(out, ",\"routes\":{\"added\":[");
    write_added(after, out);
    tg_buffer_printf(out, "],\"removed\":[");
    write_removed(before, after, out);
    tg_buffer_printf(out, "],\"changed\":[");
    write_changed(before, after, out);
    tg_buffer_printf(out, "]},\"backends\":{\"added\":[");
    write_missing(after->site, before->site, out);
    tg_buffer_printf(out, "],\"removed\":[");
    write_missing(before->site, after->site, out);
    tg_buffer_printf(out, "],\"changed\":[");
    write_different(before->site, after->site, out);
    tg_buffer_printf(out, "]}");
}

/* ---- what a reload leaves as it is */

static bool same_listens(const struct tg_site *a, const struct tg_site *b)
{
    if (a->listen_count != b->listen_count)
        return false;
    for (size_t i = 0; i < a->listen_count; i++)
        if (a->listens[i].port != b->listens[i].port ||
            strcmp(a->listens[i].host, b->listens[i].host) != 0)
            return false;
    return true;
}

static bool same_admin(const struct tg_admin *a, const struct tg_admin *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a->address.listen.port == b->address.listen.port &&
           strcmp(a->address.listen.host, b->address.listen.host) == 0 &&
           strcmp(a->address.path, b->address.path) == 0 && tg_text_is(a->token, b->token);
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_tier(const struct tg_tier_config *a, const struct tg_tier_config *b)
{
    return a == NULL || b == NULL ? a == b : memcmp(a->print, b->print, sizeof(a->print)) == 0;
}

void tg_changes_warn(const struct tg_site *first, const struct tg_site *now,
                     struct tg_buffer *lines)
{
    if (!same_listens(first, now))
        tg_buffer_printf(lines, "listen has changed: it needs a restart\n");
    if (first->codec_threads != now->codec_threads)
        tg_buffer_printf(lines, "codec_threads has changed: it needs a restart\n");
    if (first->io_uring != now->io_uring)
        tg_buffer_printf(lines, "io_uring has changed: it needs a restart\n");
    if (first->workers != now->workers)
        tg_buffer_printf(lines, "workers has changed: it needs a restart\n");
    if (!same_admin(first->admin, now->admin))
        tg_buffer_printf(lines, "admin has changed: it needs a restart\n");
    if (!same_text(first->access_log, now->access_log))
        tg_buffer_printf(lines, "log.access has changed: it needs a restart\n");
    if (!same_tier(first->tier, now->tier))
        tg_buffer_printf(lines, "cache.redis has changed: it needs a restart\n");
    if (first->limits.connections != now->limits.connections)
        tg_buffer_printf(lines, "limits.connections has changed: it needs a restart\n");
}
