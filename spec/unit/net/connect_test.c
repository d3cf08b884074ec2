#include "net/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>

#include "net/dialer.h"
#include "net/peer.h"
#include "net/stage.h"

struct attempt {
    struct tg_connect connect;
    bool done;
    struct tg_origin_conn *conn;
    struct tg_error error;
};

static void on_connect(struct tg_connect *connect, struct tg_origin_conn *conn,
                       struct tg_error error)
{
    struct attempt *attempt = H2O_STRUCT_FROM_MEMBER(struct attempt, connect, connect);

    attempt->done = true;
    attempt->conn = conn;
    attempt->error = error;
}

static void start(struct stage *stage, struct attempt *attempt)
{
    *attempt = (struct attempt){0};
    tg_connect_start(&attempt->connect, &stage->backend->origins[0], NULL, on_connect);
}

static void run(struct stage *stage, struct attempt *attempt)
{
    start(stage, attempt);
    loop_until(&stage->loop, &attempt->done);
}

static void expect_failure(const char *address, const char *code)
{
    struct stage stage;
    struct attempt attempt;

    stage_init(&stage, &address, 1);
    run(&stage, &attempt);
    assert_null(attempt.conn);
    assert_string_equal(attempt.error.code, code);
    stage_dispose(&stage);
}

/* An address of this machine at which nobody listens any more. */
static void closed_address(char *address, size_t size)
{
    int listener = peer_listen_v4();

    snprintf(address, size, "http://127.0.0.1:%d", peer_port(listener));
    close(listener);
}

static void says_why_it_fails(void **state)
{
    (void)state;
    char address[64];

    closed_address(address, sizeof(address));
    expect_failure(address, "refused");
    expect_failure("unix:/nowhere/at/all.sock", "refused");
    expect_failure("http://255.255.255.255:80", "unreachable");
}

static void connects_without_delay_of_small_writes(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct attempt attempt;
    int on = 0;
    socklen_t len = sizeof(on);

    peer_start(&peer, (const char *const[]){STAY, NULL});
    stage_init(&stage, (const char *const[]){peer.address}, 1);
    run(&stage, &attempt);
    assert_null(attempt.error.code);
    assert_int_equal(getsockopt(attempt.conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_true(on);
    tg_origin_close(attempt.conn);
    peer_end(&peer);
    peer_dispose(&peer);
    stage_dispose(&stage);
}

static void connects_to_a_unix_socket(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct attempt attempt;
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/tidegate-connect-%d.sock", getpid());
    unlink(address.sun_path);
    int listener = peer_listen((struct sockaddr *)&address, sizeof(address));
    peer_start_on(&peer, listener, (const char *const[]){STAY, NULL});
    snprintf(peer.address, sizeof(peer.address), "unix:%s", address.sun_path);
    stage_init(&stage, (const char *const[]){peer.address}, 1);
    run(&stage, &attempt);
    assert_null(attempt.error.code);
    tg_origin_close(attempt.conn);
    peer_end(&peer);
    peer_dispose(&peer);
    stage_dispose(&stage);
    unlink(address.sun_path);
}

static void connects_to_ipv6(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct attempt attempt;
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    int probe = socket(AF_INET6, SOCK_STREAM, 0);

    if (probe < 0 || bind(probe, (struct sockaddr *)&address, sizeof(address)) != 0)
        skip(); /* this machine has no IPv6 */
    close(probe);
    int listener = peer_listen((struct sockaddr *)&address, sizeof(address));
    peer_start_on(&peer, listener, (const char *const[]){STAY, NULL});
    snprintf(peer.address, sizeof(peer.address), "http://[::1]:%d", peer_port(listener));
    stage_init(&stage, (const char *const[]){peer.address}, 1);
    run(&stage, &attempt);
    assert_null(attempt.error.code);
    tg_origin_close(attempt.conn);
    peer_end(&peer);
    peer_dispose(&peer);
    stage_dispose(&stage);
}

static struct tg_error two_addresses(const char *host, struct tg_addresses *found)
{
    if (strcmp(host, "both") != 0)
        return (struct tg_error){"dns", "not known"};
    found->count = 2;
    for (size_t i = 0; i < 2; i++) {
        found->list[i].v4 = (struct sockaddr_in){.sin_family = AF_INET};
        found->list[i].v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 - (uint32_t)i);
    }
    return TG_OK;
}

static const struct tg_resolver_options two = {.lookup = two_addresses};

/* The peer listens at 127.0.0.1; at 127.0.0.2, which comes first, nobody does. */
static void tries_the_addresses_of_a_name_in_turn(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct attempt attempt;
    char address[64];

    peer_start(&peer, (const char *const[]){STAY, NULL});
    snprintf(address, sizeof(address), "http://both%s", strrchr(peer.address, ':'));
    stage_init_with(&stage, (const char *const[]){address}, 1, &two);
    start(&stage, &attempt);
    assert_string_equal(tg_connect_waits_for(&attempt.connect),
                        "the name was not resolved within the connect timeout");
    loop_until(&stage.loop, &attempt.done);
    assert_null(attempt.error.code);
    assert_int_equal(attempt.connect.tried, 2);
    tg_origin_close(attempt.conn);
    peer_end(&peer);
    peer_dispose(&peer);
    stage_dispose(&stage);
}

static void fails_when_all_addresses_of_a_name_fail(void **state)
{
    (void)state;
    struct stage stage;
    struct attempt attempt;
    char closed[64], address[64];

    closed_address(closed, sizeof(closed));
    snprintf(address, sizeof(address), "http://both%s", strrchr(closed, ':'));
    stage_init_with(&stage, (const char *const[]){address}, 1, &two);
    run(&stage, &attempt);
    assert_string_equal(attempt.error.code, "refused");
    assert_int_equal(attempt.connect.tried, 2);
    stage_dispose(&stage);
}

/* A listener whose queue is full: who connects to it hears nothing. */
struct silent {
    int listener, fillers[3];
};

static void silence(struct silent *silent, uint32_t ip, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = port};

    address.sin_addr.s_addr = htonl(ip);
    silent->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(silent->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(silent->listener, 0), 0);
    for (int i = 0; i < 3; i++) {
        silent->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(silent->fillers[i], (struct sockaddr *)&address, sizeof(address));
    }
}

