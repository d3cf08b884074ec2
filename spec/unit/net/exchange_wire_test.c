#include "net/exchange_wire.h"

#include "net/peer.h"
#include "net/stage.h"

#define OK_RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* A stage whose one backend plays the script. */
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

static void finish_call(struct call *call)
{
    tg_exchange_dispose(&call->exchange);
    tg_exchange_dispose(&call->exchange);
}

static void expect_body(const char *method, const char *const *script, int status, const char *body,
                        size_t kept)
{
    struct stage stage;
    struct peer peer;
    struct call call = make_call(method, "/");

    set_up(&stage, &peer, script);
    run_call(&stage, &call);
    assert_got(&call, status, body);
    assert_int_equal(unused_conns(&stage), kept);
    finish_call(&call);
    tear_down(&stage, &peer);
}

static void expect_error(const char *const *script, const char *code, const char *message)
{
    struct stage stage;
    struct peer peer;
    struct call call = make_call("GET", "/");

    set_up(&stage, &peer, script);
    run_call(&stage, &call);
    assert_failed(&call, code);
    assert_string_equal(call.exchange.error.message, message);
    assert_int_equal(unused_conns(&stage), 0);
    finish_call(&call);
    tear_down(&stage, &peer);
}

#define SCRIPT(...) ((const char *const[]){HEAR, __VA_ARGS__, STAY, NULL})
#define CUT(...) ((const char *const[]){HEAR, __VA_ARGS__, NULL})

static void gets_a_response_with_its_fields(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct call call = make_call("GET", "/items?a=1");
    const struct tg_field field = {IOVEC("Accept"), IOVEC("text/xml")};

    set_up(&stage, &peer,
           SCRIPT("HTTP/1.1 201 Created\r\nX-One: 1 \r\nset-cookie: a\r\nSet-Cookie: b\r\n"
                  "Content-Length: 2\r\n\r\nok"));
    call.call.fields = &field;
    call.call.field_count = 1;
    run_call(&stage, &call);
    assert_got(&call, 201, "ok");
    assert_false(call.exchange.reused);
    assert_int_equal(call.exchange.field_count, 4);
    const struct tg_field *first = &call.exchange.fields[0];
    assert_true(h2o_memis(first->name.base, first->name.len, H2O_STRLIT("X-One")));
    assert_true(h2o_memis(first->value.base, first->value.len, H2O_STRLIT("1")));
    const struct tg_field *third = &call.exchange.fields[2];
    assert_true(h2o_memis(third->value.base, third->value.len, H2O_STRLIT("b")));
    finish_call(&call);

    char want[400];
    snprintf(want, sizeof(want), "GET /items?a=1 HTTP/1.1\r\nHost: %s\r\nAccept: text/xml\r\n\r\n",
             stage.addresses[0].authority);
    stage_dispose(&stage);
    peer_end(&peer);
    assert_string_equal(peer.heard.base, want);
    peer_dispose(&peer);
}

static void frames_the_body(void **state)
{
    (void)state;
    static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    expect_body("GET", SCRIPT(OK_RESPONSE), 200, "ok", 1);
    expect_body("GET", SCRIPT(chunked, "2\r\nok\r\n", "1\r\n!\r\n0\r\n\r\n"), 200, "ok!", 1);
    expect_body("GET", CUT("HTTP/1.1 200 OK\r\n\r\n", "to the end"), 200, "to the end", 0);
    expect_body("HEAD", SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"), 200, "", 1);
    expect_body("GET", SCRIPT("HTTP/1.1 204 No Content\r\n\r\n"), 204, "", 1);
    expect_body("GET", SCRIPT("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"), 304, "",
                1);
    expect_body("GET", SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), 200, "", 1);
}

static void passes_over_interim_responses(void **state)
{
    (void)state;
    expect_body("GET",
                SCRIPT("HTTP/1.1 100 Continue\r\n\r\n",
                       "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", OK_RESPONSE),
                200, "ok", 1);
}

