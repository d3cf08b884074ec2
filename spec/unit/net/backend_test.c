#include "net/backend.h"

#include "net/peer.h"
#include "net/stage.h"

#define OK_RESPONSE(body) "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" body

static void expect(struct stage *stage, const char *body, bool reused)
{
    struct call call = make_call("GET", "/");

    run_call(stage, &call);
    assert_got(&call, 200, body);
    assert_int_equal(call.exchange.reused, reused);
    tg_exchange_dispose(&call.exchange);
}

static void calls_go_to_the_addresses_in_turn(void **state)
{
    (void)state;
    struct stage stage;
    struct peer a, b;

    peer_start(&a,
               (const char *const[]){HEAR, OK_RESPONSE("a"), HEAR, OK_RESPONSE("a"), STAY, NULL});
    peer_start(&b,
               (const char *const[]){HEAR, OK_RESPONSE("b"), HEAR, OK_RESPONSE("b"), STAY, NULL});
    stage_init(&stage, (const char *const[]){a.address, b.address}, 2);
    expect(&stage, "a", false);
    expect(&stage, "b", false);
    expect(&stage, "a", true);
    expect(&stage, "b", true);
    assert_int_equal(unused_conns(&stage), 2);
    stage_dispose(&stage);
    peer_end(&a);
    peer_end(&b);
    peer_dispose(&a);
    peer_dispose(&b);
}

/* Addresses at which nobody listens any more. */
static void closed_address(char *address, size_t size)
{
    int listener = peer_listen_v4();

    snprintf(address, size, "http://127.0.0.1:%d", peer_port(listener));
    close(listener);
}

static void an_address_that_refuses_is_passed_over(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    char closed[2][64];

    closed_address(closed[0], sizeof(closed[0]));
    closed_address(closed[1], sizeof(closed[1]));
    peer_start(&peer, (const char *const[]){HEAR, OK_RESPONSE("a"), HEAR, OK_RESPONSE("a"), HEAR,
                                            OK_RESPONSE("a"), STAY, NULL});
    stage_init(&stage, (const char *const[]){closed[0], closed[1], peer.address}, 3);
    expect(&stage, "a", false);
    expect(&stage, "a", true);
    expect(&stage, "a", true);
    stage_dispose(&stage);
    peer_end(&peer);
    peer_dispose(&peer);
}

static void each_address_is_tried_once(void **state)
{
    (void)state;
    struct stage stage;
    struct call call = make_call("GET", "/");
    char closed[2][64];

    closed_address(closed[0], sizeof(closed[0]));
    closed_address(closed[1], sizeof(closed[1]));
    stage_init(&stage, (const char *const[]){closed[0], "http://nowhere.invalid", closed[1]}, 3);
    run_call(&stage, &call);
    assert_failed(&call, "refused");
    assert_int_equal(call.exchange.choice.tried, 7);
    stage_dispose(&stage);
}

static void an_address_that_times_out_connecting_is_passed_over(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct sockaddr_in name;
    socklen_t len = sizeof(name);
    int fillers[2], listener = peer_listen_v4();
    char full[64];

    assert_int_equal(listen(listener, 0), 0);
    snprintf(full, sizeof(full), "http://127.0.0.1:%d", peer_port(listener));
    assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &len), 0);
    for (int i = 0; i < 2; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fillers[i], (struct sockaddr *)&name, len);
    }
    peer_start(&peer, (const char *const[]){HEAR, OK_RESPONSE("a"), STAY, NULL});
    stage_init(&stage, (const char *const[]){full, peer.address}, 2);
    stage.config.connect_timeout_ms = 30;
    expect(&stage, "a", false);
    stage_dispose(&stage);
    peer_end(&peer);
    peer_dispose(&peer);
    close(fillers[0]);
    close(fillers[1]);
    close(listener);
}

/* A failure behind the connect is not the address's: the request may have been heard. */
static void a_lost_call_does_not_go_to_another_address(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct call call = make_call("GET", "/");
    char closed[64];

    closed_address(closed, sizeof(closed));
    peer_start(&peer, (const char *const[]){HEAR, NULL});
    stage_init(&stage, (const char *const[]){peer.address, closed}, 2);
    run_call(&stage, &call);
    assert_failed(&call, "reset");
    stage_dispose(&stage);
    peer_end(&peer);
    peer_dispose(&peer);
}

/* Lets a script go on that waits for a connection. */
static void expect_reset_of_fresh(struct stage *stage)
{
    struct call call = make_call("GET", "/");

    run_call(stage, &call);
    assert_failed(&call, "reset");
    assert_false(call.exchange.reused);
}

/* The first address ends while its connection stands unused; the second loses the call that
 * comes there instead, on a connection used before. That call has had its second chance. */
static void a_call_is_sent_again_once_over_all_addresses(void **state)
{
    (void)state;
    struct stage stage;
    struct peer a, b;
    struct call call = make_call("GET", "/");

    peer_start(&a, (const char *const[]){HEAR, OK_RESPONSE("a"), HEAR, NULL});
    peer_start(&b, (const char *const[]){HEAR, OK_RESPONSE("b"), HEAR, NEXT, HEAR, NULL});
    stage_init(&stage, (const char *const[]){a.address, b.address}, 2);
    expect(&stage, "a", false);
    expect(&stage, "b", false);
    run_call(&stage, &call);
    assert_failed(&call, "reset");
    assert_int_equal(call.exchange.choice.tried, 3);
    assert_true(call.exchange.reused);

    expect_reset_of_fresh(&stage);
    stage_dispose(&stage);
    peer_end(&a);
    peer_end(&b);
    peer_dispose(&a);
    peer_dispose(&b);
}

static void calls_by_name_and_base_path(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    char address[64];

    peer_start(&peer, (const char *const[]){HEAR, OK_RESPONSE("a"), STAY, NULL});
    snprintf(address, sizeof(address), "http://localhost%s/base/", strrchr(peer.address, ':'));
    stage_init(&stage, (const char *const[]){address}, 1);
    expect(&stage, "a", false);
    char want[160];
    snprintf(want, sizeof(want), "GET /base/ HTTP/1.1\r\nHost: localhost%s\r\n\r\n",
             strrchr(peer.address, ':'));
    stage_dispose(&stage);
    peer_end(&peer);
    assert_string_equal(peer.heard.base, want);
    peer_dispose(&peer);
}

static void shows_its_config(void **state)
{
    (void)state;
    struct stage stage;

    stage_init(&stage, (const char *const[]){"http://127.0.0.1:1"}, 1);
    assert_ptr_equal(tg_backend_config(stage.backend), &stage.config);
    stage_dispose(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_go_to_the_addresses_in_turn),
        cmocka_unit_test(an_address_that_refuses_is_passed_over),
        cmocka_unit_test(each_address_is_tried_once),
        cmocka_unit_test(an_address_that_times_out_connecting_is_passed_over),
        cmocka_unit_test(a_lost_call_does_not_go_to_another_address),
        cmocka_unit_test(a_call_is_sent_again_once_over_all_addresses),
        cmocka_unit_test(calls_by_name_and_base_path),
        cmocka_unit_test(shows_its_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