static void unsilence(struct silent *silent)
{
    for (int i = 0; i < 3; i++)
        close(silent->fillers[i]);
    close(silent->listener);
}

/* 127.0.0.2, which comes first, is silent; the peer at 127.0.0.1 has the same port. Next time the
 * order is the other way round. */
static void the_next_address_begins_when_the_first_is_slow(void **state)
{
    (void)state;
    struct stage stage;
    struct peer peer;
    struct attempt attempt;
    struct silent silent;
    char address[64];

    peer_start(&peer, (const char *const[]){STAY, NEXT, STAY, NULL});
    silence(&silent, INADDR_LOOPBACK + 1, htons((uint16_t)peer_port(peer.listener)));
    snprintf(address, sizeof(address), "http://both%s", strrchr(peer.address, ':'));
    stage_init_with(&stage, (const char *const[]){address}, 1, &two);
    tg_timers_refresh(&stage.loop.timers);
    uint64_t begun_ms = stage.loop.timers.now_ms;
    run(&stage, &attempt);
    assert_null(attempt.error.code);
    assert_int_equal(attempt.connect.tried, 2);
    assert_true(stage.loop.timers.now_ms - begun_ms >= TG_CONNECT_DELAY_MS);
    assert_null(attempt.connect.tries[0].sock);
    tg_origin_close(attempt.conn);

    tg_order_failed(&stage.backend->origins[0].failures, &attempt.connect.found.list[0],
                    tg_timers_now(&stage.loop.timers));
    run(&stage, &attempt);
    assert_null(attempt.error.code);
    assert_int_equal(attempt.connect.tried, 1);
    tg_origin_close(attempt.conn);
    peer_end(&peer);
    peer_dispose(&peer);
    unsilence(&silent);
    stage_dispose(&stage);
}

