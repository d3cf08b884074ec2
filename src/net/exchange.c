#include "net/exchange.h"

#include <stdlib.h>

#include "net/call.h"
#include "net/exchange_wire.h"
#include "net/inside.h"
#include "net/slots.h"

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
    tg_exchange_unsend(self);
    if (self->conn != NULL)
        tg_origin_close(self->conn);
    self->conn = NULL;
    self->sending = self->broken = false;
    tg_buffer_dispose(&self->unsent);
}

/* Leaves its address; code is NULL when all went well. A call that ran out of time while its
 * response came says nothing of the address: the body may be long, or the time short. */
static void leave(struct tg_exchange *self, const char *code)
{
    struct tg_backend *backend = self->backend;
    bool was_slow = code != NULL && strcmp(code, "timeout") == 0 && self->answered;

    if (!self->placed)
        return;
    self->placed = false;
    tg_account_end(backend->origins[self->choice.place].account, code,
                   tg_timers_now(timers_of(self)) - self->placed_ms);
    if (was_slow)
        tg_balance_give_up(backend, &self->choice);
    else
        tg_balance_end(backend, &self->choice, code);
}

/* Making a connection takes more memory than all the rest of a call, and most have none made. */
struct tg_connecting {
    struct tg_connect connect;
    struct tg_exchange *exchange;
};

static void end_connecting(struct tg_exchange *self)
{
    if (self->connecting == NULL)
        return;
    tg_connect_cancel(&self->connecting->connect);
    free(self->connecting);
    self->connecting = NULL;
}

/* Ends all that goes on; the result stays. */
static void halt(struct tg_exchange *self)
{
    self->elapsed_ms = (uint32_t)(tg_timers_now(timers_of(self)) - self->started_ms);
    tg_timer_stop(timers_of(self), &self->timer);
    end_connecting(self);
    drop_conn(self);
    tg_buffer_dispose(&self->partial);
    if (self->tunnel == NULL)
        tg_slots_release(self->backend, self);
    self->phase = TG_PHASE_OVER;
}

/* The last thing on every way: afterwards the exchange may be gone, or in use again. */
static void finish(struct tg_exchange *self, struct tg_error error)
{
    leave(self, error.code);
    halt(self);
    self->error = error;
    if (error.code != NULL && self->told)
        self->body = h2o_iovec_init(NULL, 0);
    else if (error.code != NULL)
        tg_exchange_dispose(self);
    self->on_done(self);
}

static void turn_away(struct tg_exchange *self, const char *message)
{
    tg_account_add(&self->backend->accounts->turned_away, 1);
    finish(self, (struct tg_error){"busy", message});
}

void tg_exchange_complete(struct tg_exchange *self, bool extra)
{
    struct tg_origin_conn *conn = self->conn;

    if (self->framing.keep && !extra && !self->sending && !self->broken) {
        self->conn = NULL;
        tg_origin_give(conn);
    }
    if (self->content.base != NULL)
        self->body = h2o_iovec_init(self->content.base, self->content.len);
    finish(self, TG_OK);
}

static struct tg_origin *origin_of(const struct tg_exchange *self)
{
    return &self->backend->origins[self->choice.place];
}

static void connect_fresh(struct tg_exchange *self)
{
    uint32_t timeout_ms = self->call->connect_timeout_ms;

    self->reused = false;
    self->connecting = h2o_mem_alloc(sizeof(*self->connecting));
    self->connecting->exchange = self;
    tg_slots_make_room(self->backend);
    tg_exchange_enter(self, TG_PHASE_CONNECT,
                      timeout_ms != 0 ? timeout_ms : self->backend->config->connect_timeout_ms);
    tg_connect_start(&self->connecting->connect, origin_of(self), self->call, on_connect);
}

/* Goes to the address that was chosen. */
static void go(struct tg_exchange *self)
{
    bool careful = !tg_call_is_idempotent(self->call);
    struct tg_origin_conn *conn = tg_origin_take(origin_of(self), careful);

    self->placed = true;
    self->placed_ms = tg_timers_now(timers_of(self));
    if (conn == NULL) {
        connect_fresh(self);
        return;
    }
    self->reused = true;
    tg_exchange_use(self, conn);
}

/* Whether the call may fail at one address without the caller hearing of it. */
static bool is_repeatable(const struct tg_exchange *self)
{
    const struct tg_call *call = self->call;
    uint32_t most = call->has_retries ? call->retries : self->backend->config->retries;

    return self->retries < most && tg_call_is_idempotent(call);
}

