#include "net/exchange_wire.h"

#include <errno.h>
#include <sys/uio.h>

#include "net/call.h"
#include "net/inside.h"

static void on_writable(h2o_socket_t *sock, const char *err);

/* The body may be empty. */
static int fill_parts(struct iovec *parts, struct tg_text head, h2o_iovec_t body)
{
    parts[0] = (struct iovec){(void *)(uintptr_t)head.base, head.len};
    parts[1] = (struct iovec){body.base, body.len};
    return body.len != 0 ? 2 : 1;
}

static ssize_t send_two(struct tg_origin_conn *conn, struct tg_text head, h2o_iovec_t body)
{
    struct iovec parts[2];

    return tg_origin_send(conn, parts, fill_parts(parts, head, body));
}

static h2o_iovec_t unsent_body(const struct tg_exchange *self)
{
    if (!self->call->has_body)
        return h2o_iovec_init(NULL, 0);
    return h2o_iovec_init(self->call->body.base + self->body_sent,
                          self->call->body.len - self->body_sent);
}

static void await_head(struct tg_exchange *self)
{
    self->sending = false;
    tg_buffer_dispose(&self->unsent);
    tg_exchange_enter(self, TG_PHASE_HEAD, self->backend->config->first_byte_timeout_ms);
}

/* Bytes of the head that is to be sent; they move when another one comes behind them. */
static struct tg_text head_of(const struct tg_exchange *self)
{
    return tg_text(self->backend->requests.base + self->head_at, self->head_len);
}

static void lose_request(struct tg_exchange *self)
{
    /* None of it has left: any method may be sent again. */
    if (!tg_exchange_retry(self))
        tg_exchange_fail(self, "reset", "the connection was reset before the request was sent");
}

static void keep_unsent(struct tg_exchange *self, struct tg_text head, size_t sent)
{
    size_t of_head = sent < head.len ? sent : head.len;

    tg_buffer_append(&self->unsent, head.base + of_head, head.len - of_head);
    self->body_sent = sent - of_head;
    tg_exchange_enter(self, TG_PHASE_SEND, self->backend->config->idle_timeout_ms);
    tg_origin_await_room(self->conn, on_writable);
}

static int parts_of(struct tg_batch_item *send, struct iovec *parts)
{
    struct tg_exchange *self = H2O_STRUCT_FROM_MEMBER(struct tg_exchange, send, send);

    return fill_parts(parts, head_of(self), unsent_body(self));
}

/* How much of the request went, less than 0 when the connection is lost; TLS sends it only now. */
static ssize_t sent_of(struct tg_exchange *self, const struct tg_transfer *transfer)
{
    if (transfer == NULL)
        return send_two(self->conn, head_of(self), unsent_body(self));
    return transfer->n == -EAGAIN ? 0 : transfer->n;
}

/* Nearly always all of it fits the socket at once, and h2o need not hear of it. */
static void on_sent(struct tg_batch_item *send, const struct tg_transfer *transfer)
{
    struct tg_exchange *self = H2O_STRUCT_FROM_MEMBER(struct tg_exchange, send, send);
    struct tg_text head = head_of(self);
    size_t len = head.len + unsent_body(self).len;
    ssize_t n = sent_of(self, transfer);

    self->backend->unsent--;
    if (n < 0) {
        lose_request(self);
        return;
    }
    self->sending = (size_t)n < len;
    if (self->sending)
        keep_unsent(self, head, (size_t)n);
}

void tg_exchange_unsend(struct tg_exchange *self)
{
    if (!tg_batch_has(&self->send))
        return;
    tg_batch_call_off(&self->send);
    self->backend->unsent--;
}

static void write_head(struct tg_exchange *self)
{
    struct tg_buffer *requests = &self->backend->requests;

    if (self->backend->unsent++ == 0)
        tg_buffer_clear(requests, TG_SCRATCH);
    self->head_at = requests->len;
    tg_call_write(self->call, self->conn->origin->address, requests);
    self->head_len = requests->len - self->head_at;
}

void tg_exchange_send_soon(struct tg_exchange *self)
{
    const struct tg_origin_conn *conn = self->conn;

    self->body_sent = 0;
    self->sending = true;
    write_head(self);
    tg_batch_send(self->backend->net->batch, &self->send, conn->ssl == NULL ? conn->fd : -1,
                  parts_of, on_sent);
}

static void advance(struct tg_exchange *self, size_t sent)
{
    struct tg_buffer *unsent = &self->unsent;
    size_t of_head = sent < unsent->len ? sent : unsent->len;

    if (of_head != 0)
        memmove(unsent->base, unsent->base + of_head, unsent->len - of_head);
    unsent->len -= of_head;
    self->body_sent += sent - of_head;
}

/* A backend may answer and close before it has read all; so when the rest can't be sent,
 * what there is to read decides. */
static void on_writable(h2o_socket_t *sock, const char *err)
{
    struct tg_origin_conn *conn = sock->data;
    struct tg_exchange *self = conn->user;
    struct tg_text head = {self->unsent.base, self->unsent.len};
    ssize_t n = err == NULL ? send_two(conn, head, unsent_body(self)) : -1;

    self->broken = n < 0;
    if (n > 0)
        advance(self, (size_t)n);
    if (!self->broken && self->unsent.len + unsent_body(self).len != 0) {
        if (self->phase == TG_PHASE_SEND && n > 0)
            tg_exchange_enter(self, TG_PHASE_SEND, self->backend->config->idle_timeout_ms);
        tg_origin_await_room(conn, on_writable);
        return;
    }
    self->sending = false;
    if (self->phase == TG_PHASE_SEND)
        await_head(self);
}
