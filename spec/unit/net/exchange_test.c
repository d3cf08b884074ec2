#include "net/exchange.h"

#include "net/peer.h"
#include "net/stage.h"

#define OK_RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void set_up(struct stage *stage, struct peer *peer, const char *const *script)
{
    peer_start(peer, script);
    stage_init(stage, (const char *const[]){peer->address}, 1);
}

static void tear_down(struct stage *stage, struct peer *peer)
{
    stage_dispose(stage);
    peer_end(peer);
    peer_dispose(peer);
}

#define SCRIPT(...) ((const char *const[]){__VA_ARGS__, NULL})

static void expect_ok(struct stage *stage, const char *method, bool reused)
{
    struct call call = make_call(method, "/");

    run_call(stage, &call);
    assert_got(&call, 200, "ok");
    assert_int_equal(call.exchange.reused, reused);
    tg_exchange_dispose(&call.exchange);
}

static size_t count_of(const struct peer *peer, const char *word)
{
    size_t count = 0;

    for (const char *at = peer->heard.base; (at = strstr(at, word)) != NULL; at += strlen(word))
        count++;
    return count;
}

/* ---- connections used again ---- */

static void uses_a_connection_again(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;

    set_up(&stage, &peer, SCRIPT(HEAR, OK_RESPONSE, HEAR, OK_RESPONSE, HEAR, OK_RESPONSE, STAY));
    expect_ok(&stage, "GET", false);
    expect_ok(&stage, "GET", true);
    expect_ok(&stage, "POST", true);
    stage_dispose(&stage);
    peer_end(&peer);
    assert_int_equal(peer.accepted, 1);
    peer_dispose(&peer);
}

static void a_poisoned_connection_is_not_used_again(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;

    set_up(&stage, &peer,
           SCRIPT(HEAR, OK_RESPONSE, WAIT, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", STAY,
                  NEXT, HEAR, OK_RESPONSE, STAY));
    expect_ok(&stage, "GET", false);
    assert_int_equal(unused_conns(&stage), 1);
    peer_go(&peer);
    while (unused_conns(&stage) != 0)
        loop_turn(&stage.loop);
    expect_ok(&stage, "GET", false);
    tear_down(&stage, &peer);
}

/* The backend closes the unused connection, and the loop has not seen it yet. */
static void a_call_on_a_connection_that_has_ended_goes_to_a_fresh_one(void **state)
{
    (void)state;
    static const char *const methods[] = {"GET", "POST", "DELETE", "PATCH"};

    for (size_t i = 0; i < 4; i++) {
        struct stage stage;
        struct peer peer;
        set_up(&stage, &peer, SCRIPT(HEAR, OK_RESPONSE, WAIT, NEXT, HEAR, OK_RESPONSE, STAY));
        expect_ok(&stage, "GET", false);
        peer_go(&peer);
        peer_closed(&peer);
        expect_ok(&stage, methods[i], false);
        stage_dispose(&stage);
        peer_end(&peer);
        assert_int_equal(peer.accepted, 2);
        assert_int_equal(count_of(&peer, "HTTP/1.1\r\n"), 2);
        peer_dispose(&peer);
    }
}

static const char *const loses_the_second[] = {HEAR, OK_RESPONSE, HEAR, NEXT,
                                               HEAR, OK_RESPONSE, STAY, NULL};

static void a_lost_call_is_sent_again_when_that_does_no_harm(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;

    set_up(&stage, &peer, loses_the_second);
    expect_ok(&stage, "GET", false);
    expect_ok(&stage, "PUT", false);
    stage_dispose(&stage);
    peer_end(&peer);
    assert_int_equal(count_of(&peer, "PUT"), 2);
    peer_dispose(&peer);
}

static void a_lost_post_is_never_sent_again(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct call call = make_call("POST", "/");

    set_up(&stage, &peer, loses_the_second);
    expect_ok(&stage, "GET", false);
    run_call(&stage, &call);
    assert_failed(&call, "reset");
    assert_true(call.exchange.reused);
    expect_ok(&stage, "GET", false);
    stage_dispose(&stage);
    peer_end(&peer);
    assert_int_equal(count_of(&peer, "POST"), 1);
    peer_dispose(&peer);
}

