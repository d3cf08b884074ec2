#include "gate/server.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate/admin.h"
#include "gate/door.h"
#include "gate/events.h"
#include "gate/handler.h"
#include "gate/listener.h"
#include "gate/problems.h"
#include "gate/pulse.h"
#include "gate/refusal.h"
#include "gate/reload.h"
#include "gate/seams.h"
#include "gate/recorder.h"
#include "gate/worker.h"
#include "tier/tier.h"

enum {
    STATUS_OK = 0,
    STATUS_FAILED = 1,
    LEFT_BEHIND_MS = 3000, /* beyond the time to drain */
    PROBLEMS_MOST = 1048576,
};

/* h2o takes it from the time of day: it must stay well below that. */
static const uint64_t NEVER_MS = 30ULL * 86400 * 1000;

static struct tg_site *read_or_say(const char *folder, const char *changes)
{
    struct tg_buffer problems = {.limit = PROBLEMS_MOST};
    struct tg_site *site = tg_site_read_alone(folder, changes, &problems);

    tg_problems_say(&problems);
    return site;
}

struct tg_site *tg_server_read(const char *folder)
{
    return read_or_say(folder, NULL);
}

static void init_config(struct tg_gate *gate)
{
    h2o_config_init(&gate->config);
    gate->config.server_name = h2o_iovec_init(NULL, 0); /* nobody's business */
    /* h2o refuses a chunked body of exactly its limit; the handler looks at the byte more. */
    gate->config.max_request_entity_size = gate->site->body_limit + 1;
    gate->config.http1.upgrade_to_http2 = 0;
    gate->config.http1.req_timeout = NEVER_MS;            /* the door has finer ones */
    h2o_socket_buffer_mmap_settings.threshold = SIZE_MAX; /* no body lies in a file of /tmp */
    h2o_hostconf_t *host =
        h2o_config_register_host(&gate->config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    tg_handler_register(host);
    tg_refusal_register(host);
    gate->hosts[0] = host;
    tg_admin_register(gate);
}

static bool open_access_log(struct tg_gate *gate)
{
    const char *access = gate->site->access_log;
    struct tg_sink_options lines = {.fd = STDOUT_FILENO, .say = tg_sink_say_json};

    if (access != NULL) {
        if (strcmp(access, "stdout") != 0)
            lines.path = access;
        gate->access = tg_sink_create(&lines);
        if (gate->access == NULL) {
            fprintf(stderr, "tidegate: the access log '%s' can't be opened: %s\n", access,
                    strerror(errno));
            return false;
        }
    }
    return true;
}

static bool bind_all(struct tg_gate *gate)
{
    const struct tg_site *site = gate->site;

    gate->listen_fds = calloc(site->listen_count, sizeof(*gate->listen_fds));
    assert(gate->listen_fds != NULL);
    for (size_t i = 0; i < site->listen_count; i++)
        gate->listen_fds[i] = -1;
    for (size_t i = 0; i < site->listen_count; i++) {
        const struct tg_listen *listen = &site->listens[i];
        struct sockaddr_storage address;
        socklen_t len = tg_listener_address(listen, &address);
        gate->listen_fds[i] = tg_link_listen(&gate->link, &address, len);
        if (gate->listen_fds[i] < 0) {
            fprintf(stderr, "tidegate: can't listen on %s port %u: %s\n", listen->host,
                    listen->port, strerror(errno));
            return false;
        }
    }
    if (!tg_admin_bind(gate)) {
        fprintf(stderr, "tidegate: can't listen on the admin address: %s\n", strerror(errno));
        return false;
    }
    return true;
}

bool tg_server_make_workers(struct tg_gate *gate, unsigned count, struct tg_buffer *problems)
{
    bool well = true;

    gate->workers = calloc(gate->site->workers, sizeof(*gate->workers));
    assert(gate->workers != NULL);
    for (unsigned i = 0; i < count && well; i++)
        well = tg_worker_init(&gate->workers[i], gate, i, problems);
    return well;
}

static void log_ready(struct tg_gate *gate)
{
    const struct tg_site *site = gate->site;
    struct tg_buffer line = {.limit = 4096};
    char url[320];

    if (gate->most_connections < site->limits.connections)
        tg_log_warn(&gate->log, NULL,
                    "event=connections_lowered to=%zu reason=\"half of the open files allowed\"",
                    gate->most_connections);
    for (size_t i = 0; i < site->listen_count; i++) {
        const char *host = site->listens[i].host;
        bool v6 = strchr(host, ':') != NULL;
        tg_buffer_clear(&line, 4096);
        snprintf(url, sizeof(url), "http://%s%s%s:%u", v6 ? "[" : "", host, v6 ? "]" : "",
                 tg_listener_port(gate->listen_fds[i]));
        tg_log_field(&line, "event", TG_TEXT("ready"));
        tg_log_field(&line, "url", tg_text_of(url));
        tg_log_field(&line, "site", tg_text_of(site->folder));
        tg_buffer_printf(&line, " workers=%u routes=%zu", site->workers, site->route_count);
        tg_log_fields(&gate->log, TG_LOG_INFO, NULL, &line);
    }
    tg_buffer_dispose(&line);
}

static void log_unverified(struct tg_gate *gate)
{
    for (size_t i = 0; i < gate->site->backend_count; i++)
        if (gate->site->backends[i]->config.unverified)
            tg_log_warn(&gate->log, NULL, "event=tls_unverified backend=%s",
                        gate->site->backends[i]->config.name);
}

/* A second signal to end ends us at once; the master sends none. */
static void unblock_ends(void)
{
    sigset_t ends;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &ends, NULL);
}

