#include "gate/worker.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate/admin.h"
#include "gate/client.h"
#include "gate/door.h"
#include "gate/handler.h"
#include "gate/linger.h"
#include "gate/listener.h"
#include "gate/scripts.h"
#include "net/resolver.h"

enum {
    LOOP_SLEEP_MS = 1000,
    DRAIN_STEP_MS = 20,
    NEW_MS = 300,
    STACK_BYTES = 64 * 1024 * 1024, /* callbacks inside callbacks of a script nest on it */
};

/* ---- beginning */

static bool make_backends(struct tg_worker *worker)
{
    const struct tg_site *site = worker->gate->site;
    struct tg_host *host = &worker->host;

    host->backends = calloc(site->backend_count + 1, sizeof(*host->backends));
    assert(host->backends != NULL);
    for (size_t i = 0; i < site->backend_count; i++) {
        host->backends[i] = tg_backend_create(&worker->net, &site->backends[i]);
        if (host->backends[i] == NULL)
            return false;
        host->backend_count++;
    }
    return true;
}

static void init_host(struct tg_worker *worker)
{
    const struct tg_site *site = worker->gate->site;

    worker->host = (struct tg_host){
        .log = &worker->gate->log,
        .debug = site->debug,
        .runs_every = worker->index == 0,
    };
    h2o_linklist_init_anchor(&worker->host.afters);
    if (getrandom(worker->host.random, sizeof(worker->host.random), 0) < 0)
        worker->host.random[0] = tg_clock_monotonic_ns() + worker->index;
    worker->host.random[1] |= 1;
}

static void on_wake(h2o_socket_t *sock, const char *err);

/* h2o's own queue between threads would read into buffers of the thread that made it, which all
 * workers then share; this reads nothing. */