static void a_call_is_sent_again_only_once(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct call call = make_call("GET", "/");

    set_up(&stage, &peer, SCRIPT(HEAR, OK_RESPONSE, HEAR, NEXT, HEAR));
    expect_ok(&stage, "GET", false);
    run_call(&stage, &call);
    assert_failed(&call, "reset");
    stage_dispose(&stage);
    peer_end(&peer);
    assert_int_equal(count_of(&peer, "GET"), 3);
    peer_dispose(&peer);
}

static void a_call_is_not_sent_again_when_an_answer_has_begun(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct call call = make_call("GET", "/");

    set_up(&stage, &peer, SCRIPT(HEAR, OK_RESPONSE, HEAR, "H"));
    expect_ok(&stage, "GET", false);
    run_call(&stage, &call);
    assert_failed(&call, "protocol");
    stage_dispose(&stage);
    peer_end(&peer);
    assert_int_equal(count_of(&peer, "GET"), 2);
    peer_dispose(&peer);
}

static void a_call_lost_on_a_fresh_connection_is_not_sent_again(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct call call = make_call("GET", "/");

    set_up(&stage, &peer, SCRIPT(HEAR));
    run_call(&stage, &call);
    assert_failed(&call, "reset");
    assert_false(call.exchange.retried);
    tear_down(&stage, &peer);
}

/* ---- what on_done may do ---- */

struct chain {
    struct call call; /* the first member */
    int left;
    struct stage *stage;
};

static void on_link_done(struct tg_exchange *exchange)
{
    struct chain *chain = H2O_STRUCT_FROM_MEMBER(struct chain, call.exchange, exchange);

    assert_null(exchange->error.code);
    tg_exchange_dispose(exchange);
    if (--chain->left == 0)
        chain->call.done = true;
    else
        tg_exchange_start(exchange, chain->stage->backend, &chain->call.call, on_link_done);
}

static void on_done_may_start_the_next_call(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct chain chain = {.call = make_call("GET", "/"), .left = 3, .stage = &stage};

    set_up(&stage, &peer, SCRIPT(HEAR, OK_RESPONSE, HEAR, OK_RESPONSE, HEAR, OK_RESPONSE, STAY));
    tg_exchange_start(&chain.call.exchange, stage.backend, &chain.call.call, on_link_done);
    loop_until(&stage.loop, &chain.call.done);
    stage_dispose(&stage);
    peer_end(&peer);
    assert_int_equal(peer.accepted, 1);
    peer_dispose(&peer);
}

static bool freed;

static void on_done_frees(struct tg_exchange *exchange)
{
    struct call *call = H2O_STRUCT_FROM_MEMBER(struct call, exchange, exchange);

    tg_exchange_dispose(exchange);
    memset(call, 0xee, sizeof(*call));
    free(call);
    freed = true;
}

static void on_done_may_free_the_exchange(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;

    set_up(&stage, &peer, SCRIPT(HEAR, OK_RESPONSE, HEAR, "HTTP/1.1 200 OK\r\n", NEXT, HEAR));
    for (int i = 0; i < 3; i++) {
        struct call *call = malloc(sizeof(*call));
        *call = make_call("GET", "/");
        freed = false;
        tg_exchange_start(&call->exchange, stage.backend, &call->call, on_done_frees);
        loop_until(&stage.loop, &freed);
    }
    tear_down(&stage, &peer);
}

/* ---- timeouts ---- */

static void expect_timeout(struct stage *stage, const char *code)
{
    struct call call = make_call("GET", "/");

    run_call(stage, &call);
    assert_failed(&call, code);
    assert_true(call.exchange.elapsed_ms >= 20);
    assert_int_equal(unused_conns(stage), 0);
}

static void times_out_waiting_for_the_head(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;

    set_up(&stage, &peer, SCRIPT(HEAR, STAY, NEXT, HEAR, "HTTP/1.1 200 OK\r\nA:", STAY));
    stage.config.first_byte_timeout_ms = 20;
    expect_timeout(&stage, "timeout_first_byte");
    expect_timeout(&stage, "timeout_first_byte");
    tear_down(&stage, &peer);
}