/* Drains. A thread that can't be stopped is left behind at the end of its time. */
static void end(struct tg_gate *gate)
{
    uint64_t until_ms = tg_clock_monotonic_ms() + atomic_load(&gate->drain_ms) + LEFT_BEHIND_MS;
    tg_pulse_stop(gate->pulse);
    bool well = tg_reload_stop(gate->reload, until_ms);

    for (unsigned i = 0; i < gate->site->workers; i++)
        tg_worker_stop(&gate->workers[i]);
    if (!tg_link_is_there(&gate->link))
        unblock_ends();
    for (unsigned i = 0; i < gate->site->workers; i++)
        if (!atomic_load(&gate->workers[i].look.is_stuck))
            well = tg_worker_join(&gate->workers[i], until_ms) && well;
    for (unsigned i = 0; i < gate->site->workers; i++)
        well = tg_worker_join(&gate->workers[i], tg_clock_monotonic_ms()) && well;
    if (well) {
        tg_log_info(&gate->log, NULL, "event=stopped");
        return;
    }
    tg_log_error(&gate->log, NULL, "event=thread_left_behind");
    tg_admin_unbind(gate);
    if (gate->access != NULL)
        tg_sink_destroy(gate->access);
    tg_sink_destroy(gate->log.sink);
    _exit(STATUS_FAILED);
}

static bool serve(struct tg_gate *gate, bool watch, int signals)
{
    gate->reload = tg_reload_create(gate, watch);
    if (gate->reload == NULL) {
        fprintf(stderr, "tidegate: the site's folder can't be watched: %s\n", strerror(errno));
        return false;
    }
    for (unsigned i = 0; i < gate->site->workers; i++)
        if (!tg_worker_start(&gate->workers[i]))
            tg_log_error(&gate->log, NULL, "event=thread_failed worker=%u", i);
    tg_reload_start(gate->reload);
    gate->pulse = tg_pulse_start(gate);
    log_unverified(gate);
    log_ready(gate);
    tg_link_say(&gate->link, TG_CHANNEL_READY, (int32_t)gate->site->drain_ms, "");
    tg_systemd_notify(&gate->link.systemd, "READY=1");
    tg_events_wait(gate, signals);
    tg_systemd_notify(&gate->link.systemd, "STOPPING=1");
    end(gate);
    return true;
}

