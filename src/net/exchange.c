#include "net/exchange.h"

#include <stdlib.h>

#include "net/call.h"
#include "net/exchange_wire.h"
#include "net/inside.h"

static void on_connect(struct tg_connect *connect, struct tg_origin_conn *conn,
                       struct tg_error error);
static void on_timer(struct tg_timer *timer);

static struct tg_timers *timers_of(const struct tg_exchange *self)
{
    return self->backend->net->timers;
}

/* Loop time `delay_ms` from now; a delay of 0 never comes. */
static uint64_t after(const struct tg_exchange *self, uint32_t delay_ms)
{
    return delay_ms != 0 ? tg_timers_now(timers_of(self)) + delay_ms : UINT64_MAX;
}

/* Most phases end long before they are due. So the timer is left at an earlier time when it has
 * one: it fires then, finds nothing due, and is started again. A call that goes well costs one
 * start and one stop. */
void tg_exchange_enter(struct tg_exchange *self, enum tg_exchange_phase phase, uint32_t delay_ms)
{
    uint64_t due_ms = self->phase_due_ms = after(self, delay_ms);
    uint64_t now_ms = tg_timers_now(timers_of(self));

    self->phase = phase;
    if (self->deadline_ms < due_ms)
        due_ms = self->deadline_ms;
    if (self->timer.place == 0 || self->timer.due_ms > due_ms)
        tg_timer_start(timers_of(self), &self->timer, due_ms > now_ms ? due_ms - now_ms : 0,
                       on_timer);
}

static void drop_conn(struct tg_exchange *self)
{
    if (self->conn != NULL)
        tg_origin_close(self->conn);
    self->conn = NULL;
    self->sending = self->broken = false;
    tg_buffer_dispose(&self->unsent);
}

/* Ends all that goes on; the result stays. */
static void halt(struct tg_exchange *self)
{
    self->elapsed_ms = (uint32_t)(tg_timers_now(timers_of(self)) - self->started_ms);
    tg_timer_stop(timers_of(self), &self->timer);
    tg_connect_cancel(&self->connect);
    drop_conn(self);
    tg_buffer_dispose(&self->partial);
    self->phase = TG_PHASE_OVER;
}

/* The last thing on every way: afterwards the exchange may be gone, or in use again. */
static void finish(struct tg_exchange *self, struct tg_error error)
{
    halt(self);
    self->error = error;
    if (error.code != NULL && self->told)
        self->body = h2o_iovec_init(NULL, 0);
    else if (error.code != NULL)
        tg_exchange_dispose(self);
    self->on_done(self);
}

void tg_exchange_fail(struct tg_exchange *self, const char *code, const char *message)
{
    finish(self, (struct tg_error){code, message});
}

void tg_exchange_complete(struct tg_exchange *self, bool extra)
{
    struct tg_origin_conn *conn = self->conn;

    if (self->framing.keep && !extra && !self->sending && !self->broken) {
        self->conn = NULL;
        tg_origin_give(conn);
    }
    if (self->on_piece == NULL)
        self->body = h2o_iovec_init(self->content.base, self->content.len);
    finish(self, TG_OK);
}

static struct tg_origin *origin_of(const struct tg_exchange *self)
{
    size_t place = (self->turn + self->attempt) % self->backend->config->address_count;

    return &self->backend->origins[place];
}

static void connect_fresh(struct tg_exchange *self)
{
    uint32_t timeout_ms = self->call->connect_timeout_ms;

    self->reused = false;
    tg_exchange_enter(self, TG_PHASE_CONNECT,
                      timeout_ms != 0 ? timeout_ms : self->backend->config->connect_timeout_ms);
    tg_connect_start(&self->connect, origin_of(self), on_connect);
}

static void begin(struct tg_exchange *self)
{
    bool careful = !tg_call_is_idempotent(self->call);
    struct tg_origin_conn *conn = tg_origin_take(origin_of(self), careful);

    if (conn == NULL) {
        connect_fresh(self);
        return;
    }
    self->reused = true;
    tg_exchange_use(self, conn);
}

/* An address that can't be connected to has not seen the request: another one may have it. */
static void try_other_address(struct tg_exchange *self, struct tg_error error)
{
    bool is_its_fault = strcmp(error.code, "busy") != 0;

    if (is_its_fault && self->attempt + 1 < self->backend->config->address_count &&
        tg_timers_now(timers_of(self)) < self->deadline_ms) {
        self->attempt++;
        begin(self);
        return;
    }
    finish(self, error);
}

