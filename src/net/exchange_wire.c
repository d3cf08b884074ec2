#include "net/exchange_wire.h"

#include <errno.h>
#include <sys/uio.h>

#include "net/call.h"
#include "net/inside.h"

static void on_head(struct tg_origin_conn *conn);
static void on_body(struct tg_origin_conn *conn);

enum { READ_MOST = 256 * 1024 }; /* at once, so that one body doesn't hold up the others */

static bool is_head(const struct tg_call *call)
{
    return tg_text_is(tg_text(call->method.base, call->method.len), TG_TEXT("HEAD"));
}

void tg_exchange_use(struct tg_exchange *self, struct tg_origin_conn *conn)
{
    self->conn = conn;
    conn->user = self;
    conn->on_readable = on_head;
    tg_framing_init(&self->framing, is_head(self->call), self->backend->config->head_limit);
    self->framing.asked = tg_text(self->call->upgrade.base, self->call->upgrade.len);
    tg_exchange_enter(self, TG_PHASE_HEAD, self->backend->config->first_byte_timeout_ms);
    tg_exchange_send_soon(self);
}

static bool must_wait(ssize_t n)
{
    return n < 0 && errno == EAGAIN;
}

static bool may_be_sent_again(struct tg_exchange *self)
{
    return tg_batch_has(&self->send) || tg_call_is_idempotent(self->call);
}

static void lose_head(struct tg_exchange *self, ssize_t n)
{
    if (self->answered)
        tg_exchange_fail(self, "protocol", "the head of the response is cut short");
    else if (may_be_sent_again(self) && tg_exchange_retry(self))
        return;
    else if (self->conn->wrong != NULL)
        tg_exchange_fail(self, "tls", self->conn->wrong);
    else if (n == 0)
        tg_exchange_fail(self, "reset", "the backend closed the connection without a response");
    else
        tg_exchange_fail(self, "reset", "the backend reset the connection");
}

/* Nothing has been asked yet: so what comes belongs to an earlier request. */
static void distrust(struct tg_exchange *self)
{
    if (!tg_exchange_retry(self))
        tg_exchange_fail(self, "protocol", "the backend answered before it was asked");
}

static void keep_partial(struct tg_exchange *self, struct tg_text rest)
{
    if (self->partial.len != 0)
        memmove(self->partial.base, rest.base, rest.len);
    else
        tg_buffer_append(&self->partial, rest.base, rest.len);
    self->partial.len = rest.len;
}

static void *take_room(struct tg_exchange *self, size_t size)
{
    if (size <= TG_RECYCLE_FROM || size > TG_RECYCLE_SIZE)
        return h2o_mem_alloc(size);
    self->recycle = &self->backend->net->recycle;
    return tg_recycle_take(self->recycle);
}

/* The fields and the bytes that they point to are one piece of memory, and so are the `more` bytes
 * behind them: a small response needs no other. Gives the place behind the head. */
static char *copy_head(struct tg_exchange *self, const struct tg_framing_head *head,
                       const char *base, size_t more)
{
    size_t size = head->field_count * sizeof(struct tg_field);
    struct tg_field *fields = take_room(self, size + head->len + more);
    char *text = (char *)fields + size;

    memcpy(text, base, head->len + more);
    for (size_t i = 0; i < head->field_count; i++) {
        const struct phr_header *from = &head->fields[i];
        fields[i].name = h2o_iovec_init(text + (from->name - base), from->name_len);
        fields[i].value = h2o_iovec_init(text + (from->value - base), from->value_len);
    }
    self->status = head->status;
    self->fields = fields;
    self->field_count = head->field_count;
    self->length_known = self->framing.length_known;
    self->length = self->framing.length;
    return text + head->len;
}

static size_t limit_of(const struct tg_exchange *self)
{
    return self->call->limit != 0 ? self->call->limit : self->backend->config->limit;
}

/* Whether the body may be as long as it says; makes room for it then. */
static bool prepare_body(struct tg_exchange *self)
{
    self->content.limit = limit_of(self);
    if (self->framing.mode != TG_FRAMING_LENGTH)
        return true;
    return tg_buffer_reserve(&self->content, (size_t)self->framing.left) != NULL;
}

static void fail_too_large(struct tg_exchange *self)
{
    tg_exchange_fail(self, "body_too_large", "the body of the response is longer than the limit");
}

static void take_body(struct tg_exchange *self, struct tg_text in)
{
    struct tg_text piece;

    for (;;) {
        switch (tg_framing_body(&self->framing, &in, &piece)) {
        case TG_FRAMING_PIECE:
            if (tg_buffer_append(&self->content, piece.base, piece.len))
                continue;
            fail_too_large(self);
            return;
        case TG_FRAMING_MORE:
            tg_exchange_enter(self, TG_PHASE_BODY, self->backend->config->idle_timeout_ms);
            return;
        case TG_FRAMING_END:
            tg_exchange_complete(self, in.len != 0);
            return;
        case TG_FRAMING_HEAD: /* does not come of a body */
        case TG_FRAMING_WRONG:
            tg_exchange_fail(self, "protocol", self->framing.wrong);
            return;
        }
    }
}