static bool make_wake(struct tg_worker *worker)
{
    worker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (worker->wake_fd < 0)
        return false;
    int fd = fcntl(worker->wake_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return false;
    worker->wake = h2o_evloop_socket_create(worker->ctx.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    worker->wake->data = worker;
    h2o_socket_read_start(worker->wake, on_wake);
    return true;
}

bool tg_worker_init(struct tg_worker *worker, struct tg_gate *gate, unsigned index,
                    struct tg_buffer *problems)
{
    *worker = (struct tg_worker){.gate = gate, .index = index};
    h2o_context_init(&worker->ctx, h2o_evloop_create(), &gate->config);
    worker->accept = (h2o_accept_ctx_t){.ctx = &worker->ctx, .hosts = gate->hosts};
    h2o_linklist_init_anchor(&worker->running);
    h2o_linklist_init_anchor(&worker->tunnels);
    tg_timers_init(&worker->timers);
    tg_door_init(worker);
    worker->route_requests = calloc(gate->site->route_count + 1, sizeof(tg_counter));
    assert(worker->route_requests != NULL);
    worker->net = (struct tg_net){.loop = worker->ctx.loop, .timers = &worker->timers};
    worker->net.resolver = tg_resolver_create(worker->ctx.loop, &worker->timers, NULL);
    init_host(worker);
    if (gate->work != NULL)
        worker->host.work = tg_work_queue_create(gate->work, worker->ctx.loop);
    if ((gate->work != NULL && worker->host.work == NULL) || !make_wake(worker) ||
        worker->net.resolver == NULL || !make_backends(worker)) {
        tg_buffer_printf(problems, "no descriptors are left\n");
        return false;
    }
    return tg_generation_load(&worker->generation, gate->site, &worker->host, &worker->timers,
                              problems);
}

/* ---- ending */

/* A connection without a request: nothing of a next one has come yet. The first one of a new
 * connection is on its way, it seems. */
static int close_idle(h2o_req_t *req, void *unused)
{
    h2o_socket_t *sock = req->conn->callbacks->get_socket(req->conn);
    const struct tg_client *client = sock->on_close.data;
    uint64_t now = tg_timers_now(&client->worker->timers);

    (void)unused;
    if (client->requests == 0 && now - client->since_ms < NEW_MS)
        return 0;
    if (req->version == 0 && sock->input->size == 0)
        shutdown(h2o_socket_get_fd(sock), SHUT_RD);
    return 0;
}

static int close_any(h2o_req_t *req, void *unused)
{
    (void)unused;
    shutdown(h2o_socket_get_fd(req->conn->callbacks->get_socket(req->conn)), SHUT_RDWR);
    return 0;
}

static bool has_connections(struct tg_worker *worker)
{
    return !h2o_linklist_is_empty(&worker->ctx.http1._conns) ||
           !h2o_linklist_is_empty(&worker->ctx.http2._conns);
}

static void on_drain_step(struct tg_timer *timer)
{
    struct tg_worker *worker = H2O_STRUCT_FROM_MEMBER(struct tg_worker, drain_step, timer);

    if (tg_timers_now(&worker->timers) >= worker->drain_until_ms) {
        tg_handler_abandon(worker);
        worker->gate->config.http1.callbacks.foreach_request(&worker->ctx, close_any, NULL);
    } else {
        worker->gate->config.http1.callbacks.foreach_request(&worker->ctx, close_idle, NULL);
    }
    tg_timer_start(&worker->timers, &worker->drain_step, DRAIN_STEP_MS, on_drain_step);
}

static void drain(struct tg_worker *worker)
{
    if (worker->draining)
        return;
    worker->draining = true;
    worker->drain_until_ms = tg_timers_now(&worker->timers) + worker->gate->site->drain_ms;
    tg_listener_stop(worker);
    if (worker->generation.vm != NULL)
        tg_every_stop(&worker->host, worker->generation.vm);
    if (worker->generation.jit_vm != NULL)
        tg_every_stop(&worker->host, worker->generation.jit_vm);
    worker->ctx.shutdown_requested = 1; /* HTTP/1: answers close their connections from now on */
    on_drain_step(&worker->drain_step);
}

static void on_wake(h2o_socket_t *sock, const char *err)
{
    struct tg_worker *worker = sock->data;

    h2o_socket_read_stop(sock);
    if (err == NULL)
        drain(worker);
}

/* Whether everything has ended, or the time for it has, with a second for what was abandoned. */
static bool is_over(struct tg_worker *worker)
{
    if (!worker->draining)
        return false;
    /* The thread with the admin address is the last, for it tells how the others do. */
    bool is_last = worker->admin.listener == NULL || atomic_load(&worker->gate->serving) == 1;
    if (is_last && !has_connections(worker) && worker->requests == 0 &&
        worker->host.after_count == 0)
        return true;
    return tg_timers_now(&worker->timers) >= worker->drain_until_ms + 1000;
}

static void close_all(struct tg_worker *worker)
{
    tg_listener_stop(worker);
    tg_admin_stop(worker);
    tg_linger_stop(worker);
    tg_timer_stop(&worker->timers, &worker->drain_step);
    tg_after_stop(&worker->host);
    if (worker->host.work != NULL)
        tg_work_queue_destroy(worker->host.work);
    if (worker->generation.vm != NULL)
        tg_generation_close(&worker->generation, &worker->host);
    for (size_t i = 0; i < worker->host.backend_count; i++)
        tg_backend_destroy(worker->host.backends[i]);
    free(worker->host.backends);
    if (worker->net.resolver != NULL)
        tg_resolver_destroy(worker->net.resolver);
    if (worker->wake != NULL)
        h2o_socket_close(worker->wake);
    h2o_evloop_run(worker->ctx.loop, 0); /* closes what was closed last */
    tg_timers_dispose(&worker->timers);
    tg_buffer_dispose(&worker->line);
    worker->gate = NULL;
    if (has_connections(worker))
        return; /* abandoned ones; the process is about to end */
    h2o_loop_t *loop = worker->ctx.loop;
    h2o_context_dispose(&worker->ctx);
    h2o_evloop_destroy(loop);
}

/* ---- between the two */

static bool run_scripts(struct tg_worker *worker)
{
    struct tg_generation *generation = &worker->generation;
    bool more = tg_vm_run_ready(generation->vm);

    if (generation->jit_vm != NULL)
        more = tg_vm_run_ready(generation->jit_vm) || more;
    return more;
}

/* The clock of the loop is fine enough for this. */
static void tick(struct tg_worker *worker)
{
    struct tg_generation *generation = &worker->generation;
    uint64_t now_ns = tg_timers_now(&worker->timers) * 1000000;

    tg_vm_tick(generation->vm, now_ns);
    if (generation->jit_vm != NULL)
        tg_vm_tick(generation->jit_vm, now_ns);
}

static void *run(void *argument)
{
    struct tg_worker *worker = argument;
    struct tg_generation *generation = &worker->generation;
    bool busy = false;

    tg_timers_refresh(&worker->timers);
    tg_door_watch(worker);
    tg_every_start(generation->vm);
    if (generation->jit_vm != NULL)
        tg_every_start(generation->jit_vm);
    while (!is_over(worker)) {
        /* What a timer has written waits for the next turn, which then must not sleep. */
        int32_t wait = busy ? 0 : tg_timers_wait(&worker->timers, LOOP_SLEEP_MS);
        tg_timers_expire(&worker->timers);
        if (h2o_evloop_run(worker->ctx.loop, wait) != 0 && errno != EINTR)
            tg_log_error(&worker->gate->log, NULL, "event=loop_failed errno=%d", errno);
        tg_timers_refresh(&worker->timers);
        tick(worker);
        busy = tg_timers_run(&worker->timers) > 0;
        busy = run_scripts(worker) || busy;
    }
    atomic_fetch_sub(&worker->gate->serving, 1);
    close_all(worker); /* here: h2o keeps buffers by thread */
    return NULL;
}

bool tg_worker_start(struct tg_worker *worker)
{
    pthread_attr_t attributes;

    tg_timers_refresh(&worker->timers);
    if (!tg_listener_start(worker) || (worker->index == 0 && !tg_admin_start(worker)))
        return false;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    atomic_fetch_add(&worker->gate->serving, 1);
    worker->started = pthread_create(&worker->thread, &attributes, run, worker) == 0;
    if (!worker->started)
        atomic_fetch_sub(&worker->gate->serving, 1);
    pthread_attr_destroy(&attributes);
    return worker->started;
}

void tg_worker_stop(struct tg_worker *worker)
{
    if (eventfd_write(worker->wake_fd, 1) != 0)
        tg_log_error(&worker->gate->log, NULL, "event=stop_failed worker=%u", worker->index);
}

void tg_worker_join(struct tg_worker *worker)
{
    if (worker->started)
        pthread_join(worker->thread, NULL);
    worker->started = false;
}

void tg_worker_dispose(struct tg_worker *worker)
{
    if (worker->gate != NULL)
        close_all(worker);
    if (worker->wake_fd > 0)
        close(worker->wake_fd);
    worker->wake_fd = 0;
    free(worker->route_requests);
    worker->route_requests = NULL;
}