static void can_be_cancelled_while_two_addresses_race(void **state)
{
    (void)state;
    struct stage stage;
    struct attempt attempt;
    struct silent silent[2];
    char address[64];

    silence(&silent[0], INADDR_LOOPBACK, 0);
    int port = peer_port(silent[0].listener);
    silence(&silent[1], INADDR_LOOPBACK + 1, htons((uint16_t)port));
    for (int i = 0; i < 3; i++) /* its first port was not known yet */
        close(silent[0].fillers[i]);
    close(silent[0].listener);
    silence(&silent[0], INADDR_LOOPBACK, htons((uint16_t)port));
    snprintf(address, sizeof(address), "http://both:%d", port);
    stage_init_with(&stage, (const char *const[]){address}, 1, &two);
    start(&stage, &attempt);
    while (attempt.connect.open != 2)
        loop_turn(&stage.loop);
    assert_string_equal(tg_connect_waits_for(&attempt.connect),
                        "no connection within the connect timeout");
    tg_connect_give_up(&attempt.connect);
    assert_false(attempt.done);
    assert_int_equal(attempt.connect.open, 0);
    assert_true(stage.backend->origins[0].failures.list[1].until_ms != 0);
    unsilence(&silent[0]);
    unsilence(&silent[1]);
    stage_dispose(&stage);
}

static void tells_of_a_name_that_is_not_known(void **state)
{
    (void)state;
    struct stage stage;
    struct attempt attempt;

    stage_init_with(&stage, (const char *const[]){"http://nowhere"}, 1, &two);
    run(&stage, &attempt);
    assert_string_equal(attempt.error.code, "dns");
    stage_dispose(&stage);
}

static void can_be_cancelled_while_resolving_and_connecting(void **state)
{
    (void)state;
    struct stage stage;
    struct attempt attempt;
    char closed[64], address[64];

    closed_address(closed, sizeof(closed));
    snprintf(address, sizeof(address), "http://both%s", strrchr(closed, ':'));
    stage_init_with(&stage, (const char *const[]){address}, 1, &two);
    start(&stage, &attempt);
    tg_connect_cancel(&attempt.connect);
    start(&stage, &attempt);
    while (attempt.connect.tries[0].sock == NULL)
        loop_turn(&stage.loop);
    tg_connect_cancel(&attempt.connect);
    tg_connect_cancel(&attempt.connect);
    h2o_evloop_run(stage.loop.h2o, 10);
    assert_false(attempt.done);
    stage_dispose(&stage);
}

struct pair {
    struct tg_dialer dialer;
    int error; /* errno, or 0 */
    int other; /* the end that the test has */
};

static int dial(struct tg_dialer *self, const struct tg_backend_config *backend,
                const struct tg_address *address, const struct tg_call *call)
{
    struct pair *pair = (struct pair *)self;
    int ends[2];

    (void)backend;
    (void)address;
    assert_null(call);
    errno = pair->error;
    if (pair->error != 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
        return -1;
    pair->other = ends[1];
    return ends[0];
}

static void a_dialer_stands_in_for_the_network(void **state)
{
    (void)state;
    struct pair pair = {.dialer = {dial}};
    struct stage stage;
    struct attempt attempt;

    stage_init(&stage, (const char *const[]){"http://nobody.knows.this:80"}, 1);
    stage.backend->net->dialer = &pair.dialer;
    run(&stage, &attempt);
    assert_non_null(attempt.conn);
    assert_int_equal(send(pair.other, "x", 1, 0), 1);
    tg_origin_close(attempt.conn);
    close(pair.other);
    pair.error = ECONNREFUSED;
    run(&stage, &attempt);
    assert_string_equal(attempt.error.code, "refused");
    stage_dispose(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_why_it_fails),
        cmocka_unit_test(connects_without_delay_of_small_writes),
        cmocka_unit_test(connects_to_a_unix_socket),
        cmocka_unit_test(connects_to_ipv6),
        cmocka_unit_test(tries_the_addresses_of_a_name_in_turn),
        cmocka_unit_test(fails_when_all_addresses_of_a_name_fail),
        cmocka_unit_test(the_next_address_begins_when_the_first_is_slow),
        cmocka_unit_test(can_be_cancelled_while_two_addresses_race),
        cmocka_unit_test(tells_of_a_name_that_is_not_known),
        cmocka_unit_test(can_be_cancelled_while_resolving_and_connecting),
        cmocka_unit_test(a_dialer_stands_in_for_the_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