/* Pieces that arrive one by one: the client hears each before the next is sent. */
static void takes_a_response_in_pieces(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct call call = make_call("GET", "/");

    set_up(&stage, &peer,
           SCRIPT("HTTP/1.1 100 Con", WAIT, "tinue\r\n\r\nHTT", WAIT,
                  "P/1.1 200 OK\r\nContent-Length: 11\r\n\r", WAIT, "\nhello", WAIT, " world"));
    start_call(&stage, &call);
    for (int i = 0; i < 3; i++) {
        size_t known = call.exchange.partial.len;
        while (call.exchange.partial.len == known)
            loop_turn(&stage.loop);
        peer_go(&peer);
    }
    while (call.exchange.phase != TG_PHASE_BODY)
        loop_turn(&stage.loop);
    assert_int_equal(call.exchange.content.len, 5);
    peer_go(&peer);
    loop_until(&stage.loop, &call.done);
    assert_got(&call, 200, "hello world");
    assert_int_equal(unused_conns(&stage), 1);
    finish_call(&call);
    tear_down(&stage, &peer);
}

static void keeps_no_connection_that_may_be_poisoned_or_closed(void **state)
{
    (void)state;
    expect_body("GET", SCRIPT(OK_RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"), 200,
                "ok", 0);
    expect_body("GET", SCRIPT("HTTP/1.1 204 No Content\r\n\r\nevil"), 204, "", 0);
    expect_body("GET", SCRIPT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nevil"),
                200, "", 0);
    expect_body("GET",
                SCRIPT("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"), 200,
                "ok", 0);
    expect_body("GET", SCRIPT("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), 200, "ok", 0);
    expect_body("GET",
                SCRIPT("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"),
                200, "ok", 1);
}

/* What is too much comes with the rest of the body, when its head was read before. */
static void sees_what_follows_the_rest_of_a_body(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct call call = make_call("GET", "/");

    set_up(&stage, &peer,
           SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", WAIT, "lloevil"));
    start_call(&stage, &call);
    while (call.exchange.phase != TG_PHASE_BODY)
        loop_turn(&stage.loop);
    peer_go(&peer);
    loop_until(&stage.loop, &call.done);
    assert_got(&call, 200, "hello");
    assert_int_equal(unused_conns(&stage), 0);
    finish_call(&call);
    tear_down(&stage, &peer);
}

static void refuses_framing_that_can_be_read_in_two_ways(void **state)
{
    (void)state;
    expect_error(SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 10\r\n\r\nabc"),
                 "protocol", "the response has Content-Length twice");
    expect_error(
        SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
        "protocol", "the response has both Content-Length and Transfer-Encoding");
    expect_error(SCRIPT("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), "protocol",
                 "the response has a Transfer-Encoding other than chunked");
    expect_error(SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello"), "protocol",
                 "the response's Content-Length is not a number");
    expect_error(SCRIPT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n"),
                 "protocol", "the chunked body of the response is malformed");
}

static void refuses_malformed_heads(void **state)
{
    (void)state;
    expect_error(SCRIPT("SSH-2.0-OpenSSH_9\r\n"), "protocol",
                 "the response does not begin with an HTTP/1 status line");
    expect_error(SCRIPT("HTTP/1.1 200 OK\r\nA: 1\r\n folded\r\n\r\n"), "protocol",
                 "the response has a folded header field");
    expect_error(SCRIPT("HTTP/1.1 200 OK\r\nA: 1\0012\r\n\r\n"), "protocol",
                 "the response has a malformed header field");
    expect_error(SCRIPT("HTTP/1.1 101 Switching Protocols\r\n\r\n"), "protocol",
                 "the backend switched protocols unasked");
}

static void reports_a_response_cut_short(void **state)
{
    (void)state;
    static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char last[] = "body cut short: the last chunk is missing";

    expect_error(CUT("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nup"), "protocol",
                 "body cut short: fewer bytes came than Content-Length says");
    expect_error(CUT(chunked), "protocol", last);
    expect_error(CUT(chunked, "2\r\nok\r\n"), "protocol", last);
    expect_error(CUT(chunked, "2\r\no"), "protocol", last);
    expect_error(CUT("HTTP/1.1 200 OK\r\nContent-"), "protocol",
                 "the head of the response is cut short");
    expect_error((const char *const[]){HEAR, NULL}, "reset",
                 "the backend closed the connection without a response");
}

/* The reset comes when the client has read what went before it: a reset drops what is unread. */
static void reports_a_reset(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct call call = make_call("GET", "/");

    set_up(&stage, &peer,
           (const char *const[]){HEAR, "HTTP/1.1 200 OK\r\n\r\nup to here", WAIT, RESET, HEAR,
                                 RESET, STAY, NULL});
    start_call(&stage, &call);
    while (call.exchange.phase != TG_PHASE_BODY)
        loop_turn(&stage.loop);
    peer_go(&peer);
    loop_until(&stage.loop, &call.done);
    assert_failed(&call, "protocol");
    assert_string_equal(call.exchange.error.message, "body cut short: the connection was reset");

    run_call(&stage, &call);
    assert_failed(&call, "reset");
    assert_string_equal(call.exchange.error.message, "the backend reset the connection");

    start_call(&stage, &call); /* lets the script accept its last connection, and end */
    while (call.exchange.phase == TG_PHASE_CONNECT)
        loop_turn(&stage.loop);
    tg_exchange_cancel(&call.exchange);
    tear_down(&stage, &peer);
}

static void a_body_may_be_as_long_as_the_limit(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhello",
    };

    for (size_t i = 0; i < 3; i++) {
        struct stage stage;
        struct peer peer;
        struct call call = make_call("GET", "/");

        set_up(&stage, &peer, (const char *const[]){HEAR, bodies[i], NEXT, HEAR, bodies[i], NULL});
        call.call.limit = 5;
        run_call(&stage, &call);
        assert_got(&call, 200, "hello");
        finish_call(&call);
        peer_closed(&peer);
        while (unused_conns(&stage) != 0)
            loop_turn(&stage.loop);
        call.call.limit = 0;
        stage.config.limit = 4;
        run_call(&stage, &call);
        assert_failed(&call, "body_too_large");
        finish_call(&call);
        tear_down(&stage, &peer);
    }
}

static void refuses_a_long_body_at_its_head(void **state)
{
    (void)state;
    expect_error(SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n"), "body_too_large",
                 "the body of the response is longer than the limit");
}

static void a_head_has_limits(void **state)
{
    (void)state;
    char fields[129 * 9 + 3] = "";
    struct stage stage;
    struct peer peer;
    struct call call = make_call("GET", "/");

    for (int i = 0; i < 129; i++)
        strcat(fields, "f: 1234\r\n");
    strcat(fields, "\r\n");
    expect_error(SCRIPT("HTTP/1.1 200 OK\r\n", fields), "protocol",
                 "the response has too many header fields");

    set_up(&stage, &peer, SCRIPT("HTTP/1.1 204 No\r\nA: 1\r\n\r\n"));
    stage.config.head_limit = strlen("HTTP/1.1 204 No\r\nA: 1\r\n\r\n") - 1;
    run_call(&stage, &call);
    assert_failed(&call, "protocol");
    assert_string_equal(call.exchange.error.message,
                        "the head of the response is longer than the limit");
    tear_down(&stage, &peer);
}

static void reads_a_large_body(void **state)
{
    (void)state;
    enum { LEN = 1 << 20 };
    char *body = malloc(LEN + 1), *chunks = malloc(2 * LEN);
    struct stage stage;
    struct peer peer;
    struct call call = make_call("GET", "/");

    for (size_t i = 0; i < LEN; i++)
        body[i] = (char)('a' + i % 23);
    body[LEN] = '\0';
    size_t len = 0;
    for (size_t at = 0; at < LEN; at += 8192)
        len += (size_t)sprintf(chunks + len, "2000\r\n%.8192s\r\n", body + at);
    strcpy(chunks + len, "0\r\n\r\n");
    set_up(&stage, &peer,
           SCRIPT("HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n", body, HEAR,
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunks));
    for (int i = 0; i < 2; i++) {
        run_call(&stage, &call);
        assert_got(&call, 200, body);
        assert_int_equal(call.exchange.reused, i == 1);
        assert_int_equal(unused_conns(&stage), 1);
        finish_call(&call);
    }
    tear_down(&stage, &peer);
    free(body);
    free(chunks);
}

static void sends_a_large_body(void **state)
{
    (void)state;
    enum { LEN = 16 << 20 };
    struct stage stage;
    struct peer peer;
    struct call call = make_call("POST", "/up");

    call.call.body = h2o_iovec_init(malloc(LEN), LEN);
    for (size_t i = 0; i < LEN; i++)
        call.call.body.base[i] = (char)('a' + i % 23);
    call.call.has_body = true;
    set_up(&stage, &peer, (const char *const[]){WAIT, HEAR, OK_RESPONSE, STAY, NULL});
    start_call(&stage, &call);
    while (call.exchange.phase != TG_PHASE_SEND)
        loop_turn(&stage.loop);
    peer_go(&peer);
    loop_until(&stage.loop, &call.done);
    assert_got(&call, 200, "ok");
    assert_int_equal(unused_conns(&stage), 1);
    finish_call(&call);
    stage_dispose(&stage);
    peer_end(&peer);
    const char *sent = strstr(peer.heard.base, "\r\n\r\n") + 4;
    assert_int_equal(peer.heard.base + peer.heard.len - 1 - sent, LEN);
    assert_memory_equal(sent, call.call.body.base, LEN);
    free(call.call.body.base);
    peer_dispose(&peer);
}

static void takes_an_answer_given_before_all_is_sent(void **state)
{
    (void)state;
    enum { LEN = 16 << 20 };
    struct stage stage;
    struct peer peer;
    struct call call = make_call("POST", "/up");

    call.call.body = h2o_iovec_init(calloc(1, LEN), LEN);
    call.call.has_body = true;
    set_up(&stage, &peer,
           (const char *const[]){
               SOME, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig", WAIT, NULL});
    run_call(&stage, &call);
    assert_got(&call, 413, "big");
    assert_int_equal(unused_conns(&stage), 0);
    finish_call(&call);
    peer_go(&peer);
    tear_down(&stage, &peer);
    free(call.call.body.base);
}

static void refuses_a_call_that_is_no_request(void **state)
{
    (void)state;
    struct stage stage;
    struct call call = make_call("GET", "/a b");

    stage_init(&stage, (const char *const[]){"http://127.0.0.1:1"}, 1);
    start_call(&stage, &call);
    assert_true(call.done);
    assert_failed(&call, "request");
    stage_dispose(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gets_a_response_with_its_fields),
        cmocka_unit_test(frames_the_body),
        cmocka_unit_test(passes_over_interim_responses),
        cmocka_unit_test(takes_a_response_in_pieces),
        cmocka_unit_test(keeps_no_connection_that_may_be_poisoned_or_closed),
        cmocka_unit_test(sees_what_follows_the_rest_of_a_body),
        cmocka_unit_test(refuses_framing_that_can_be_read_in_two_ways),
        cmocka_unit_test(refuses_malformed_heads),
        cmocka_unit_test(reports_a_response_cut_short),
        cmocka_unit_test(reports_a_reset),
        cmocka_unit_test(a_body_may_be_as_long_as_the_limit),
        cmocka_unit_test(refuses_a_long_body_at_its_head),
        cmocka_unit_test(a_head_has_limits),
        cmocka_unit_test(reads_a_large_body),
        cmocka_unit_test(sends_a_large_body),
        cmocka_unit_test(takes_an_answer_given_before_all_is_sent),
        cmocka_unit_test(refuses_a_call_that_is_no_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
