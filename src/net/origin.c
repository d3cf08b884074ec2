#include "net/origin.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static void on_readable(h2o_socket_t *sock, const char *err);
static void on_sweep(struct tg_timer *timer);

void tg_origin_init(struct tg_origin *origin, struct tg_net *net, const struct tg_address *address,
                    uint32_t keepalive, uint32_t keepalive_ms)
{
    *origin = (struct tg_origin){
        .net = net, .address = address, .keepalive = keepalive, .keepalive_ms = keepalive_ms};
    h2o_linklist_init_anchor(&origin->unused);
}

static struct tg_origin_conn *conn_of(h2o_linklist_t *link)
{
    return H2O_STRUCT_FROM_MEMBER(struct tg_origin_conn, link, link);
}

static void unlink_unused(struct tg_origin_conn *conn)
{
    h2o_linklist_unlink(&conn->link);
    conn->origin->unused_count--;
}

static void drop(struct tg_origin_conn *conn)
{
    h2o_socket_close(conn->sock);
    free(conn);
}

static void drop_unused(struct tg_origin_conn *conn)
{
    unlink_unused(conn);
    drop(conn);
}

void tg_origin_dispose(struct tg_origin *origin)
{
    for (h2o_linklist_t *link = origin->unused.next, *next; link != &origin->unused; link = next) {
        next = link->next;
        drop_unused(conn_of(link));
    }
    tg_timer_stop(origin->net->timers, &origin->sweep);
}

struct tg_origin_conn *tg_origin_adopt(struct tg_origin *origin, h2o_socket_t *sock)
{
    struct tg_origin_conn *conn = h2o_mem_alloc(sizeof(*conn));

    *conn = (struct tg_origin_conn){.origin = origin, .sock = sock, .fd = h2o_socket_get_fd(sock)};
    sock->data = conn;
    h2o_socket_read_start(sock, on_readable);
    return conn;
}

/* A connection that nobody uses has nothing to say: what comes is its end, or the rest of
 * an answer that would poison the next one. */
static void on_readable(h2o_socket_t *sock, const char *err)
{
    struct tg_origin_conn *conn = sock->data;

    (void)err;
    if (conn->on_readable != NULL)
        conn->on_readable(conn);
    else
        tg_origin_close(conn);
}

static bool still_stands(const struct tg_origin_conn *conn)
{
    char byte;

    return recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

struct tg_origin_conn *tg_origin_take(struct tg_origin *origin, bool careful)
{
    for (h2o_linklist_t *link = origin->unused.next, *next; link != &origin->unused; link = next) {
        struct tg_origin_conn *conn = conn_of(link);
        next = link->next;
        if (!careful || still_stands(conn)) {
            unlink_unused(conn);
            return conn;
        }
        drop_unused(conn);
    }
    return NULL;
}

void tg_origin_give(struct tg_origin_conn *conn)
{
    struct tg_origin *origin = conn->origin;
    struct tg_timers *timers = origin->net->timers;

    assert(!h2o_socket_is_writing(conn->sock));
    conn->user = NULL;
    conn->on_readable = NULL;
    conn->used_before = true;
    conn->unused_since_ms = tg_timers_now(timers);
    h2o_linklist_insert(origin->unused.next, &conn->link);
    if (++origin->unused_count > origin->keepalive)
        drop_unused(conn_of(origin->unused.prev));
    if (origin->sweep.place == 0 && origin->unused_count != 0)
        tg_timer_start(timers, &origin->sweep, origin->keepalive_ms, on_sweep);
}

void tg_origin_close(struct tg_origin_conn *conn)
{
    if (h2o_linklist_is_linked(&conn->link))
        unlink_unused(conn);
    drop(conn);
}

ssize_t tg_origin_send(struct tg_origin_conn *conn, const struct iovec *parts, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                             .msg_iovlen = (size_t)count};
    ssize_t n;

    do
        n = count == 1 ? send(conn->fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL)
                       : sendmsg(conn->fd, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 && errno == EAGAIN ? 0 : n;
}

ssize_t tg_origin_receive(struct tg_origin_conn *conn, const struct iovec *parts, int count)
{
    ssize_t n;

    do
        n = count == 1 ? recv(conn->fd, parts->iov_base, parts->iov_len, 0)
                       : readv(conn->fd, parts, count);
    while (n < 0 && errno == EINTR);
    return n;
}

void tg_origin_await_room(struct tg_origin_conn *conn, h2o_socket_cb on_writable)
{
    h2o_socket_notify_write(conn->sock, on_writable);
}

void tg_origin_pause(struct tg_origin_conn *conn)
{
    h2o_socket_read_stop(conn->sock);
}

void tg_origin_continue(struct tg_origin_conn *conn)
{
    h2o_socket_read_start(conn->sock, on_readable);
}

/* The oldest is last: close those whose time is over, and wait for the next one's. */
static void on_sweep(struct tg_timer *timer)
{
    struct tg_origin *origin = H2O_STRUCT_FROM_MEMBER(struct tg_origin, sweep, timer);
    uint64_t now_ms = tg_timers_now(origin->net->timers);

    for (h2o_linklist_t *link = origin->unused.prev, *newer; link != &origin->unused;
         link = newer) {
        struct tg_origin_conn *oldest = conn_of(link);
        uint64_t age_ms = now_ms - oldest->unused_since_ms;
        newer = link->prev;
        if (age_ms < origin->keepalive_ms) {
            tg_timer_start(origin->net->timers, timer, origin->keepalive_ms - age_ms, on_sweep);
            return;
        }
        drop_unused(oldest);
    }
}
