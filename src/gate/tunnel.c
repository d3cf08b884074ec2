#include "gate/tunnel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <h2o/http1.h>

#include "gate/generation.h"
#include "gate/responder.h"
#include "http/upgrade.h"
#include "net/origin.h"
#include "net/slots.h"

/* In the order of a tunnel: on_upgraded, then the others as bytes come and go. */
static void on_upgraded(void *data, h2o_socket_t *sock, size_t request_size);
static void on_client_readable(h2o_socket_t *sock, const char *err);
static void on_client_writable(h2o_socket_t *sock, const char *err);
static void on_backend_readable(struct tg_origin_conn *conn);
static void on_backend_writable(h2o_socket_t *sock, const char *err);
static void on_idle(struct tg_timer *timer);

enum { PIECE = 16 * 1024 };

/* Bytes received from one side that the other has not taken; while there are any, nothing more is
 * received. */
struct way {
    struct tg_buffer unsent;
    size_t sent;   /* of those */
    bool ended;    /* that side sends no more */
    bool finished; /* and the other has been told */
};

struct tg_tunnel {
    struct tg_worker *worker;
    struct tg_generation *generation; /* its backend's; it holds it */
    struct tg_backend *called;        /* who answered, and whose slot it keeps */
    struct tg_origin_conn *backend;
    h2o_socket_t *client; /* NULL while h2o has it */
    struct way up, down;  /* to the backend, to the client */
    struct tg_timer idle;
    uint32_t idle_ms;
    uint64_t used_ms; /* loop time of the last bytes */
    h2o_linklist_t link;
};

static void destroy(struct tg_tunnel *tunnel)
{
    tg_timer_stop(&tunnel->worker->timers, &tunnel->idle);
    h2o_linklist_unlink(&tunnel->link);
    tunnel->worker->requests--;
    tg_origin_close(tunnel->backend);
    tg_slots_give_back(tunnel->called);
    if (tunnel->client != NULL)
        h2o_socket_close(tunnel->client);
    tg_buffer_dispose(&tunnel->up.unsent);
    tg_buffer_dispose(&tunnel->down.unsent);
    tg_generation_release(tunnel->generation);
    free(tunnel);
}

static void touch(struct tg_tunnel *tunnel)
{
    tunnel->used_ms = tg_timers_now(&tunnel->worker->timers);
}

static void on_idle(struct tg_timer *timer)
{
    struct tg_tunnel *tunnel = H2O_STRUCT_FROM_MEMBER(struct tg_tunnel, idle, timer);
    uint64_t passed_ms = tg_timers_now(&tunnel->worker->timers) - tunnel->used_ms;

    if (passed_ms >= tunnel->idle_ms)
        destroy(tunnel);
    else
        tg_timer_start(&tunnel->worker->timers, timer, tunnel->idle_ms - passed_ms, on_idle);
}

static bool is_empty(const struct way *way)
{
    return way->sent == way->unsent.len;
}

/* One side has ended and all it said has been passed on: the other is told. False when both have,
 * and the tunnel is gone. */
static bool finish_way(struct tg_tunnel *tunnel, struct way *way, int fd)
{
    if (way->ended && !way->finished && is_empty(way)) {
        shutdown(fd, SHUT_WR);
        way->finished = true;
    }
    if (!tunnel->up.finished || !tunnel->down.finished)
        return true;
    destroy(tunnel);
    return false;
}

static ssize_t send_client(struct tg_tunnel *tunnel, const char *bytes, size_t len)
{
    ssize_t n;

    do
        n = send(h2o_socket_get_fd(tunnel->client), bytes, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 && errno == EAGAIN ? 0 : n;
}

static ssize_t send_backend(struct tg_tunnel *tunnel, const char *bytes, size_t len)
{
    struct iovec part = {(void *)(uintptr_t)bytes, len};

    return tg_origin_send(tunnel->backend, &part, 1);
}

/* Keeps what was not sent of a piece. */
static void keep(struct way *way, const char *bytes, size_t len)
{
    tg_buffer_clear(&way->unsent, PIECE);
    way->sent = 0;
    tg_buffer_append(&way->unsent, bytes, len);
}

/* ---- from the client to the backend */

/* Sends the bytes, or what of them it can; false when the tunnel is gone. */
static bool pass_up(struct tg_tunnel *tunnel, const char *bytes, size_t len)
{
    ssize_t n = send_backend(tunnel, bytes, len);

    if (n < 0) {
        destroy(tunnel);
        return false;
    }
    if ((size_t)n < len) {
        keep(&tunnel->up, bytes + n, len - (size_t)n);
        h2o_socket_read_stop(tunnel->client);
        tg_origin_await_room(tunnel->backend, on_backend_writable);
    }
    return true;
}

static void on_client_readable(h2o_socket_t *sock, const char *err)
{
    struct tg_tunnel *tunnel = sock->data;
    char bytes[PIECE];
    ssize_t n = recv(h2o_socket_get_fd(sock), bytes, sizeof(bytes), 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR) && err == NULL)
        return;
    if (n < 0) {
        destroy(tunnel);
        return;
    }
    touch(tunnel);
    if (n > 0) {
        pass_up(tunnel, bytes, (size_t)n);
        return;
    }
    tunnel->up.ended = true;
    h2o_socket_read_stop(sock);
    finish_way(tunnel, &tunnel->up, tunnel->backend->fd);
}

