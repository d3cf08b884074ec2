#include "gate/worker.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate/admin.h"
#include "gate/admin_change.h"
#include "gate/client.h"
#include "gate/door.h"
#include "gate/generation.h"
#include "gate/making.h"
#include "gate/linger.h"
#include "gate/listener.h"
#include "gate/reload.h"
#include "gate/slices.h"
#include "tier/tier.h"
#include "net/resolver.h"

enum {
    LOOP_SLEEP_MS = 1000,
    DRAIN_STEP_MS = 20,
    NEW_MS = 300,
    STACK_BYTES = 64 * 1024 * 1024, /* callbacks inside callbacks of a script nest on it */
};

/* ---- beginning */

static void on_wake(h2o_socket_t *sock, const char *err);

static void on_news(struct tg_inbox *inbox)
{
    tg_worker_wake(H2O_STRUCT_FROM_MEMBER(struct tg_worker, inbox, inbox));
}

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
    if (gate->clock != NULL)
        tg_timers_go_by(&worker->timers, gate->clock);
    tg_inbox_init(&worker->inbox, on_news);
    if (gate->tier != NULL)
        worker->tier = tg_tier_link_create(
            gate->tier, (struct tg_tier_thread){&worker->net, &worker->inbox, &gate->log, index});
    tg_door_init(worker);
    tg_batch_init(&worker->batch, worker->ctx.loop, &worker->ctx.zero_timeout);
    worker->net = (struct tg_net){.loop = worker->ctx.loop,
                                  .timers = &worker->timers,
                                  .dialer = gate->dialer,
                                  .batch = &worker->batch};
    worker->net.resolver = tg_resolver_create(worker->ctx.loop, &worker->timers, NULL);
    h2o_linklist_init_anchor(&worker->admin.reloads);
    if (gate->work != NULL)
        worker->work = tg_work_queue_create(gate->work, worker->ctx.loop);
    if ((gate->work != NULL && worker->work == NULL) || !make_wake(worker) ||
        worker->net.resolver == NULL) {
        tg_buffer_printf(problems, "no descriptors are left\n");
        return false;
    }
    struct tg_generation *generation = tg_generation_create(worker, gate->first, problems);
    if (generation != NULL)
        tg_generation_adopt(generation);
    return generation != NULL;
}

/* ---- ending */

/* A request that has begun is the last of its connection. One without a request is closed: nothing
 * of a next one has come yet; but the first one of a new connection is on its way, it seems. */
static int close_idle(h2o_req_t *req, void *unused)
{
    h2o_socket_t *sock = req->conn->callbacks->get_socket(req->conn);
    struct tg_client *client = sock->on_close.data;
    uint64_t now = tg_timers_now(&client->worker->timers);

    (void)unused;
    if (req->version != 0)
        req->http1_is_persistent = 0;
    if (client->requests == 0 && now - client->since_ms < NEW_MS)
        return 0;
    if (req->version == 0 && sock->input->size == 0)
        tg_client_close(client);
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
        tg_making_abandon(worker);
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
    worker->drain_until_ms =
        tg_timers_now(&worker->timers) + worker->generation->edition->site->drain_ms;
    tg_listener_stop(worker);
    if (atomic_load(&worker->gate->link.retired))
        tg_admin_stop(worker); /* the process in our place has it */
    tg_every_stop(&worker->generation->host, worker->generation->vm);
    if (worker->generation->jit_vm != NULL)
        tg_every_stop(&worker->generation->host, worker->generation->jit_vm);
    worker->ctx.shutdown_requested = 1; /* HTTP/1: answers close their connections from now on */
    on_drain_step(&worker->drain_step);
}

/* Takes what another thread has left for this one. No request is being looked at now. */
static void on_wake(h2o_socket_t *sock, const char *err)
{
    struct tg_worker *worker = sock->data;
    struct tg_generation *upcoming = atomic_exchange(&worker->upcoming, NULL);
    eventfd_t times;

    if (err != NULL)
        h2o_socket_read_stop(sock);
    (void)eventfd_read(h2o_socket_get_fd(sock), &times);
    if (upcoming != NULL) {
        tg_generation_adopt(upcoming);
        tg_reload_adopted(worker->gate->reload);
    }
    tg_admin_reloaded(worker);
    tg_inbox_run(&worker->inbox);
    tg_tier_wake(worker->tier);
    if (atomic_load(&worker->stop_wanted))
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
        tg_generation_afters(worker) == 0)
        return true;
    return tg_timers_now(&worker->timers) >= worker->drain_until_ms + 1000;
}