static void on_connect(struct tg_connect *connect, struct tg_origin_conn *conn,
                       struct tg_error error)
{
    struct tg_exchange *self = H2O_STRUCT_FROM_MEMBER(struct tg_exchange, connect, connect);

    if (error.code != NULL)
        try_other_address(self, error);
    else
        tg_exchange_use(self, conn);
}

/* The other end may have closed an unused connection before the request came there. */
bool tg_exchange_retry(struct tg_exchange *self)
{
    if (!self->reused || self->retried)
        return false;
    self->retried = true;
    drop_conn(self);
    connect_fresh(self);
    return true;
}

static void fail_phase(struct tg_exchange *self)
{
    switch (self->phase) {
    case TG_PHASE_OVER:
        break;
    case TG_PHASE_CONNECT: {
        bool resolving = tg_connect_is_resolving(&self->connect);
        tg_connect_cancel(&self->connect);
        try_other_address(
            self,
            (struct tg_error){"timeout_connect",
                              resolving ? "the name was not resolved within the connect timeout"
                                        : "no connection within the connect timeout"});
        break;
    }
    case TG_PHASE_SEND:
        tg_exchange_fail(self, "timeout_idle",
                         "the backend took no more of the request within the idle timeout");
        break;
    case TG_PHASE_HEAD:
        tg_exchange_fail(self, "timeout_first_byte",
                         "no response head within the first-byte timeout");
        break;
    case TG_PHASE_BODY:
        tg_exchange_fail(self, "timeout_idle", "no more of the body within the idle timeout");
        break;
    case TG_PHASE_HELD: /* is never due */
        break;
    }
}

static void on_timer(struct tg_timer *timer)
{
    struct tg_exchange *self = H2O_STRUCT_FROM_MEMBER(struct tg_exchange, timer, timer);
    uint64_t now_ms = tg_timers_now(timers_of(self)), due_ms = self->phase_due_ms;

    if (now_ms >= self->deadline_ms) {
        tg_exchange_fail(self, "timeout", "no complete response within the timeout");
        return;
    }
    if (now_ms >= due_ms) {
        fail_phase(self);
        return;
    }
    if (self->deadline_ms < due_ms)
        due_ms = self->deadline_ms;
    tg_timer_start(timers_of(self), timer, due_ms - now_ms, on_timer);
}

void tg_exchange_bound(struct tg_exchange *self, uint32_t delay_ms)
{
    self->deadline_ms = after(self, delay_ms);
}

void tg_exchange_start(struct tg_exchange *exchange, struct tg_backend *backend,
                       const struct tg_call *call, void (*on_done)(struct tg_exchange *self))
{
    tg_exchange_stream(exchange, backend, call, NULL, on_done);
}

void tg_exchange_stream(struct tg_exchange *exchange, struct tg_backend *backend,
                        const struct tg_call *call, void (*on_piece)(struct tg_exchange *self),
                        void (*on_done)(struct tg_exchange *self))
{
    *exchange = (struct tg_exchange){
        .backend = backend, .call = call, .on_piece = on_piece, .on_done = on_done};
    exchange->started_ms = tg_timers_now(timers_of(exchange));
    exchange->deadline_ms =
        after(exchange, call->timeout_ms != 0 ? call->timeout_ms : backend->config->timeout_ms);

    struct tg_error error = tg_call_check(call);
    if (error.code != NULL) {
        finish(exchange, error);
        return;
    }
    exchange->turn = backend->turn++;
    begin(exchange);
}

void tg_exchange_cancel(struct tg_exchange *exchange)
{
    if (exchange->phase == TG_PHASE_OVER)
        return;
    halt(exchange);
    if (!exchange->told) {
        tg_exchange_dispose(exchange);
        return;
    }
    exchange->body = h2o_iovec_init(NULL, 0);
    exchange->error = (struct tg_error){"cancelled", "the call was cancelled"};
}

void tg_exchange_dispose(struct tg_exchange *exchange)
{
    struct tg_origin_conn *tunnel = tg_exchange_take_tunnel(exchange);

    if (tunnel != NULL)
        tg_origin_close(tunnel);
    free(exchange->fields);
    free(exchange->window);
    tg_buffer_dispose(&exchange->content);
    exchange->window = NULL;
    exchange->fields = NULL;
    exchange->field_count = 0;
    exchange->body = h2o_iovec_init(NULL, 0);
    exchange->status = 0;
}
