#include "test/world.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate/door.h"
#include "gate/making.h"
#include "gate/listener.h"
#include "gate/server.h"
#include "gate/worker.h"
#include "net/exchange.h"

enum {
    TURNS_MOST = 1000,     /* without time; then each takes a millisecond */
    TURNS_IN_ALL = 100000, /* then the caller has a look */
    CONNECTIONS = 10000,   /* of clients at once, when the site does not say */
    SMALL_BUFFER = 4096,   /* of a connection that is never made */
};

/* ---- the clock */

static uint64_t monotonic_ms(const struct tg_clock *self)
{
    return H2O_STRUCT_FROM_MEMBER(const struct tg_world, clock, self)->now_ms;
}

static double wall(const struct tg_clock *self)
{
    const struct tg_world *world = H2O_STRUCT_FROM_MEMBER(const struct tg_world, clock, self);

    return world->began + (double)(world->now_ms - TG_WORLD_START_MS) / 1000;
}

/* ---- the network */

static bool make_pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0;
}

/* A socket that can't be written to looks like one that is still connecting. */
static void stuff(int fd)
{
    static const char nothing[SMALL_BUFFER];
    int size = SMALL_BUFFER;

    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    while (send(fd, nothing, sizeof(nothing), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        ;
}

static int dial(struct tg_dialer *self, const struct tg_backend_config *backend,
                const struct tg_address *address, const struct tg_call *call)
{
    struct tg_world *world = H2O_STRUCT_FROM_MEMBER(struct tg_world, dialer, self);
    int ends[2];

    if (!make_pair(ends))
        return -1;
    switch (world->on_dial(world->owner, ends[1], backend, address, call)) {
    case TG_DIAL_OPEN:
        return ends[0];
    case TG_DIAL_SILENT:
        stuff(ends[0]);
        return ends[0];
    case TG_DIAL_REFUSED:
        errno = ECONNREFUSED;
        break;
    case TG_DIAL_UNREACHABLE:
        errno = EHOSTUNREACH;
        break;
    }
    int reason = errno;
    close(ends[0]);
    errno = reason;
    return -1;
}

static bool read_address(const char *text, uint16_t port, struct sockaddr_storage *storage,
                         socklen_t *len)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;

    *storage = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *len = sizeof(*v4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
        return false;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    *len = sizeof(*v6);
    return true;
}

int tg_world_connect(struct tg_world *world, const char *address, uint16_t port)
{
    struct tg_worker *worker = &world->gate.workers[0];
    struct sockaddr_storage peer;
    socklen_t len;
    int ends[2];

    if (!read_address(address, port, &peer, &len)) {
        errno = EINVAL;
        return -1;
    }
    if (!tg_door_enter(worker, false)) {
        errno = EBUSY;
        return -1;
    }
    if (!make_pair(ends)) {
        tg_door_leave(worker, false);
        return -1;
    }
    h2o_socket_t *sock =
        h2o_evloop_socket_create(worker->ctx.loop, ends[0], H2O_SOCKET_FLAG_IS_ACCEPTED_CONNECTION);
    h2o_socket_setpeername(sock, (struct sockaddr *)&peer, len);
    tg_listener_take(worker, sock);
    return ends[1];
}

/* ---- its life */

static void forget_health(const struct tg_site *site)
{
    for (size_t i = 0; i < site->backend_count; i++) {
        tg_backend_config_close(&site->backends[i]->config);
        tg_backend_config_open(&site->backends[i]->config);
    }
}

static void dispose_gate(struct tg_world *world)
{
    world->gate.log.sink = NULL; /* the edition's owner has it */
    tg_server_dispose(&world->gate);
    world->gate.first = NULL;
}

bool tg_world_init(struct tg_world *world, struct tg_edition *edition, struct tg_chunks *chunks,
                   uint64_t seed, struct tg_buffer *problems)
{
    size_t most = edition->site->limits.connections;

    world->clock = (struct tg_clock){monotonic_ms, wall};
    world->dialer = (struct tg_dialer){dial};
    world->now_ms = TG_WORLD_START_MS;
    forget_health(edition->site);
    tg_server_prepare(&world->gate, tg_edition_hold(edition));
    world->gate.clock = &world->clock;
    world->gate.dialer = &world->dialer;
    if (world->coverage != NULL) {
        world->gate.on_line = tg_coverage_note;
        world->gate.line_owner = world->coverage;
    }
    world->gate.chunks = chunks;
    world->gate.proven = world->proven;
    world->gate.late = world->late;
    world->gate.seed = seed;
    world->gate.most_connections = most != 0 ? most : CONNECTIONS;
    if (!tg_server_make_workers(&world->gate, 1, problems)) {
        dispose_gate(world);
        return false;
    }
    world->poll_fd = tg_worker_poll_fd(&world->gate.workers[0]);
    if (world->poll_fd < 0) {
        tg_buffer_printf(problems, "this libh2o is not the one that specs can run with\n");
        dispose_gate(world);
        return false;
    }
    tg_worker_begin(&world->gate.workers[0]);
    return true;
}

/* ---- what happens in it */

static bool has_immediate_timeouts(const h2o_loop_t *loop)
{
    for (const h2o_linklist_t *node = loop->_timeouts.next; node != &loop->_timeouts;
         node = node->next) {
        const h2o_timeout_t *timeout = H2O_STRUCT_FROM_MEMBER(h2o_timeout_t, _link, node);
        if (timeout->timeout == 0 && timeout->_entries.next != &timeout->_entries)
            return true;
    }
    return false;
}

/* Whether nothing more happens unless time passes or a peer does something. */
static bool is_quiet(const struct tg_world *world)
{
    const struct tg_worker *worker = &world->gate.workers[0];
    const h2o_loop_t *loop = worker->ctx.loop;
    struct pollfd fd = {.fd = world->poll_fd, .events = POLLIN};

    if (loop->_statechanged.head != NULL || has_immediate_timeouts(loop))
        return false;
    return tg_timers_wait(&worker->timers, 1) != 0 && poll(&fd, 1, 0) == 0;
}

void tg_world_settle(struct tg_world *world)
{
    struct tg_worker *worker = &world->gate.workers[0];

    for (unsigned turns = 1; turns <= TURNS_IN_ALL; turns++) {
        bool busy = tg_worker_turn(worker, 0);
        if (!busy && is_quiet(world))
            return;
        if (turns >= TURNS_MOST)
            tg_world_move(world, 1);
    }
}

uint64_t tg_world_next(const struct tg_world *world)
{
    const struct tg_timers *timers = &world->gate.workers[0].timers;

    if (timers->count == 0)
        return UINT64_MAX;
    uint64_t due_ms = timers->heap[1]->due_ms;
    return due_ms > world->now_ms ? due_ms - world->now_ms : 0;
}

void tg_world_move(struct tg_world *world, uint64_t ms)
{
    world->now_ms += ms;
    tg_timers_refresh(&world->gate.workers[0].timers);
}

/* ---- its end */

static int close_client(h2o_req_t *req, void *unused)
{
    (void)unused;
    shutdown(h2o_socket_get_fd(req->conn->callbacks->get_socket(req->conn)), SHUT_RDWR);
    return 0;
}

/* As a worker that drains does when its time is over: nothing may go on when its states close. */
static void end_clients(struct tg_world *world)
{
    struct tg_worker *worker = &world->gate.workers[0];

    tg_making_abandon(worker);
    world->gate.config.http1.callbacks.foreach_request(&worker->ctx, close_client, NULL);
    for (unsigned turns = 0; turns < TURNS_MOST; turns++)
        if (!tg_worker_turn(worker, 0) && is_quiet(world))
            return;
}

void tg_world_dispose(struct tg_world *world)
{
    if (world->gate.first == NULL)
        return;
    end_clients(world);
    dispose_gate(world);
}