static void times_out_between_two_reads_of_the_body(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;

    set_up(&stage, &peer, SCRIPT(HEAR, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nup", STAY));
    stage.config.idle_timeout_ms = 20;
    expect_timeout(&stage, "timeout_idle");
    tear_down(&stage, &peer);
}

static void times_out_as_a_whole(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct call call = make_call("GET", "/");

    set_up(&stage, &peer, SCRIPT(HEAR, STAY, NEXT, HEAR, "HTTP/1.1 200 OK\r\n\r\nup", STAY));
    stage.config.timeout_ms = 20;
    expect_timeout(&stage, "timeout");
    stage.config.timeout_ms = 20000;
    call.call.timeout_ms = 20;
    run_call(&stage, &call);
    assert_failed(&call, "timeout");
    tear_down(&stage, &peer);
}

static void times_out_when_the_request_is_not_taken(void **state)
{
    (void)state;
    enum { LEN = 16 << 20 };
    struct stage stage;
    struct peer peer;
    struct call call = make_call("PUT", "/");

    call.call.body = h2o_iovec_init(calloc(1, LEN), LEN);
    call.call.has_body = true;
    set_up(&stage, &peer, SCRIPT(WAIT));
    stage.config.idle_timeout_ms = 20;
    run_call(&stage, &call);
    assert_failed(&call, "timeout_idle");
    peer_go(&peer);
    tear_down(&stage, &peer);
    free(call.call.body.base);
}

/* A listener whose queue is full answers no further connect. */
static int full_listener(char *address, size_t size, int *fillers)
{
    struct sockaddr_in name;
    socklen_t len = sizeof(name);
    int listener = peer_listen_v4();

    assert_int_equal(listen(listener, 0), 0);
    snprintf(address, size, "http://127.0.0.1:%d", peer_port(listener));
    assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &len), 0);
    for (int i = 0; i < 2; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fillers[i], (struct sockaddr *)&name, len);
    }
    return listener;
}

static void times_out_connecting(void **state)
{
    (void)state;
    struct stage stage;
    struct call call = make_call("GET", "/");
    char address[64];
    int fillers[2], listener = full_listener(address, sizeof(address), fillers);

    stage_init(&stage, (const char *const[]){address}, 1);
    stage.config.connect_timeout_ms = 20;
    expect_timeout(&stage, "timeout_connect");
    stage.config.connect_timeout_ms = 20000;
    call.call.connect_timeout_ms = 20;
    run_call(&stage, &call);
    assert_failed(&call, "timeout_connect");
    assert_string_equal(call.exchange.error.message, "no connection within the connect timeout");
    stage_dispose(&stage);
    close(fillers[0]);
    close(fillers[1]);
    close(listener);
}

static sem_t never;

static struct tg_error stalled_lookup(const char *host, struct tg_addresses *found)
{
    (void)host, (void)found;
    sem_wait(&never);
    return (struct tg_error){"dns", "not known"};
}

static void times_out_resolving(void **state)
{
    (void)state;
    const struct tg_resolver_options options = {.lookup = stalled_lookup};
    struct stage stage;
    struct call call = make_call("GET", "/");

    sem_init(&never, 0, 0);
    stage_init_with(&stage, (const char *const[]){"http://slow"}, 1, &options);
    call.call.connect_timeout_ms = 20;
    run_call(&stage, &call);
    assert_failed(&call, "timeout_connect");
    assert_string_equal(call.exchange.error.message,
                        "the name was not resolved within the connect timeout");
    stage_dispose(&stage);
    sem_post(&never);
}

