/* What clients send between two requests goes by the worker's batch, and so do the responses that
 * come of what the batch received: many requests are worked on one after the other without a system
 * call between them. Where a batch is not one call for many, and for TLS, libh2o receives and sends
 * by itself. */
#include <assert.h>
#include <errno.h>
#include <h2o.h>

#include "gate/client.h"
#include "gate/seams.h"
#include "gate/theirs.h"

enum { MOST = 16384 }; /* bytes: more than that is sent at once */

typedef void start_reading(h2o_socket_t *, h2o_socket_cb);
typedef void write_parts(h2o_socket_t *, h2o_iovec_t *, size_t, h2o_socket_cb);

static void read_theirs(h2o_socket_t *sock, h2o_socket_cb cb)
{
    static _Atomic(void *) found;
    start_reading *start;

    *(void **)&start = tg_theirs(&found, "h2o_socket_read_start");
    start(sock, cb);
}

static void write_theirs(h2o_socket_t *sock, h2o_iovec_t *parts, size_t count, h2o_socket_cb cb)
{
    static _Atomic(void *) found;
    write_parts *write;

    *(void **)&write = tg_theirs(&found, "h2o_socket_write");
    write(sock, parts, count, cb);
}

static bool goes_by_batch(const struct tg_client *client)
{
    return client->sock->ssl == NULL && tg_batch_is_one_call(&client->worker->batch);
}

static bool is_later(ssize_t n)
{
    return n == -EAGAIN || n == -EINTR;
}

/* ---- receiving */

static void append(h2o_socket_t *sock, const char *bytes, size_t len)
{
    memcpy(h2o_buffer_reserve(&sock->input, len).base, bytes, len);
    sock->input->size += len;
    sock->bytes_read = len;
}

/* Reading goes on since the socket was readable: only a request stops it, or a refusal, and that
 * calls this off. */
static void on_received(struct tg_batch_item *receive, const struct tg_transfer *transfer)
{
    struct tg_client *client = H2O_STRUCT_FROM_MEMBER(struct tg_client, receive, receive);
    ssize_t n = transfer->n;

    assert(tg_client_reads_requests(client));
    if (is_later(n))
        return;
    if (n > 0)
        append(client->sock, transfer->parts->iov_base, (size_t)n);
    client->read(client->sock, n > 0    ? NULL
                               : n == 0 ? h2o_socket_error_closed
                                        : h2o_socket_error_io);
}

/* libh2o has read nothing, so there is no error either. */
static void on_readable(h2o_socket_t *sock, const char *err)
{
    struct tg_client *client = sock->on_close.data;

    (void)err;
    if (!tg_batch_has(&client->receive))
        tg_batch_receive(&client->worker->batch, &client->receive, h2o_socket_get_fd(sock),
                         on_received);
}

/* For the next request, or for a body behind 100 Continue. */
static void read_requests(struct tg_client *client)
{
    bool by_batch = goes_by_batch(client);

    client->reading = by_batch ? on_readable : client->read;
    h2o_socket_dont_read(client->sock, by_batch);
    read_theirs(client->sock, client->reading);
    if (client->req != NULL)
        tg_client_expect_body(client);
}

void h2o_socket_read_start(h2o_socket_t *sock, h2o_socket_cb cb)
{
    struct tg_client *client = tg_client_behind(sock);

    /* Without TLS, requests are the first that it wants to read of a new connection. */
    if (client != NULL && client->read == NULL && sock->ssl == NULL)
        client->read = cb;
    if (client != NULL && client->read == cb)
        read_requests(client);
    else
        read_theirs(sock, cb);
}

/* ---- sending */

static int parts_of(struct tg_batch_item *send, struct iovec *parts)
{
    struct tg_client *client = H2O_STRUCT_FROM_MEMBER(struct tg_client, send, send);

    for (int i = 0; i < client->unsent_count; i++)
        parts[i] = (struct iovec){client->unsent[i].base, client->unsent[i].len};
    return client->unsent_count;
}

/* What the socket did not take is sent by libh2o, when there is room for it. */
static void send_rest(struct tg_client *client, size_t sent, h2o_socket_cb then)
{
    h2o_iovec_t *part = client->unsent, *end = part + client->unsent_count;

    client->sock->bytes_written += sent;
    for (; part != end && part->len <= sent; part++)
        sent -= part->len;
    if (part == end) {
        then(client->sock, NULL);
        return;
    }
    *part = h2o_iovec_init(part->base + sent, part->len - sent);
    write_theirs(client->sock, part, (size_t)(end - part), then);
}

static void on_sent(struct tg_batch_item *send, const struct tg_transfer *transfer)
{
    struct tg_client *client = H2O_STRUCT_FROM_MEMBER(struct tg_client, send, send);
    h2o_socket_t *sock = client->sock;
    h2o_socket_cb then = sock->_cb.write;
    ssize_t n = transfer->n;

    sock->_cb.write = NULL;
    if (n < 0 && !is_later(n))
        then(sock, h2o_socket_error_io);
    else
        send_rest(client, n < 0 ? 0 : (size_t)n, then);
}

/* Takes a short response, or a short piece of one, while others are about to come. */
static bool take(struct tg_client *client, const h2o_iovec_t *parts, size_t count)
{
    size_t len = 0;

    if (!tg_batch_is_telling(&client->worker->batch) || !client->is_busy || count > 2 ||
        !goes_by_batch(client))
        return false;
    for (size_t i = 0; i < count; i++) {
        client->unsent[i] = parts[i];
        len += parts[i].len;
    }
    client->unsent_count = (int)count;
    return len <= MOST;
}

void h2o_socket_write(h2o_socket_t *sock, h2o_iovec_t *parts, size_t count, h2o_socket_cb cb)
{
    struct tg_client *client = tg_client_behind(sock);

    if (client == NULL || !take(client, parts, count)) {
        write_theirs(sock, parts, count, cb);
        return;
    }
    assert(sock->_cb.write == NULL);
    sock->_cb.write = cb;
    tg_batch_send(&client->worker->batch, &client->send, h2o_socket_get_fd(sock), parts_of,
                  on_sent);
}
