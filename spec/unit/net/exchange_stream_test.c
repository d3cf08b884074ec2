#include "net/exchange_wire.h"

#include "net/peer.h"
#include "net/stage.h"

#define SCRIPT(...) ((const char *const[]){HEAR, __VA_ARGS__, STAY, NULL})
#define CUT(...) ((const char *const[]){HEAR, __VA_ARGS__, NULL})

/* A call whose pieces are put together, and what was seen of it. */
struct streamed {
    struct call call;
    struct tg_buffer got;
    unsigned pieces;
    bool told, hold, read_rest; /* hold: the first piece is kept */
    struct peer *peer;          /* is told to go on at each piece */
};

static void collect(struct streamed *self)
{
    tg_buffer_append(&self->got, self->call.exchange.body.base, self->call.exchange.body.len);
}

static void on_piece(struct tg_exchange *exchange)
{
    struct streamed *self = H2O_STRUCT_FROM_MEMBER(struct streamed, call.exchange, exchange);

    self->pieces++;
    self->told = true;
    assert_int_equal(exchange->status, 200);
    if (self->peer != NULL)
        sem_post(&self->peer->go);
    if (self->hold)
        return;
    if (self->read_rest) {
        tg_exchange_read_rest(exchange);
        return;
    }
    collect(self);
    tg_exchange_next(exchange);
}

static void on_done(struct tg_exchange *exchange)
{
    struct streamed *self = H2O_STRUCT_FROM_MEMBER(struct streamed, call.exchange, exchange);

    assert_null(exchange->conn);
    if (exchange->error.code == NULL)
        collect(self);
    self->call.done = true;
}

static void set_up(struct stage *stage, struct peer *peer, const char *const *script)
{
    peer_start(peer, script);
    stage_init(stage, (const char *const[]){peer->address}, 1);
}

static void tear_down(struct stage *stage, struct peer *peer, struct streamed *self)
{
    tg_exchange_dispose(&self->call.exchange);
    tg_buffer_dispose(&self->got);
    stage_dispose(stage);
    peer_end(peer);
    peer_dispose(peer);
}

static void start(struct stage *stage, struct streamed *self)
{
    tg_exchange_stream(&self->call.exchange, stage->backend, &self->call.call, on_piece, on_done);
}

/* Plays the script, which waits for the first piece at WAIT, and expects the body or the error. */
static void expect(const char *const *script, const char *body, const char *error, size_t kept)
{
    struct stage stage;
    struct peer peer;
    struct streamed self = {.call = make_call("GET", "/"), .peer = &peer};

    set_up(&stage, &peer, script);
    start(&stage, &self);
    loop_until(&stage.loop, &self.call.done);
    tg_buffer_put(&self.got, '\0');
    assert_string_equal(self.got.base, body);
    if (error != NULL)
        assert_string_equal(self.call.exchange.error.code, error);
    else
        assert_null(self.call.exchange.error.code);
    assert_int_equal(unused_conns(&stage), kept);
    tear_down(&stage, &peer, &self);
}

static void gives_a_body_that_came_with_its_head_in_one_piece(void **state)
{
    (void)state;
    expect(SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), "hello", NULL, 1);
    expect(SCRIPT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "2\r\nhe\r\n1\r\nl\r\n2\r\nlo\r\n0\r\n\r\n"),
           "hello", NULL, 1);
    expect(SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "", NULL, 1);
}

static void tells_of_what_came_before_more_is_there(void **state)
{
    (void)state;
    expect(SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", WAIT, "llo"), "hello", NULL, 1);
    expect(SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", WAIT, "hello"), "hello", NULL, 1);
    expect(SCRIPT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhe", WAIT,
                  "ll\r\n1\r\no\r\n0\r\n\r\n"),
           "hello", NULL, 1);
    expect(CUT("HTTP/1.1 200 OK\r\n\r\nhe", WAIT, "llo"), "hello", NULL, 0);
}

static void fails_when_the_body_is_cut_short(void **state)
{
    (void)state;
    expect(CUT("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe", WAIT, "llo"), "hello", "protocol",
           0);
    expect(CUT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", WAIT),
           "hello", "protocol", 0);
    expect(SCRIPT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", WAIT,
                  "zz\r\n"),
           "hello", "protocol", 0);
}