/* One timer serves all phases: a later one that may last less moves it forward. */
static void a_short_phase_after_a_long_one_ends_in_time(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct call call = make_call("GET", "/");

    set_up(&stage, &peer,
           SCRIPT(HEAR, WAIT, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nup", STAY));
    stage.config.idle_timeout_ms = 20;
    start_call(&stage, &call);
    while (call.exchange.phase != TG_PHASE_HEAD)
        loop_turn(&stage.loop);
    for (int i = 0; i < 5; i++) /* longer than the idle timeout, which does not count yet */
        h2o_evloop_run(stage.loop.h2o, 10);
    peer_go(&peer);
    loop_until(&stage.loop, &call.done);
    assert_failed(&call, "timeout_idle");
    assert_true(call.exchange.elapsed_ms < 10000);
    tear_down(&stage, &peer);
}

static void a_good_call_leaves_no_timer_but_the_sweep(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;

    set_up(&stage, &peer, SCRIPT(HEAR, OK_RESPONSE, STAY));
    expect_ok(&stage, "GET", false);
    assert_int_equal(stage.loop.timers.count, 1);
    tear_down(&stage, &peer);
}

/* ---- before it is sent ---- */

static void two_of_one_turn_are_sent_at_its_end(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct call first = make_call("GET", "/first"), second = make_call("POST", "/second");

    set_up(&stage, &peer,
           SCRIPT(HEAR, OK_RESPONSE, HEAR, OK_RESPONSE, STAY, NEXT, HEAR, OK_RESPONSE, STAY));
    expect_ok(&stage, "GET", false);
    start_call(&stage, &first);
    start_call(&stage, &second);
    assert_true(tg_batch_has(&first.exchange.send));
    loop_until(&stage.loop, &first.done);
    assert_false(tg_batch_has(&first.exchange.send));
    tg_origin_drop_oldest(&stage.backend->origins[0]); /* the peer has one at a time */
    loop_until(&stage.loop, &second.done);
    assert_got(&first, 200, "ok");
    assert_got(&second, 200, "ok");
    assert_int_equal(stage.backend->unsent, 0);
    tg_exchange_dispose(&first.exchange);
    tg_exchange_dispose(&second.exchange);
    stage_dispose(&stage);
    peer_end(&peer);
    assert_int_equal(count_of(&peer, "GET /first HTTP/1.1\r\n"), 1);
    assert_int_equal(count_of(&peer, "POST /second HTTP/1.1\r\n"), 1);
    peer_dispose(&peer);
}

static void one_that_is_cancelled_before_is_never_sent(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct call first = make_call("GET", "/first"), second = make_call("GET", "/second");

    set_up(&stage, &peer, SCRIPT(HEAR, OK_RESPONSE, STAY, NEXT, HEAR, OK_RESPONSE, STAY));
    expect_ok(&stage, "GET", false);
    start_call(&stage, &first);
    start_call(&stage, &second);
    tg_exchange_cancel(&first.exchange);
    tg_exchange_dispose(&first.exchange);
    loop_until(&stage.loop, &second.done);
    assert_got(&second, 200, "ok");
    assert_false(first.done);
    assert_int_equal(stage.backend->unsent, 0);
    tg_exchange_dispose(&second.exchange);
    stage_dispose(&stage);
    peer_end(&peer);
    assert_int_equal(count_of(&peer, "/first"), 0);
    assert_int_equal(count_of(&peer, "/second"), 1);
    peer_dispose(&peer);
}

/* A POST that has been put off, on a connection where then `seen` bytes can be seen (0: its end),
 * is sent over a fresh one, and there only. */
static void expect_sent_elsewhere(const char *const *script, ssize_t seen)
{
    struct stage stage;
    struct peer peer;
    struct call call = make_call("POST", "/late");

    set_up(&stage, &peer, script);
    expect_ok(&stage, "GET", false);
    start_call(&stage, &call);
    assert_true(tg_batch_has(&call.exchange.send));
    peer_go(&peer);
    for (char byte; recv(call.exchange.conn->fd, &byte, 1, MSG_PEEK) != seen;)
        sched_yield();
    loop_until(&stage.loop, &call.done);
    assert_got(&call, 200, "ok");
    assert_true(call.exchange.retried);
    tg_exchange_dispose(&call.exchange);
    stage_dispose(&stage);
    peer_end(&peer);
    assert_int_equal(count_of(&peer, "/late"), 1);
    peer_dispose(&peer);
}

/* Nothing of the request has left when the connection turns out to have ended: so it does no harm
 * to send it over another one, whatever its method. */
static void a_post_that_was_not_sent_yet_goes_to_a_fresh_connection(void **state)
{
    (void)state;
    expect_sent_elsewhere(SCRIPT(HEAR, OK_RESPONSE, WAIT, NEXT, HEAR, OK_RESPONSE, STAY), 0);
}

static void what_comes_before_it_is_sent_is_not_its_answer(void **state)
{
    (void)state;
    expect_sent_elsewhere(SCRIPT(HEAR, OK_RESPONSE, WAIT,
                                 "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", STAY, NEXT,
                                 HEAR, OK_RESPONSE, STAY),
                          1);
}

/* ---- cancelling ---- */

static void cancel(struct stage *stage, struct call *call)
{
    tg_exchange_cancel(&call->exchange);
    tg_exchange_cancel(&call->exchange);
    tg_exchange_dispose(&call->exchange);
    assert_null(call->exchange.conn);
    assert_int_equal(stage->loop.timers.count, 0);
    for (int i = 0; i < 3; i++)
        h2o_evloop_run(stage->loop.h2o, 1);
    assert_false(call->done);
    assert_int_equal(unused_conns(stage), 0);
}

static void cancel_in(enum tg_exchange_phase phase, const char *const *script, size_t body_len)
{
    struct stage stage;
    struct peer peer;
    struct call call = make_call("POST", "/");

    call.call.body = h2o_iovec_init(calloc(1, body_len + 1), body_len);
    call.call.has_body = true;
    set_up(&stage, &peer, script);
    start_call(&stage, &call);
    while (call.exchange.phase != phase)
        loop_turn(&stage.loop);
    cancel(&stage, &call);
    peer_go(&peer);
    tear_down(&stage, &peer);
    free(call.call.body.base);
}

static void can_be_cancelled_in_every_phase(void **state)
{
    (void)state;
    cancel_in(TG_PHASE_CONNECT, SCRIPT(STAY), 0);
    cancel_in(TG_PHASE_SEND, SCRIPT(WAIT), 16 << 20);
    cancel_in(TG_PHASE_HEAD, SCRIPT(STAY), 0);
    cancel_in(TG_PHASE_BODY,
              SCRIPT(HEAR, "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nup", STAY), 0);
    cancel_in(TG_PHASE_BODY,
              SCRIPT(HEAR, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nup", STAY),
              0);
}

static void can_be_cancelled_in_the_midst_of_a_head(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct call call = make_call("GET", "/");

    set_up(&stage, &peer, SCRIPT(HEAR, "HTTP/1.1 200 OK\r\nA: ", STAY));
    start_call(&stage, &call);
    while (call.exchange.partial.len == 0)
        loop_turn(&stage.loop);
    cancel(&stage, &call);
    tear_down(&stage, &peer);
}

static void can_be_cancelled_while_a_name_is_resolved(void **state)
{
    (void)state;
    const struct tg_resolver_options options = {.lookup = stalled_lookup};
    struct stage stage;
    struct call call = make_call("GET", "/");

    sem_init(&never, 0, 0);
    stage_init_with(&stage, (const char *const[]){"http://slow"}, 1, &options);
    start_call(&stage, &call);
    cancel(&stage, &call);
    stage_dispose(&stage);
    sem_post(&never);
}

static void cancelling_one_that_was_never_started_does_nothing(void **state)
{
    (void)state;
    struct tg_exchange exchange = {0};

    tg_exchange_cancel(&exchange);
    tg_exchange_dispose(&exchange);
    assert_int_equal(exchange.phase, TG_PHASE_OVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uses_a_connection_again),
        cmocka_unit_test(a_poisoned_connection_is_not_used_again),
        cmocka_unit_test(a_call_on_a_connection_that_has_ended_goes_to_a_fresh_one),
        cmocka_unit_test(a_lost_call_is_sent_again_when_that_does_no_harm),
        cmocka_unit_test(a_lost_post_is_never_sent_again),
        cmocka_unit_test(a_call_is_sent_again_only_once),
        cmocka_unit_test(a_call_is_not_sent_again_when_an_answer_has_begun),
        cmocka_unit_test(a_call_lost_on_a_fresh_connection_is_not_sent_again),
        cmocka_unit_test(on_done_may_start_the_next_call),
        cmocka_unit_test(on_done_may_free_the_exchange),
        cmocka_unit_test(times_out_waiting_for_the_head),
        cmocka_unit_test(times_out_between_two_reads_of_the_body),
        cmocka_unit_test(times_out_as_a_whole),
        cmocka_unit_test(times_out_when_the_request_is_not_taken),
        cmocka_unit_test(times_out_connecting),
        cmocka_unit_test(times_out_resolving),
        cmocka_unit_test(a_short_phase_after_a_long_one_ends_in_time),
        cmocka_unit_test(a_good_call_leaves_no_timer_but_the_sweep),
        cmocka_unit_test(two_of_one_turn_are_sent_at_its_end),
        cmocka_unit_test(one_that_is_cancelled_before_is_never_sent),
        cmocka_unit_test(a_post_that_was_not_sent_yet_goes_to_a_fresh_connection),
        cmocka_unit_test(what_comes_before_it_is_sent_is_not_its_answer),
        cmocka_unit_test(can_be_cancelled_in_every_phase),
        cmocka_unit_test(can_be_cancelled_in_the_midst_of_a_head),
        cmocka_unit_test(can_be_cancelled_while_a_name_is_resolved),
        cmocka_unit_test(cancelling_one_that_was_never_started_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
