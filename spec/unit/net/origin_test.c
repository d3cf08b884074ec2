#include "net/origin.h"

#include <sys/socket.h>
#include <unistd.h>

#include "net/loop.h"

/* An origin with connections whose other ends the test holds. */
struct pool {
    struct loop loop;
    struct tg_net net;
    struct tg_address address;
    struct tg_backend_config config;
    struct tg_account account;
    struct tg_origin origin;
    struct tg_origin_conn *conns[3];
    int ends[3];
};

static void set_up(struct pool *pool, uint32_t keepalive)
{
    *pool = (struct pool){0};
    loop_init(&pool->loop);
    pool->net = (struct tg_net){.loop = pool->loop.h2o, .timers = &pool->loop.timers};
    pool->config = (struct tg_backend_config){.keepalive = keepalive, .keepalive_ms = 1000};
    tg_origin_init(&pool->origin, &pool->net, &pool->address, &pool->config, &pool->account);
    for (int i = 0; i < 3; i++) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        h2o_socket_t *sock =
            h2o_evloop_socket_create(pool->net.loop, pair[0], H2O_SOCKET_FLAG_DONT_READ);
        pool->conns[i] = tg_origin_adopt(&pool->origin, sock, NULL);
        pool->ends[i] = pair[1];
    }
}

static void tear_down(struct pool *pool)
{
    tg_origin_dispose(&pool->origin);
    for (int i = 0; i < 3; i++)
        close(pool->ends[i]);
    loop_dispose(&pool->loop);
}

static void give_all(struct pool *pool)
{
    for (int i = 0; i < 3; i++)
        tg_origin_give(pool->conns[i]);
}

/* Whether the other end sees that the connection was closed. */
static bool is_closed(const struct pool *pool, int i)
{
    char byte;

    return recv(pool->ends[i], &byte, 1, MSG_PEEK) == 0;
}

static void gives_the_one_used_last(void **state)
{
    (void)state;
    struct pool pool;

    set_up(&pool, 3);
    assert_null(tg_origin_take(&pool.origin, false));
    assert_false(pool.conns[0]->used_before);
    give_all(&pool);
    assert_int_equal(pool.origin.unused_count, 3);
    for (int i = 2; i >= 0; i--) {
        struct tg_origin_conn *conn = tg_origin_take(&pool.origin, false);
        assert_ptr_equal(conn, pool.conns[i]);
        assert_true(conn->used_before);
    }
    assert_null(tg_origin_take(&pool.origin, false));
    give_all(&pool);
    tear_down(&pool);
}

static void closes_the_oldest_beyond_its_limit(void **state)
{
    (void)state;
    struct pool pool;

    set_up(&pool, 2);
    give_all(&pool);
    assert_int_equal(pool.origin.unused_count, 2);
    assert_true(is_closed(&pool, 0));
    assert_false(is_closed(&pool, 1));
    assert_false(is_closed(&pool, 2));
    tear_down(&pool);
}

static void keeps_none_when_the_limit_is_0(void **state)
{
    (void)state;
    struct pool pool;

    set_up(&pool, 0);
    give_all(&pool);
    assert_int_equal(pool.origin.unused_count, 0);
    for (int i = 0; i < 3; i++)
        assert_true(is_closed(&pool, i));
    tear_down(&pool);
}

static void pass_time(struct pool *pool, uint64_t ms)
{
    pool->loop.timers.now_ms += ms;
    tg_timers_run(&pool->loop.timers);
}

static void closes_what_stood_unused_for_too_long(void **state)
{
    (void)state;
    struct pool pool;

    set_up(&pool, 3);
    tg_origin_give(pool.conns[0]);
    pass_time(&pool, 600);
    tg_origin_give(pool.conns[1]);
    tg_origin_give(pool.conns[2]);
    pass_time(&pool, 399);
    assert_int_equal(pool.origin.unused_count, 3);
    pass_time(&pool, 1);
    assert_int_equal(pool.origin.unused_count, 2);
    assert_true(is_closed(&pool, 0));
    tg_origin_give(tg_origin_take(&pool.origin, false));
    pass_time(&pool, 600);
    assert_int_equal(pool.origin.unused_count, 1);
    assert_true(is_closed(&pool, 1));
    pass_time(&pool, 400);
    assert_int_equal(pool.origin.unused_count, 0);
    assert_int_equal(pool.loop.timers.count, 0);
    tear_down(&pool);
}

static void closes_an_unused_one_that_ends_or_speaks(void **state)
{
    (void)state;
    struct pool pool;

    set_up(&pool, 3);
    give_all(&pool);
    shutdown(pool.ends[0], SHUT_WR);
    assert_int_equal(write(pool.ends[1], "x", 1), 1);
    while (pool.origin.unused_count != 1)
        loop_turn(&pool.loop);
    assert_ptr_equal(tg_origin_take(&pool.origin, false), pool.conns[2]);
    tg_origin_give(pool.conns[2]);
    tear_down(&pool);
}

static void a_careful_user_gets_none_that_has_ended(void **state)
{
    (void)state;
    struct pool pool;

    set_up(&pool, 3);
    give_all(&pool);
    shutdown(pool.ends[2], SHUT_WR);
    assert_int_equal(write(pool.ends[1], "x", 1), 1);
    assert_ptr_equal(tg_origin_take(&pool.origin, true), pool.conns[0]);
    assert_int_equal(pool.origin.unused_count, 0);
    tg_origin_give(pool.conns[0]);
    tear_down(&pool);
}

static void keeps_none_that_is_too_old(void **state)
{
    (void)state;
    struct pool pool;

    set_up(&pool, 3);
    pool.config.lifetime_ms = 500;
    give_all(&pool);
    pass_time(&pool, 499);
    tg_origin_give(tg_origin_take(&pool.origin, false));
    assert_int_equal(pool.origin.unused_count, 3);
    struct tg_origin_conn *used = tg_origin_take(&pool.origin, false);
    pass_time(&pool, 1);
    assert_null(tg_origin_take(&pool.origin, false));
    tg_origin_give(used);
    assert_int_equal(pool.origin.unused_count, 0);
    assert_int_equal(tg_account_get(&pool.account.open), 0);
    tear_down(&pool);
}

static int heard;

static void on_readable(struct tg_origin_conn *conn)
{
    char bytes[8];

    assert_int_equal(recv(conn->fd, bytes, sizeof(bytes), 0), 3);
    heard++;
}

static void a_user_hears_of_what_comes(void **state)
{
    (void)state;
    struct pool pool;

    set_up(&pool, 3);
    heard = 0;
    pool.conns[0]->on_readable = on_readable;
    assert_int_equal(write(pool.ends[0], "abc", 3), 3);
    while (heard == 0)
        loop_turn(&pool.loop);
    give_all(&pool);
    assert_null(pool.conns[0]->on_readable);
    tear_down(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_one_used_last),
        cmocka_unit_test(closes_the_oldest_beyond_its_limit),
        cmocka_unit_test(keeps_none_when_the_limit_is_0),
        cmocka_unit_test(closes_what_stood_unused_for_too_long),
        cmocka_unit_test(keeps_none_that_is_too_old),
        cmocka_unit_test(closes_an_unused_one_that_ends_or_speaks),
        cmocka_unit_test(a_careful_user_gets_none_that_has_ended),
        cmocka_unit_test(a_user_hears_of_what_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
