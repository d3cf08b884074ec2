/* A response body that comes in pieces: what is received waits until its owner wants more. */
#include <errno.h>
#include <stdlib.h>

#include "net/exchange_wire.h"
#include "net/inside.h"

static void on_readable(struct tg_origin_conn *conn);

static void hand_over(struct tg_exchange *self, h2o_iovec_t piece)
{
    self->body = piece;
    self->told = true;
    self->conn->on_readable = on_readable;
    tg_exchange_enter(self, TG_PHASE_HELD, 0);
    self->on_piece(self);
}

/* Takes the body out of what was received, in place: its parts are moved together to one piece.
 * `first` is told of although it may be empty: the head came with it. */
static void take(struct tg_exchange *self, char *base, size_t len, bool first)
{
    struct tg_text in = {base, len}, part;
    h2o_iovec_t piece = {base, 0};

    for (;;) {
        switch (tg_framing_body(&self->framing, &in, &part)) {
        case TG_FRAMING_PIECE:
            if (piece.len == 0)
                piece.base = (char *)(uintptr_t)part.base;
            else
                memmove(piece.base + piece.len, part.base, part.len);
            piece.len += part.len;
            continue;
        case TG_FRAMING_MORE:
            if (first || piece.len != 0)
                hand_over(self, piece);
            else
                tg_exchange_enter(self, TG_PHASE_BODY, self->backend->config->idle_timeout_ms);
            return;
        case TG_FRAMING_END:
            self->body = piece;
            tg_exchange_complete(self, in.len != 0);
            return;
        case TG_FRAMING_HEAD: /* does not come of a body */
        case TG_FRAMING_WRONG:
            tg_exchange_fail(self, "protocol", self->framing.wrong);
            return;
        }
    }
}

void tg_exchange_stream_begin(struct tg_exchange *self, char *base, size_t len)
{
    tg_exchange_bound(self, 0);
    take(self, base, len, true);
}

void tg_exchange_stream_switch(struct tg_exchange *self, char *base, size_t len)
{
    struct tg_origin_conn *conn = self->conn;

    if (self->sending) {
        tg_exchange_fail(self, "protocol", "the backend switched protocols amid the request");
        return;
    }
    conn->user = NULL;
    tg_origin_pause(conn);
    self->conn = NULL;
    self->tunnel = conn;
    self->body = h2o_iovec_init(base, len);
    tg_exchange_complete(self, true);
}

static void lose(struct tg_exchange *self, ssize_t n)
{
    const char *wrong =
        n == 0 ? tg_framing_close(&self->framing) : "body cut short: the connection was reset";

    self->body = h2o_iovec_init(NULL, 0);
    if (wrong != NULL)
        tg_exchange_fail(self, "protocol", wrong);
    else
        tg_exchange_complete(self, false);
}

static void on_readable(struct tg_origin_conn *conn)
{
    struct tg_exchange *self = conn->user;

    if (self->phase == TG_PHASE_HELD) {
        tg_origin_pause(conn);
        self->paused = true;
        return;
    }
    if (self->window == NULL)
        self->window = h2o_mem_alloc(TG_EXCHANGE_WINDOW);
    struct iovec part = {self->window, TG_EXCHANGE_WINDOW};
    ssize_t n = tg_origin_receive(conn, &part, 1);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        lose(self, n);
    else
        take(self, self->window, (size_t)n, false);
}

static void go_on(struct tg_exchange *self)
{
    if (self->paused)
        tg_origin_continue(self->conn);
    self->paused = false;
}

void tg_exchange_next(struct tg_exchange *exchange)
{
    exchange->body = h2o_iovec_init(NULL, 0);
    tg_exchange_enter(exchange, TG_PHASE_BODY, exchange->backend->config->idle_timeout_ms);
    go_on(exchange);
}

void tg_exchange_read_rest(struct tg_exchange *exchange)
{
    uint32_t timeout_ms = exchange->call->timeout_ms;

    exchange->on_piece = NULL;
    tg_exchange_bound(exchange,
                      timeout_ms != 0 ? timeout_ms : exchange->backend->config->timeout_ms);
    go_on(exchange);
    tg_exchange_wire_whole(exchange);
}

struct tg_origin_conn *tg_exchange_take_tunnel(struct tg_exchange *exchange)
{
    struct tg_origin_conn *conn = exchange->tunnel;

    exchange->tunnel = NULL;
    exchange->has_slot = false;
    return conn;
}

/* ---- as a source */

static struct tg_exchange *exchange_of(struct tg_source *source)
{
    return H2O_STRUCT_FROM_MEMBER(struct tg_exchange, source, source);
}

static void on_source_piece(struct tg_exchange *self)
{
    self->source.on_piece(&self->source, self->body, TG_SOURCE_MORE);
}

static void on_source_done(struct tg_exchange *self)
{
    bool broken = self->error.code != NULL;

    self->source.error = self->error;
    self->source.on_piece(&self->source, self->body, broken ? TG_SOURCE_BROKEN : TG_SOURCE_END);
}

static void next_piece(struct tg_source *source)
{
    struct tg_exchange *self = exchange_of(source);

    if (self->given)
        tg_exchange_next(self);
    else if (self->phase == TG_PHASE_OVER)
        on_source_done(self);
    else {
        self->given = true;
        on_source_piece(self);
    }
}

static void cancel_source(struct tg_source *source)
{
    tg_exchange_cancel(exchange_of(source));
}

struct tg_source *tg_exchange_source(struct tg_exchange *exchange)
{
    exchange->on_piece = on_source_piece;
    exchange->on_done = on_source_done;
    exchange->source = (struct tg_source){.next = next_piece, .cancel = cancel_source};
    return &exchange->source;
}
