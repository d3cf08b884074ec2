#include "gate/server.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate/admin.h"
#include "gate/ask.h"
#include "gate/door.h"
#include "gate/handler.h"
#include "gate/listener.h"
#include "gate/refusal.h"
#include "gate/seams.h"
#include "gate/status.h"
#include "gate/worker.h"
#include "net/resolver.h"

enum { STATUS_OK = 0, STATUS_FAILED = 1 };

/* h2o takes it from the time of day: it must stay well below that. */
static const uint64_t NEVER_MS = 30ULL * 86400 * 1000;

static struct tg_site *read_site(const char *folder)
{
    struct tg_buffer problems = {.limit = 1048576};
    struct tg_site *site = tg_site_read(folder, &problems);

    fprintf(stderr, "%.*s", (int)problems.len, problems.base != NULL ? problems.base : "");
    tg_buffer_dispose(&problems);
    return site;
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

static struct tg_log log_of(const struct tg_site *site)
{
    return (struct tg_log){.level = (enum tg_log_level)site->log_level,
                           .secrets = site->secrets,
                           .secret_count = site->secret_count};
}

static bool open_logs(struct tg_gate *gate)
{
    const char *access = gate->site->access_log;
    struct tg_sink_options errors = {.fd = STDERR_FILENO, .say = tg_sink_say_logfmt};
    struct tg_sink_options lines = {.fd = STDOUT_FILENO, .say = tg_sink_say_json};

    gate->log.sink = tg_sink_create(&errors);
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
    return gate->log.sink != NULL;
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
        gate->listen_fds[i] = tg_listener_bind(listen);
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

static bool make_workers(struct tg_gate *gate, unsigned count)
{
    struct tg_buffer problems = {.limit = 1048576};
    bool well = true;

    gate->workers = calloc(gate->site->workers, sizeof(*gate->workers));
    assert(gate->workers != NULL);
    for (unsigned i = 0; i < count && well; i++)
        well = tg_worker_init(&gate->workers[i], gate, i, &problems);
    fprintf(stderr, "%.*s", (int)problems.len, problems.base != NULL ? problems.base : "");
    tg_buffer_dispose(&problems);
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
        if (gate->site->backends[i].unverified)
            tg_log_warn(&gate->log, NULL, "event=tls_unverified backend=%s",
                        gate->site->backends[i].name);
}

static void reopen_logs(struct tg_gate *gate)
{
    tg_log_info(&gate->log, NULL, "event=logs_reopened");
    if (gate->access != NULL)
        tg_sink_reopen(gate->access);
}

/* Waits for the signal that ends us; the others are handled here. */
static void wait_for_end(struct tg_gate *gate, const sigset_t *signals)
{
    int signal;

    while (sigwait(signals, &signal) != 0 || signal == SIGUSR1)
        reopen_logs(gate);
    tg_log_info(&gate->log, NULL, "event=stopping signal=%s", sigabbrev_np(signal));
}

/* All threads inherit the mask: signals are taken by sigwait in the main one only. A second
 * signal to end is not blocked: it ends the process at once. */
static void block_signals(sigset_t *signals)
{
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    sigaddset(signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

static void serve(struct tg_gate *gate, const sigset_t *signals)
{
    unsigned count = gate->site->workers;

    for (unsigned i = 0; i < count; i++)
        if (!tg_worker_start(&gate->workers[i]))
            tg_log_error(&gate->log, NULL, "event=thread_failed worker=%u", i);
    log_unverified(gate);
    log_ready(gate);
    wait_for_end(gate, signals);
    for (unsigned i = 0; i < count; i++)
        tg_worker_stop(&gate->workers[i]);
    pthread_sigmask(SIG_UNBLOCK, signals, NULL);
    for (unsigned i = 0; i < count; i++)
        tg_worker_join(&gate->workers[i]);
    tg_log_info(&gate->log, NULL, "event=stopped");
}

static void dispose(struct tg_gate *gate)
{
    for (unsigned i = 0; gate->workers != NULL && i < gate->site->workers; i++)
        tg_worker_dispose(&gate->workers[i]);
    free(gate->workers);
    if (gate->work != NULL)
        tg_work_pool_destroy(gate->work);
    for (size_t i = 0; gate->listen_fds != NULL && i < gate->site->listen_count; i++)
        if (gate->listen_fds[i] >= 0)
            close(gate->listen_fds[i]);
    free(gate->listen_fds);
    tg_admin_unbind(gate);
    if (gate->router != NULL)
        tg_router_destroy(gate->router);
    h2o_config_dispose(&gate->config);
    if (gate->access != NULL)
        tg_sink_destroy(gate->access);
    if (gate->log.sink != NULL)
        tg_sink_destroy(gate->log.sink);
}

int tg_server_run(const char *folder, int port)
{
    struct tg_site *site = read_site(folder);
    struct tg_gate gate = {.site = site, .admin_fd = -1, .generation = 1};
    sigset_t signals;

    if (site == NULL)
        return STATUS_FAILED;
    if (!tg_seams_are_in_place()) {
        fprintf(stderr, "tidegate: libh2o does not call our checks of request heads\n");
        return STATUS_FAILED;
    }
    if (port >= 0)
        site->listens[0].port = (uint16_t)port;
    gate.started_ns = tg_clock_monotonic_ns();
    block_signals(&signals);
    init_config(&gate);
    gate.log = log_of(site);
    gate.router = tg_router_create(site);
    gate.work = tg_work_pool_create(site->codec_threads);
    gate.most_connections = tg_door_size(site->limits.connections);
    bool well = bind_all(&gate) && open_logs(&gate) && make_workers(&gate, site->workers);
    if (well)
        serve(&gate, &signals);
    dispose(&gate);
    tg_site_destroy(site);
    return well ? STATUS_OK : STATUS_FAILED;
}

/* Says which names of backends can't be resolved now. */
static bool resolve_names(const struct tg_site *site)
{
    bool well = true;

    for (size_t i = 0; i < site->backend_count; i++)
        for (size_t k = 0; k < site->backends[i].address_count; k++) {
            const struct tg_address *address = &site->backends[i].addresses[k];
            struct tg_addresses found;
            if (address->is_unix || address->is_number)
                continue;
            struct tg_error error = tg_resolver_lookup(address->host, &found);
            if (error.code == NULL)
                continue;
            fprintf(stderr, "%s/site.lua: backend '%s': the name '%s' can't be resolved: %s\n",
                    site->folder, site->backends[i].name, address->host, error.message);
            well = false;
        }
    return well;
}

int tg_server_check(const char *folder)
{
    struct tg_site *site = read_site(folder);
    struct tg_gate gate = {.site = site, .admin_fd = -1};

    if (site == NULL)
        return STATUS_FAILED;
    init_config(&gate);
    gate.log = log_of(site);
    bool well = make_workers(&gate, 1);
    well = resolve_names(site) && well;
    if (well)
        printf("%s: %zu routes, %zu backends: all is well\n", folder, site->route_count,
               site->backend_count);
    dispose(&gate);
    tg_site_destroy(site);
    return well ? STATUS_OK : STATUS_FAILED;
}

int tg_server_routes(const char *folder)
{
    struct tg_site *site = read_site(folder);
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
            snprintf(backend, sizeof(backend), "-> %s", site->backends[route->backend].name);
        printf("%-*s  %-24s  timeout=%gs%s%s\n", widest, route->pattern,
               route->script != NULL ? route->script : backend, route->timeout_ms / 1e3,
               route->jit ? " jit" : "",
               route->before_count + site->before_count > 0 ? " before" : "");
    }
    tg_site_destroy(site);
    return STATUS_OK;
}

/* Asks the address and shows what it says. */
static int show_status(const struct tg_admin_address *address, struct tg_text token,
                       const char *shown, bool json)
{
    struct tg_buffer body = {.limit = 67108864};
    const char *wrong = tg_ask(address, token, "/status", &body);
    bool well = wrong == NULL;

    if (!well)
        fprintf(stderr, "tidegate: %s: %s\n", shown, wrong);
    else if (json)
        fwrite(body.base, 1, body.len, stdout);
    else if (!(well = tg_status_print(tg_text(body.base, body.len), stdout)))
        fprintf(stderr, "tidegate: %s: what it says is no status\n", shown);
    tg_buffer_dispose(&body);
    return well ? STATUS_OK : STATUS_FAILED;
}

static int status_of_address(const char *text, bool json)
{
    const char *token = getenv("TIDEGATE_ADMIN_TOKEN");
    struct tg_admin_address address;
    const char *wrong = tg_admin_address_parse(tg_text_of(text), ".", true, &address);

    if (wrong != NULL) {
        fprintf(stderr, "tidegate: '%s': %s\n", text, wrong);
        return STATUS_FAILED;
    }
    return show_status(&address, tg_text_of(token != NULL ? token : ""), text, json);
}

int tg_server_status(const char *folder, const char *admin, bool json)
{
    if (admin != NULL)
        return status_of_address(admin, json);
    struct tg_site *site = read_site(folder);
    int result = STATUS_FAILED;

    if (site == NULL)
        return result;
    if (site->admin == NULL)
        fprintf(stderr, "tidegate: %s/site.lua has no admin address\n", folder);
    else
        result = show_status(&site->admin->address, site->admin->token, folder, json);
    tg_site_destroy(site);
    return result;
}
