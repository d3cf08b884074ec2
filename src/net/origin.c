#include "net/origin.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "net/tls.h"

static void on_readable(h2o_socket_t *sock, const char *err);
static void on_again(struct tg_timer *timer);
static void on_sweep(struct tg_timer *timer);

void tg_origin_init(struct tg_origin *origin, struct tg_net *net, const struct tg_address *address,
                    const struct tg_backend_config *config, struct tg_account *account)
{
    *origin =
        (struct tg_origin){.net = net, .address = address, .config = config, .account = account};
    h2o_linklist_init_anchor(&origin->unused);
}

static struct tg_origin_conn *conn_of(h2o_linklist_t *link)
{
    return H2O_STRUCT_FROM_MEMBER(struct tg_origin_conn, link, link);
}

static void count_unused(struct tg_origin *origin, size_t count)
{
    origin->unused_count = count;
    tg_account_set(&origin->account->unused, count);
}

static void unlink_unused(struct tg_origin_conn *conn)
{
    h2o_linklist_unlink(&conn->link);
    count_unused(conn->origin, conn->origin->unused_count - 1);
}

static void drop(struct tg_origin_conn *conn)
{
    tg_batch_call_off(&conn->receive);
    tg_timer_stop(conn->origin->net->timers, &conn->again);
    tg_account_add(&conn->origin->account->open, -1);
    if (conn->ssl != NULL)
        tg_tls_close(conn->ssl);
    h2o_socket_close(conn->sock);
    free(conn);
}

static void drop_unused(struct tg_origin_conn *conn)
{
    unlink_unused(conn);
    drop(conn);
}

bool tg_origin_drop_oldest(struct tg_origin *origin)
{
    if (origin->unused_count == 0)
        return false;
    drop_unused(conn_of(origin->unused.prev));
    return true;
}

void tg_origin_dispose(struct tg_origin *origin)
{
    for (h2o_linklist_t *link = origin->unused.next, *next; link != &origin->unused; link = next) {
        next = link->next;
        drop_unused(conn_of(link));
    }
    tg_timer_stop(origin->net->timers, &origin->sweep);
    tg_tls_forget(origin->session);
}

struct tg_origin_conn *tg_origin_adopt(struct tg_origin *origin, h2o_socket_t *sock,
                                       struct ssl_st *ssl)
{
    struct tg_origin_conn *conn = h2o_mem_alloc(sizeof(*conn));

    *conn = (struct tg_origin_conn){.origin = origin,
                                    .sock = sock,
                                    .fd = h2o_socket_get_fd(sock),
                                    .ssl = ssl,
                                    .born_ms = tg_timers_now(origin->net->timers)};
    sock->data = conn;
    tg_account_add(&origin->account->open, 1);
    h2o_socket_read_start(sock, on_readable);
    return conn;
}

/* A connection that nobody uses has nothing to say: what comes is its end, or the rest of
 * an answer that would poison the next one. Only TLS has matters of its own, such as tickets. */
static void hear(struct tg_origin_conn *conn)
{
    if (conn->on_readable != NULL)
        conn->on_readable(conn);
    else if (conn->ssl == NULL || !tg_tls_is_quiet(conn->ssl))
        tg_origin_close(conn);
}

static void on_readable(h2o_socket_t *sock, const char *err)
{
    struct tg_origin_conn *conn = sock->data;

    (void)err;
    tg_timers_expire(conn->origin->net->timers);
    hear(conn);
}

static void on_again(struct tg_timer *timer)
{
    struct tg_origin_conn *conn = H2O_STRUCT_FROM_MEMBER(struct tg_origin_conn, again, timer);

    if (!conn->paused)
        hear(conn);
}