int tg_worker_poll_fd(const struct tg_worker *worker)
{
    char path[64], name[64];
    int fd = *(const int *)(worker->ctx.loop + 1); /* behind what libh2o shows of it */

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(path, name, sizeof(name));
    static const char expected[] = "anon_inode:[eventpoll]";
    if (n != (ssize_t)sizeof(expected) - 1 || memcmp(name, expected, (size_t)n) != 0)
        return -1;
    return fd;
}

static void close_all(struct tg_worker *worker)
{
    tg_listener_stop(worker);
    tg_admin_stop(worker);
    tg_linger_stop(worker);
    tg_timer_stop(&worker->timers, &worker->drain_step);
    tg_generation_stop_afters(worker);
    if (worker->work != NULL)
        tg_work_queue_destroy(worker->work);
    tg_generation_close_all(worker);
    tg_tier_stop(worker->tier);
    if (worker->net.resolver != NULL)
        tg_resolver_destroy(worker->net.resolver);
    if (worker->wake != NULL)
        h2o_socket_close(worker->wake);
    h2o_evloop_run(worker->ctx.loop, 0); /* closes what was closed last */
    tg_batch_dispose(&worker->batch);
    tg_recycle_dispose(&worker->net.recycle);
    tg_timers_dispose(&worker->timers);
    tg_buffer_dispose(&worker->line);
    tg_buffer_dispose(&worker->key);
    worker->gate = NULL;
    if (has_connections(worker))
        return; /* abandoned ones; the process is about to end */
    h2o_loop_t *loop = worker->ctx.loop;
    int poll_fd = tg_worker_poll_fd(worker);
    h2o_context_dispose(&worker->ctx);
    h2o_evloop_destroy(loop);
    if (poll_fd >= 0)
        close(poll_fd); /* libh2o leaves it open */
}

/* ---- between the two */

void tg_worker_begin(struct tg_worker *worker)
{
    tg_timers_refresh(&worker->timers);
    tg_generation_start(worker->generation);
}

bool tg_worker_turn(struct tg_worker *worker, int32_t wait)
{
    tg_timers_expire(&worker->timers);
    atomic_fetch_add_explicit(&worker->look.turns, 1, memory_order_release);
    if (h2o_evloop_run(worker->ctx.loop, wait) != 0 && errno != EINTR)
        tg_log_error(&worker->gate->log, NULL, "event=loop_failed errno=%d", errno);
    tg_timers_refresh(&worker->timers);
    /* The clock of the loop is fine enough for this. */
    tg_generation_tick(worker, tg_timers_now(&worker->timers) * 1000000);
    bool busy = tg_timers_run(&worker->timers) > 0;
    busy = tg_generation_run_ready(worker) || busy;
    tg_generation_sweep(worker);
    return tg_batch_run(&worker->batch) || busy;
}

static void open_batch(struct tg_worker *worker)
{
    if (worker->gate->site->io_uring && !tg_batch_open(&worker->batch) && worker->index == 0)
        tg_log_info(&worker->gate->log, NULL, "event=no_io_uring errno=%d", errno);
}

static void *run(void *argument)
{
    struct tg_worker *worker = argument;
    bool busy = false;

    open_batch(worker);
    tg_slices_start(worker);
    tg_worker_begin(worker);
    tg_tier_start(worker->tier);
    while (!is_over(worker)) /* what a timer has written waits for a turn that does not sleep */
        busy = tg_worker_turn(worker, busy ? 0 : tg_timers_wait(&worker->timers, LOOP_SLEEP_MS));
    atomic_fetch_sub(&worker->gate->serving, 1);
    tg_slices_stop(worker);
    close_all(worker); /* here: h2o keeps buffers by thread */
    atomic_store(&worker->over, true);
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

void tg_worker_wake(struct tg_worker *worker)
{
    if (eventfd_write(worker->wake_fd, 1) != 0)
        tg_log_error(&worker->gate->log, NULL, "event=wake_failed worker=%u", worker->index);
}

void tg_worker_stop(struct tg_worker *worker)
{
    atomic_store(&worker->stop_wanted, true);
    tg_worker_wake(worker);
}

bool tg_worker_join(struct tg_worker *worker, uint64_t until_ms)
{
    if (!worker->started)
        return true;
    if (!tg_clock_wait(&worker->over, until_ms))
        return false;
    pthread_join(worker->thread, NULL);
    worker->started = false;
    return true;
}

void tg_worker_dispose(struct tg_worker *worker)
{
    if (worker->gate != NULL)
        close_all(worker);
    if (worker->wake_fd > 0) {
        close(worker->wake_fd);
        tg_inbox_dispose(&worker->inbox); /* only now does no other thread write to it */
    }
    worker->wake_fd = 0;
}