static void on_backend_writable(h2o_socket_t *sock, const char *err)
{
    struct tg_tunnel *tunnel = ((struct tg_origin_conn *)sock->data)->user;
    struct way *way = &tunnel->up;
    ssize_t n = err == NULL ? send_backend(tunnel, way->unsent.base + way->sent,
                                           way->unsent.len - way->sent)
                            : -1;

    if (n < 0) {
        destroy(tunnel);
        return;
    }
    touch(tunnel);
    way->sent += (size_t)n;
    if (!is_empty(way))
        tg_origin_await_room(tunnel->backend, on_backend_writable);
    else if (finish_way(tunnel, way, tunnel->backend->fd) && !way->ended)
        h2o_socket_read_start(tunnel->client, on_client_readable);
}

/* ---- from the backend to the client */

static void pass_down(struct tg_tunnel *tunnel, const char *bytes, size_t len)
{
    ssize_t n = send_client(tunnel, bytes, len);

    if (n < 0) {
        destroy(tunnel);
        return;
    }
    if ((size_t)n < len) {
        keep(&tunnel->down, bytes + n, len - (size_t)n);
        tg_origin_pause(tunnel->backend);
        h2o_socket_notify_write(tunnel->client, on_client_writable);
    }
}

static void on_backend_readable(struct tg_origin_conn *conn)
{
    struct tg_tunnel *tunnel = conn->user;
    char bytes[PIECE];
    struct iovec part = {bytes, sizeof(bytes)};
    ssize_t n = tg_origin_receive(conn, &part, 1);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0) {
        destroy(tunnel);
        return;
    }
    touch(tunnel);
    if (n > 0) {
        pass_down(tunnel, bytes, (size_t)n);
        return;
    }
    tunnel->down.ended = true;
    tg_origin_pause(conn);
    finish_way(tunnel, &tunnel->down, h2o_socket_get_fd(tunnel->client));
}

static void on_client_writable(h2o_socket_t *sock, const char *err)
{
    struct tg_tunnel *tunnel = sock->data;
    struct way *way = &tunnel->down;
    ssize_t n = err == NULL
                    ? send_client(tunnel, way->unsent.base + way->sent, way->unsent.len - way->sent)
                    : -1;

    if (n < 0) {
        destroy(tunnel);
        return;
    }
    touch(tunnel);
    way->sent += (size_t)n;
    if (!is_empty(way))
        h2o_socket_notify_write(sock, on_client_writable);
    else if (finish_way(tunnel, way, h2o_socket_get_fd(sock)) && !way->ended)
        tg_origin_continue(tunnel->backend);
}

/* ---- its beginning */

bool tg_tunnel_is_wanted(const h2o_req_t *req)
{
    return req->version == 0x101 && req->upgrade.base != NULL &&
           tg_upgrade_may_tunnel(tg_text(req->upgrade.base, req->upgrade.len)) &&
           req->conn->callbacks->get_socket(req->conn)->ssl == NULL;
}

/* h2o has ended the request. What the client sent behind its head goes first. */
static void on_upgraded(void *data, h2o_socket_t *sock, size_t request_size)
{
    struct tg_tunnel *tunnel = data;

    tunnel->client = sock;
    if (sock == NULL) {
        destroy(tunnel);
        return;
    }
    sock->data = tunnel;
    h2o_buffer_consume(&sock->input, request_size);
    h2o_socket_dont_read(sock, 1);
    touch(tunnel);
    tg_timer_start(&tunnel->worker->timers, &tunnel->idle, tunnel->idle_ms, on_idle);
    h2o_socket_read_start(sock, on_client_readable);
    tg_origin_continue(tunnel->backend);
    if (sock->input->size != 0 && !pass_up(tunnel, sock->input->bytes, sock->input->size))
        return;
    h2o_buffer_consume(&sock->input, sock->input->size);
}

void tg_tunnel_start(struct tg_inbound *inbound, struct tg_exchange *exchange)
{
    struct tg_origin_conn *conn = tg_exchange_take_tunnel(exchange);
    h2o_iovec_t behind = exchange->body;
    struct tg_tunnel *tunnel = h2o_mem_alloc(sizeof(*tunnel));
    struct tg_worker *worker = inbound->worker;

    *tunnel = (struct tg_tunnel){.worker = worker,
                                 .generation = tg_generation_hold(inbound->generation),
                                 .called = exchange->backend,
                                 .backend = conn,
                                 .idle_ms = inbound->route->upgrade_timeout_ms};
    conn->user = tunnel;
    conn->on_readable = on_backend_readable;
    h2o_linklist_insert(&worker->tunnels, &tunnel->link);
    worker->requests++;
    tg_respond_head(inbound->req, &inbound->request.response);
    h2o_http1_upgrade(inbound->req, &behind, behind.len != 0 ? 1 : 0, on_upgraded, tunnel);
}

void tg_tunnel_close_all(struct tg_worker *worker)
{
    h2o_linklist_t *link = worker->tunnels.next;

    while (link != &worker->tunnels) {
        struct tg_tunnel *tunnel = H2O_STRUCT_FROM_MEMBER(struct tg_tunnel, link, link);
        link = link->next;
        if (tunnel->client != NULL) /* else h2o still has it, and ends it */
            destroy(tunnel);
    }
}