static bool still_stands(const struct tg_origin_conn *conn)
{
    char byte;

    if (conn->ssl != NULL)
        return tg_tls_is_quiet(conn->ssl);
    return recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

static bool is_old(const struct tg_origin_conn *conn)
{
    uint32_t lifetime_ms = conn->origin->config->lifetime_ms;

    return lifetime_ms != 0 &&
           tg_timers_now(conn->origin->net->timers) - conn->born_ms >= lifetime_ms;
}

struct tg_origin_conn *tg_origin_take(struct tg_origin *origin, bool careful)
{
    for (h2o_linklist_t *link = origin->unused.next, *next; link != &origin->unused; link = next) {
        struct tg_origin_conn *conn = conn_of(link);
        next = link->next;
        if (!is_old(conn) && (!careful || still_stands(conn))) {
            unlink_unused(conn);
            return conn;
        }
        drop_unused(conn);
    }
    return NULL;
}

static bool is_fit(struct tg_origin_conn *conn)
{
    if (is_old(conn))
        return false;
    return conn->ssl == NULL || !tg_tls_holds_bytes(conn->ssl) || tg_tls_is_quiet(conn->ssl);
}

void tg_origin_give(struct tg_origin_conn *conn)
{
    struct tg_origin *origin = conn->origin;
    struct tg_timers *timers = origin->net->timers;

    assert(!h2o_socket_is_writing(conn->sock) && !tg_batch_has(&conn->receive));
    conn->user = NULL;
    conn->on_readable = NULL;
    conn->used_before = true;
    conn->unused_since_ms = tg_timers_now(timers);
    if (!is_fit(conn)) {
        drop(conn);
        return;
    }
    h2o_linklist_insert(origin->unused.next, &conn->link);
    count_unused(origin, origin->unused_count + 1);
    if (origin->unused_count > origin->config->keepalive)
        drop_unused(conn_of(origin->unused.prev));
    if (origin->sweep.place == 0 && origin->unused_count != 0)
        tg_timer_start(timers, &origin->sweep, origin->config->keepalive_ms, on_sweep);
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

    if (conn->ssl != NULL)
        return tg_tls_send(conn->ssl, parts, count);
    do
        n = count == 1 ? send(conn->fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL)
                       : sendmsg(conn->fd, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 && errno == EAGAIN ? 0 : n;
}

static ssize_t receive_tls(struct tg_origin_conn *conn, const struct iovec *parts, int count)
{
    bool more = false;
    ssize_t n = tg_tls_receive(conn->ssl, parts, count, &more, &conn->wrong);
    int code = errno;

    if (more) /* without bytes, TLS has to write first: that may take a while */
        tg_timer_start(conn->origin->net->timers, &conn->again, n < 0 ? 10 : 0, on_again);
    errno = code;
    return n;
}

ssize_t tg_origin_receive(struct tg_origin_conn *conn, const struct iovec *parts, int count)
{
    ssize_t n;

    if (conn->ssl != NULL)
        return receive_tls(conn, parts, count);
    do
        n = count == 1 ? recv(conn->fd, parts->iov_base, parts->iov_len, 0)
                       : readv(conn->fd, parts, count);
    while (n < 0 && errno == EINTR);
    return n;
}

static void on_received(struct tg_batch_item *receive, const struct tg_transfer *transfer)
{
    struct tg_origin_conn *conn = H2O_STRUCT_FROM_MEMBER(struct tg_origin_conn, receive, receive);
    ssize_t n = transfer->n;

    errno = n < 0 ? (int)-n : 0;
    conn->on_received(conn, transfer->parts[0].iov_base, n < 0 ? -1 : n);
}

void tg_origin_receive_soon(struct tg_origin_conn *conn,
                            void (*then)(struct tg_origin_conn *conn, char *bytes, ssize_t n))
{
    conn->on_received = then;
    if (!tg_batch_has(&conn->receive))
        tg_batch_receive(conn->origin->net->batch, &conn->receive, conn->fd, on_received);
}

void tg_origin_await_room(struct tg_origin_conn *conn, h2o_socket_cb on_writable)
{
    h2o_socket_notify_write(conn->sock, on_writable);
}

void tg_origin_pause(struct tg_origin_conn *conn)
{
    conn->paused = true;
    h2o_socket_read_stop(conn->sock);
}

/* What stayed inside of TLS meanwhile makes no socket readable: a look at once finds it. */
void tg_origin_continue(struct tg_origin_conn *conn)
{
    conn->paused = false;
    h2o_socket_read_start(conn->sock, on_readable);
    if (conn->ssl != NULL)
        tg_timer_start(conn->origin->net->timers, &conn->again, 0, on_again);
}

/* The oldest is last: close those whose time is over, and wait for the next one's. */
static void on_sweep(struct tg_timer *timer)
{
    struct tg_origin *origin = H2O_STRUCT_FROM_MEMBER(struct tg_origin, sweep, timer);
    uint64_t now_ms = tg_timers_now(origin->net->timers);
    uint32_t keepalive_ms = origin->config->keepalive_ms;

    for (h2o_linklist_t *link = origin->unused.prev, *newer; link != &origin->unused;
         link = newer) {
        struct tg_origin_conn *oldest = conn_of(link);
        uint64_t age_ms = now_ms - oldest->unused_since_ms;
        newer = link->prev;
        if (age_ms < keepalive_ms) {
            tg_timer_start(origin->net->timers, timer, keepalive_ms - age_ms, on_sweep);
            return;
        }
        drop_unused(oldest);
    }
}