static void does_not_use_a_connection_again_that_had_more(void **state)
{
    (void)state;
    expect(SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", WAIT, "lloHTTP/1.1 200 OK"),
           "hello", NULL, 0);
}

static void receives_nothing_while_a_piece_is_held(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct streamed self = {.call = make_call("GET", "/"), .hold = true, .peer = &peer};

    set_up(&stage, &peer, SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", WAIT, "llo"));
    stage.config.idle_timeout_ms = stage.config.timeout_ms = 60;
    start(&stage, &self);
    loop_until(&stage.loop, &self.told);
    loop_for(&stage.loop, 61);
    assert_false(self.call.done);
    assert_int_equal(self.pieces, 1);
    self.hold = false;
    collect(&self);
    tg_exchange_next(&self.call.exchange);
    loop_until(&stage.loop, &self.call.done);
    assert_null(self.call.exchange.error.code);
    assert_memory_equal(self.got.base, "hello", 5);
    tear_down(&stage, &peer, &self);
}

static void fails_when_the_backend_stalls(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct streamed self = {.call = make_call("GET", "/")};

    set_up(&stage, &peer, SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"));
    stage.config.idle_timeout_ms = 30;
    start(&stage, &self);
    loop_until(&stage.loop, &self.call.done);
    assert_string_equal(self.call.exchange.error.code, "timeout_idle");
    assert_int_equal(self.call.exchange.status, 200);
    tear_down(&stage, &peer, &self);
}

static void reads_the_rest_whole(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct streamed self = {.call = make_call("GET", "/"), .read_rest = true, .peer = &peer};

    for (size_t limit = 4; limit <= 5; limit++) {
        self = (struct streamed){.call = make_call("GET", "/"), .read_rest = true, .peer = &peer};
        set_up(&stage, &peer,
               SCRIPT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n", WAIT,
                      "3\r\nllo\r\n0\r\n\r\n"));
        stage.config.limit = limit;
        start(&stage, &self);
        loop_until(&stage.loop, &self.call.done);
        if (limit == 5)
            assert_got(&self.call, 200, "hello");
        else
            assert_string_equal(self.call.exchange.error.code, "body_too_large");
        tear_down(&stage, &peer, &self);
    }
}

static void can_be_cancelled_amid_the_body(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct streamed self = {.call = make_call("GET", "/"), .hold = true};

    set_up(&stage, &peer, SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"));
    start(&stage, &self);
    loop_until(&stage.loop, &self.told);
    tg_exchange_cancel(&self.call.exchange);
    assert_int_equal(unused_conns(&stage), 0);
    assert_false(self.call.done);
    tear_down(&stage, &peer, &self);
}

static void gives_the_connection_of_a_switch_away(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct streamed self = {.call = make_call("GET", "/")};

    set_up(&stage, &peer, SCRIPT("HTTP/1.1 101 Switching\r\nUpgrade: echo\r\n\r\nhi"));
    self.call.call.upgrade = h2o_iovec_init(H2O_STRLIT("echo"));
    start(&stage, &self);
    loop_until(&stage.loop, &self.call.done);
    assert_null(self.call.exchange.error.code);
    assert_int_equal(self.call.exchange.status, 101);
    assert_memory_equal(self.got.base, "hi", 2);
    struct tg_origin_conn *conn = tg_exchange_take_tunnel(&self.call.exchange);
    assert_non_null(conn);
    assert_null(tg_exchange_take_tunnel(&self.call.exchange));
    tg_origin_close(conn);
    tear_down(&stage, &peer, &self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_a_body_that_came_with_its_head_in_one_piece),
        cmocka_unit_test(tells_of_what_came_before_more_is_there),
        cmocka_unit_test(fails_when_the_body_is_cut_short),
        cmocka_unit_test(does_not_use_a_connection_again_that_had_more),
        cmocka_unit_test(receives_nothing_while_a_piece_is_held),
        cmocka_unit_test(fails_when_the_backend_stalls),
        cmocka_unit_test(reads_the_rest_whole),
        cmocka_unit_test(can_be_cancelled_amid_the_body),
        cmocka_unit_test(gives_the_connection_of_a_switch_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