void tg_server_dispose(struct tg_gate *gate)
{
    for (unsigned i = 0; gate->workers != NULL && i < gate->site->workers; i++)
        tg_worker_dispose(&gate->workers[i]);
    free(gate->workers);
    if (gate->recorder != NULL)
        tg_recorder_destroy(gate->recorder);
    tg_flights_destroy(gate->flights);
    tg_cache_destroy(gate->cache);
    if (gate->tier != NULL)
        tg_tier_destroy(gate->tier);
    if (gate->work != NULL)
        tg_work_pool_destroy(gate->work);
    for (size_t i = 0; gate->listen_fds != NULL && i < gate->site->listen_count; i++)
        if (gate->listen_fds[i] >= 0)
            close(gate->listen_fds[i]);
    free(gate->listen_fds);
    tg_admin_unbind(gate);
    if (gate->reload != NULL)
        tg_reload_destroy(gate->reload);
    h2o_config_dispose(&gate->config);
    if (gate->access != NULL)
        tg_sink_destroy(gate->access);
    tg_edition_release(gate->first);
    if (gate->log.sink != NULL)
        tg_sink_destroy(gate->log.sink);
}

void tg_server_prepare(struct tg_gate *gate, struct tg_edition *edition)
{
    *gate = (struct tg_gate){.site = edition->site, .admin_fd = -1, .port = -1, .link = {.fd = -1}};
    gate->first = edition;
    gate->log = edition->log;
    tg_pulse_set(gate, edition->site);
    atomic_store(&gate->drain_ms, edition->site->drain_ms);
    gate->started_ns = tg_clock_monotonic_ns();
    gate->cache = tg_cache_create(edition->site->cache_memory, edition->site->cache_object);
    gate->flights = tg_flights_create();
    init_config(gate);
}

static void prepare(struct tg_gate *gate, struct tg_site *site, struct tg_sink *log)
{
    tg_server_prepare(gate, tg_edition_create(site, log, site->workers, 1));
}

/* Those that a process before this one got stuck in. */
static void bar_routes(struct tg_edition *edition)
{
    const char *text = getenv(TG_CHANNEL_BARRED);
    char *copy = strdup(text != NULL ? text : ""), *rest = copy;

    assert(copy != NULL);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *pattern = strsep(&line, "\t");
        if (line != NULL)
            tg_edition_bar(edition, pattern, line);
    }
    free(copy);
    unsetenv(TG_CHANNEL_BARRED);
}

static int run(struct tg_link *link, struct tg_site *site, int port, bool watch)
{
    struct tg_sink_options errors = {.fd = STDERR_FILENO, .say = tg_sink_say_logfmt};
    struct tg_buffer problems = {.limit = PROBLEMS_MOST};

    if (site == NULL)
        return STATUS_FAILED;
    if (!tg_seams_are_in_place()) {
        fprintf(stderr, "tidegate: libh2o does not call our checks of request heads\n");
        return STATUS_FAILED;
    }
    if (port >= 0)
        site->listens[0].port = (uint16_t)port;
    int signals = tg_events_open();
    struct tg_gate gate;
    prepare(&gate, site, tg_sink_create(&errors));
    gate.port = port;
    gate.link = *link;
    bar_routes(gate.first);
    gate.work = tg_work_pool_create(site->codec_threads);
    if (site->tier != NULL)
        gate.tier = tg_tier_create(site->tier, gate.cache);
    if (site->admin != NULL)
        gate.recorder = tg_recorder_create();
    gate.most_connections = tg_door_size(site->limits.connections);
    bool well = signals >= 0 && gate.log.sink != NULL && bind_all(&gate) &&
                open_access_log(&gate) && tg_server_make_workers(&gate, site->workers, &problems);
    tg_problems_say(&problems);
    well = well && serve(&gate, watch, signals);
    *link = gate.link;
    tg_server_dispose(&gate);
    if (signals >= 0)
        close(signals);
    return well ? STATUS_OK : STATUS_FAILED;
}

static int serve_site(const char *folder, const char *changes, int port, bool watch)
{
    struct tg_link link;

    if (!tg_link_open(&link))
        return STATUS_FAILED;
    int status = run(&link, read_or_say(folder, changes), port, watch);
    tg_link_close(&link);
    return status;
}

int tg_server_run(const char *folder, int port, bool watch)
{
    return serve_site(folder, NULL, port, watch);
}

int tg_server_run_changed(const char *folder, const char *changes)
{
    return serve_site(folder, changes, -1, false);
}