/* How much of the body is kept with the head: of one that is read whole all or nothing. */
static size_t kept_with_head(const struct tg_exchange *self, size_t len)
{
    uint64_t left = self->framing.left;

    if (self->on_piece != NULL || self->framing.mode != TG_FRAMING_LENGTH)
        return self->on_piece != NULL ? len : 0;
    return left <= len && left <= limit_of(self) ? (size_t)left : 0;
}

static void take_head(struct tg_exchange *self, struct tg_text in)
{
    struct tg_framing_head head;
    size_t known = self->partial.len, kept = 0;
    bool streamed = self->on_piece != NULL;
    char *behind = NULL;

    if (known != 0) {
        tg_buffer_append(&self->partial, in.base, in.len);
        in = tg_text(self->partial.base, self->partial.len);
    }
    switch (tg_framing_head(&self->framing, &in, known, &head)) {
    case TG_FRAMING_MORE:
        keep_partial(self, in);
        return;
    case TG_FRAMING_HEAD:
        kept = kept_with_head(self, in.len);
        behind = copy_head(self, &head, in.base - head.len, kept);
        break;
    case TG_FRAMING_PIECE: /* do not come of a head */
    case TG_FRAMING_END:
    case TG_FRAMING_WRONG:
        tg_exchange_fail(self, "protocol", self->framing.wrong);
        return;
    }
    if (self->status == 101) {
        tg_exchange_stream_switch(self, behind, in.len);
        return;
    }
    if (streamed) {
        tg_exchange_stream_begin(self, behind, in.len);
        return;
    }
    if (kept != 0) {
        self->body = h2o_iovec_init(behind, kept);
        tg_framing_skip(&self->framing, kept);
        tg_exchange_complete(self, in.len != kept);
        return;
    }
    if (!prepare_body(self)) {
        fail_too_large(self);
        return;
    }
    self->conn->on_readable = on_body;
    take_body(self, in);
}

void tg_exchange_wire_whole(struct tg_exchange *self)
{
    struct tg_text piece = {self->body.base, self->body.len};

    self->body = h2o_iovec_init(NULL, 0);
    self->content.limit = limit_of(self);
    if (!tg_buffer_append(&self->content, piece.base, piece.len) || !prepare_body(self)) {
        fail_too_large(self);
        return;
    }
    self->conn->on_readable = on_body;
    tg_exchange_enter(self, TG_PHASE_BODY, self->backend->config->idle_timeout_ms);
}

static void on_received(struct tg_origin_conn *conn, char *bytes, ssize_t n)
{
    struct tg_exchange *self = conn->user;

    if (must_wait(n))
        return;
    if (n <= 0) {
        lose_head(self, n);
        return;
    }
    if (tg_batch_has(&self->send)) {
        distrust(self);
        return;
    }
    self->answered = true;
    take_head(self, tg_text(bytes, (size_t)n));
}

static void on_head(struct tg_origin_conn *conn)
{
    struct tg_exchange *self = conn->user;
    struct iovec part = {self->backend->scratch, TG_SCRATCH};

    if (conn->ssl == NULL)
        tg_origin_receive_soon(conn, on_received);
    else
        on_received(conn, part.iov_base, tg_origin_receive(conn, &part, 1));
}

/* The body ends with its connection, or it is cut short. */
static void lose_body(struct tg_exchange *self, ssize_t n)
{
    const char *wrong =
        n == 0 ? tg_framing_close(&self->framing) : "body cut short: the connection was reset";

    if (wrong != NULL)
        tg_exchange_fail(self, "protocol", wrong);
    else
        tg_exchange_complete(self, false);
}

/* A body of known length is read to its place, `room` bytes of it; when that is the rest,
 * the scratch gets what is too much. */
static ssize_t receive_body(struct tg_exchange *self, size_t room)
{
    struct iovec parts[2] = {{NULL, room}, {self->backend->scratch, TG_SCRATCH}};

    if (room == 0)
        return tg_origin_receive(self->conn, &parts[1], 1);
    parts[0].iov_base = self->content.base + self->content.len;
    return tg_origin_receive(self->conn, parts, room == self->framing.left ? 2 : 1);
}

static void on_body(struct tg_origin_conn *conn)
{
    struct tg_exchange *self = conn->user;
    uint64_t left = self->framing.mode == TG_FRAMING_LENGTH ? self->framing.left : 0;
    size_t room = left < READ_MOST ? (size_t)left : READ_MOST;
    ssize_t n = receive_body(self, room);

    if (must_wait(n))
        return;
    if (n <= 0) {
        lose_body(self, n);
        return;
    }
    size_t placed = (size_t)n < room ? (size_t)n : room;
    if (placed != 0)
        tg_framing_skip(&self->framing, placed);
    self->content.len += placed;
    take_body(self, tg_text(self->backend->scratch, (size_t)n - placed));
}
