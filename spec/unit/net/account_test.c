#include "net/account.h"

#include "net/peer.h"
#include "net/stage.h"

#define OK_RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void classes_have_upper_ends(void **state)
{
    (void)state;
    static const struct {
        uint64_t took_ms;
        size_t place;
    } cases[] = {{0, 0}, {1, 0}, {2, 1}, {3, 2}, {5, 2}, {6, 3}, {10000, 12}, {10001, 13}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tg_account account = {0};
        tg_account_end(&account, NULL, cases[i].took_ms);
        assert_int_equal(tg_account_get(&account.times[cases[i].place]), 1);
        assert_int_equal(tg_account_get(&account.time_max_ms), cases[i].took_ms);
    }
}

static void errors_are_counted_by_code(void **state)
{
    (void)state;
    static const char *const codes[] = TG_ACCOUNT_CODES;
    struct tg_account account = {0};

    for (size_t i = 0; i < TG_ACCOUNT_CODE_COUNT; i++) {
        tg_account_end(&account, codes[i], 5);
        assert_int_equal(tg_account_get(&account.errors[i]), 1);
    }
    tg_account_end(&account, "a new one", 5);
    assert_int_equal(tg_account_get(&account.errors[TG_ACCOUNT_CODE_COUNT - 1]), 2);
    assert_int_equal(tg_account_get(&account.time_sum_ms), 0);
}

static void sums_the_threads(void **state)
{
    (void)state;
    struct stage stage;
    struct tg_address_sum sum;
    struct tg_backend_sum whole;

    stage_init(&stage, (const char *const[]){"http://127.0.0.1:9"}, 1);
    struct tg_backend *other = tg_backend_create(&stage.net, &stage.config);
    tg_account_end(&stage.backend->accounts->addresses[0], NULL, 7);
    tg_account_end(&other->accounts->addresses[0], NULL, 30);
    tg_account_add(&other->accounts->retries, 2);
    tg_account_address(&stage.config, 0, &sum);
    tg_account_backend(&stage.config, &whole);
    assert_int_equal(sum.answered, 2);
    assert_int_equal(sum.time_sum_ms, 37);
    assert_int_equal(sum.time_max_ms, 30);
    assert_int_equal(whole.retries, 2);
    assert_false(sum.left_out);
    tg_backend_destroy(other);
    stage_dispose(&stage);
}

/* Two calls and one slot: the second waits. Then the peer goes, and a third one is lost. */
static void counts_what_calls_do(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct tg_address_sum sum;
    struct tg_backend_sum whole;
    struct call calls[3] = {make_call("GET", "/"), make_call("GET", "/"), make_call("GET", "/")};

    peer_start(&peer,
               (const char *const[]){HEAR, WAIT, OK_RESPONSE, HEAR, OK_RESPONSE, STAY, NULL});
    stage_init(&stage, (const char *const[]){peer.address}, 1);
    stage.config.connections = 1;
    stage.config.queue = 1;
    stage.config.eject = (struct tg_eject){.failures = 1, .time_ms = 60000, .most_ms = 60000};
    start_call(&stage, &calls[0]);
    start_call(&stage, &calls[1]);
    start_call(&stage, &calls[2]);
    assert_failed(&calls[2], "busy");
    while (calls[0].exchange.phase != TG_PHASE_HEAD)
        loop_turn(&stage.loop);
    tg_account_address(&stage.config, 0, &sum);
    tg_account_backend(&stage.config, &whole);
    assert_int_equal(sum.open, 1);
    assert_int_equal(sum.unused, 0);
    assert_int_equal(sum.under_way, 1);
    assert_int_equal(sum.requests, 1);
    assert_int_equal(whole.queued, 1);
    assert_int_equal(whole.turned_away, 1);

    peer_go(&peer);
    loop_until(&stage.loop, &calls[0].done);
    loop_until(&stage.loop, &calls[1].done);
    assert_got(&calls[1], 200, "ok");
    for (int i = 0; i < 2; i++)
        tg_exchange_dispose(&calls[i].exchange);
    tg_account_address(&stage.config, 0, &sum);
    tg_account_backend(&stage.config, &whole);
    assert_int_equal(sum.open, 1);
    assert_int_equal(sum.unused, 1);
    assert_int_equal(sum.under_way, 0);
    assert_int_equal(sum.requests, 2);
    assert_int_equal(sum.answered, 2);
    assert_int_equal(whole.queued, 0);

    while (tg_origin_drop_oldest(&stage.backend->origins[0]))
        ;
    peer_end(&peer);
    run_call(&stage, &calls[2]);
    assert_failed(&calls[2], "refused");
    run_call(&stage, &calls[2]);
    assert_failed(&calls[2], "busy");
    tg_account_address(&stage.config, 0, &sum);
    assert_int_equal(sum.open, 0);
    assert_int_equal(sum.errors[0], 1);
    assert_int_equal(sum.ejections, 1);
    assert_true(sum.left_out);
    peer_dispose(&peer);
    stage_dispose(&stage);
}

/* One is cancelled in the queue, one runs out of time there, the last one gets the connection. */
static void calls_leave_the_queue(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct tg_backend_sum whole;
    struct call calls[4];

    peer_start(&peer,
               (const char *const[]){HEAR, WAIT, OK_RESPONSE, HEAR, OK_RESPONSE, STAY, NULL});
    stage_init(&stage, (const char *const[]){peer.address}, 1);
    stage.config.connections = 1;
    stage.config.queue = 3;
    for (int i = 0; i < 4; i++) {
        calls[i] = make_call("POST", "/");
        stage.config.queue_timeout_ms = i == 2 ? 20 : 20000;
        start_call(&stage, &calls[i]);
    }
    tg_exchange_cancel(&calls[1].exchange);
    tg_account_backend(&stage.config, &whole);
    assert_int_equal(whole.queued, 2);
    loop_until(&stage.loop, &calls[2].done);
    assert_failed(&calls[2], "busy");
    peer_go(&peer);
    loop_until(&stage.loop, &calls[0].done);
    loop_until(&stage.loop, &calls[3].done);
    assert_got(&calls[3], 200, "ok");
    assert_false(calls[1].done);
    tg_exchange_dispose(&calls[0].exchange);
    tg_exchange_dispose(&calls[3].exchange);
    assert_int_equal(stage.backend->calls, 0);
    assert_int_equal(stage.backend->waiting_count, 0);
    stage_dispose(&stage);
    peer_end(&peer);
    peer_dispose(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_have_upper_ends), cmocka_unit_test(errors_are_counted_by_code),
        cmocka_unit_test(sums_the_threads),        cmocka_unit_test(counts_what_calls_do),
        cmocka_unit_test(calls_leave_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