static bool choose(struct tg_exchange *self)
{
    return tg_balance_choose(self->backend, &self->choice, is_repeatable(self));
}

void tg_exchange_begin(struct tg_exchange *self)
{
    if (choose(self))
        go(self);
    else
        turn_away(self, "all addresses of the backend are left out after failures");
}

/* An address that can't be connected to has not seen the request: another one may have it. */
static void try_other_address(struct tg_exchange *self, struct tg_error error)
{
    bool is_its_fault = strcmp(error.code, "busy") != 0;

    if (is_its_fault && tg_timers_now(timers_of(self)) < self->deadline_ms) {
        leave(self, error.code);
        if (choose(self)) {
            go(self);
            return;
        }
    }
    finish(self, error);
}

static void on_connect(struct tg_connect *connect, struct tg_origin_conn *conn,
                       struct tg_error error)
{
    struct tg_connecting *connecting =
        H2O_STRUCT_FROM_MEMBER(struct tg_connecting, connect, connect);
    struct tg_exchange *self = connecting->exchange;

    end_connecting(self);
    if (error.code != NULL)
        try_other_address(self, error);
    else
        tg_exchange_use(self, conn);
}

/* Whether another address may be asked instead: no byte of a response has come, the request does
 * no harm when it is heard twice, and the failure is one that another address need not have. */
static bool may_be_made_again(const struct tg_exchange *self, const char *code)
{
    static const char *const codes[] = {"reset", "tls", "timeout_first_byte", "timeout_idle"};

    if (self->answered || !is_repeatable(self) ||
        (self->phase != TG_PHASE_SEND && self->phase != TG_PHASE_HEAD))
        return false;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (strcmp(code, codes[i]) == 0)
            return tg_balance_has_more(self->backend, &self->choice);
    return false;
}

static bool make_again(struct tg_exchange *self, const char *code)
{
    if (!may_be_made_again(self, code) || !tg_balance_spend(self->backend))
        return false;
    self->retries++;
    tg_account_add(&self->backend->accounts->retries, 1);
    drop_conn(self);
    leave(self, code);
    if (!choose(self))
        return false;
    go(self);
    return true;
}

void tg_exchange_fail(struct tg_exchange *self, const char *code, const char *message)
{
    if (!make_again(self, code))
        finish(self, (struct tg_error){code, message});
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
    case TG_PHASE_QUEUE:
        turn_away(self, "no connection became free within the queue timeout");
        break;
    case TG_PHASE_CONNECT: {
        const char *message = tg_connect_waits_for(&self->connecting->connect);
        tg_connect_give_up(&self->connecting->connect);
        end_connecting(self);
        try_other_address(self, (struct tg_error){"timeout_connect", message});
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

static void enter_queue(struct tg_exchange *self)
{
    const struct tg_backend_config *config = self->backend->config;
    uint32_t wait_ms = config->queue_timeout_ms;

    switch (tg_slots_take(self->backend, self)) {
    case TG_SLOTS_TAKEN:
        tg_exchange_begin(self);
        break;
    case TG_SLOTS_QUEUED:
        tg_exchange_enter(self, TG_PHASE_QUEUE,
                          wait_ms != 0 ? wait_ms : config->connect_timeout_ms);
        break;
    case TG_SLOTS_FULL:
        turn_away(self, "the queue for a connection is full");
        break;
    }
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
    tg_balance_earn(backend);
    enter_queue(exchange);
}

void tg_exchange_cancel(struct tg_exchange *exchange)
{
    if (exchange->phase == TG_PHASE_OVER)
        return;
    if (exchange->placed)
        tg_balance_give_up(exchange->backend, &exchange->choice);
    exchange->placed = false;
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
    if (exchange->tunnel != NULL) {
        tg_origin_close(tg_exchange_take_tunnel(exchange));
        tg_slots_give_back(exchange->backend);
    }
    if (exchange->recycle != NULL)
        tg_recycle_give(exchange->recycle, exchange->fields);
    else
        free(exchange->fields);
    free(exchange->window);
    tg_buffer_dispose(&exchange->content);
    exchange->window = NULL;
    exchange->fields = NULL;
    exchange->recycle = NULL;
    exchange->field_count = 0;
    exchange->body = h2o_iovec_init(NULL, 0);
    exchange->status = 0;
}
