#include "net/resolver.h"

#include <arpa/inet.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

#include "net/loop.h"

/* What the tests' lookup does; it runs in the resolver's threads. */
static atomic_int lookups, passed_gate;
static atomic_bool fails;
static atomic_int last_octet;
static sem_t gate;
static atomic_bool gated;

static struct tg_error lookup(const char *host, struct tg_addresses *found)
{
    atomic_fetch_add(&lookups, 1);
    if (atomic_load(&gated)) {
        sem_wait(&gate);
        atomic_fetch_add(&passed_gate, 1);
    }
    if (atomic_load(&fails) || strcmp(host, "nowhere") == 0)
        return (struct tg_error){"dns", "not known"};
    found->list[0].v4 = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(0x7f000000u | (uint32_t)atomic_load(&last_octet))};
    found->count = 1;
    return TG_OK;
}

struct asker {
    struct tg_resolve resolve;
    bool done;
    int octet; /* the last one of the address, or -1 */
    struct tg_error error;
};

static void on_done(struct tg_resolve *resolve, const struct tg_addresses *found,
                    struct tg_error error)
{
    struct asker *asker = H2O_STRUCT_FROM_MEMBER(struct asker, resolve, resolve);

    assert_false(asker->done);
    asker->done = true;
    asker->error = error;
    asker->octet = -1;
    if (error.code == NULL)
        asker->octet = (int)(ntohl(found->list[0].v4.sin_addr.s_addr) & 0xff);
}

static struct tg_resolver *set_up(struct loop *loop)
{
    const struct tg_resolver_options options = {
        .ttl_ms = 1000, .failure_ttl_ms = 100, .stale_ms = 500, .lookup = lookup};

    loop_init(loop);
    atomic_store(&lookups, 0);
    atomic_store(&passed_gate, 0);
    atomic_store(&fails, false);
    atomic_store(&gated, false);
    atomic_store(&last_octet, 1);
    sem_init(&gate, 0, 0);
    return tg_resolver_create(loop->h2o, &loop->timers, &options);
}

static void tear_down(struct loop *loop, struct tg_resolver *resolver)
{
    tg_resolver_destroy(resolver);
    loop_dispose(loop);
}

static void ask(struct asker *asker, struct tg_resolver *resolver, const char *host)
{
    *asker = (struct asker){0};
    tg_resolve_start(&asker->resolve, resolver, host, on_done);
}

static int ask_and_wait(struct loop *loop, struct tg_resolver *resolver, const char *host)
{
    struct asker asker;

    ask(&asker, resolver, host);
    loop_until(loop, &asker.done);
    return asker.octet;
}

/* Turns the loop until a lookup in the background has come back, at a clock that stands. */
static void wait_for_octet(struct loop *loop, struct tg_resolver *resolver, uint64_t at_ms,
                           int octet)
{
    struct asker asker;

    do {
        h2o_evloop_run(loop->h2o, 10);
        loop->timers.now_ms = at_ms;
        ask(&asker, resolver, "a");
        assert_true(asker.done);
    } while (asker.octet != octet);
}

static void remembers_an_answer_for_its_ttl(void **state)
{
    (void)state;
    struct loop loop;
    struct tg_resolver *resolver = set_up(&loop);
    struct asker asker;

    ask(&asker, resolver, "a");
    assert_false(asker.done);
    loop_until(&loop, &asker.done);
    assert_int_equal(asker.octet, 1);
    loop.timers.now_ms += 900;
    ask(&asker, resolver, "a");
    assert_true(asker.done);
    assert_int_equal(lookups, 1);
    tear_down(&loop, resolver);
}

static void serves_an_expired_answer_while_it_looks_up_another(void **state)
{
    (void)state;
    struct loop loop;
    struct tg_resolver *resolver = set_up(&loop);
    struct asker asker;

    assert_int_equal(ask_and_wait(&loop, resolver, "a"), 1);
    atomic_store(&last_octet, 2);
    uint64_t later_ms = loop.timers.now_ms += 1001;
    ask(&asker, resolver, "a");
    assert_true(asker.done);
    assert_int_equal(asker.octet, 1);
    wait_for_octet(&loop, resolver, later_ms, 2);
    assert_int_equal(lookups, 2);
    tear_down(&loop, resolver);
}

static void does_not_serve_an_answer_that_is_too_old(void **state)
{
    (void)state;
    struct loop loop;
    struct tg_resolver *resolver = set_up(&loop);
    struct asker asker;

    assert_int_equal(ask_and_wait(&loop, resolver, "a"), 1);
    atomic_store(&last_octet, 2);
    loop.timers.now_ms += 1000 + 500;
    ask(&asker, resolver, "a");
    assert_false(asker.done);
    loop_until(&loop, &asker.done);
    assert_int_equal(asker.octet, 2);
    tear_down(&loop, resolver);
}

static void keeps_a_good_answer_when_the_name_server_fails(void **state)
{
    (void)state;
    struct loop loop;
    struct tg_resolver *resolver = set_up(&loop);

    assert_int_equal(ask_and_wait(&loop, resolver, "a"), 1);
    atomic_store(&fails, true);
    loop.timers.now_ms += 60 * 1000;
    assert_int_equal(ask_and_wait(&loop, resolver, "a"), 1);
    assert_int_equal(lookups, 2);
    tear_down(&loop, resolver);
}

static void believes_a_failure_for_a_short_time(void **state)
{
    (void)state;
    struct loop loop;
    struct tg_resolver *resolver = set_up(&loop);
    struct asker asker;

    ask(&asker, resolver, "nowhere");
    loop_until(&loop, &asker.done);
    assert_string_equal(asker.error.code, "dns");
    ask(&asker, resolver, "nowhere");
    assert_true(asker.done);
    assert_int_equal(lookups, 1);
    loop.timers.now_ms += 100;
    ask(&asker, resolver, "nowhere");
    assert_false(asker.done);
    loop_until(&loop, &asker.done);
    assert_string_equal(asker.error.code, "dns");
    assert_int_equal(lookups, 2);
    tear_down(&loop, resolver);
}

static void many_share_one_lookup_and_any_may_leave(void **state)
{
    (void)state;
    struct loop loop;
    struct tg_resolver *resolver = set_up(&loop);
    struct asker askers[3];

    atomic_store(&gated, true);
    for (int i = 0; i < 3; i++)
        ask(&askers[i], resolver, "a");
    tg_resolve_cancel(&askers[1].resolve);
    tg_resolve_cancel(&askers[1].resolve);
    sem_post(&gate);
    loop_until(&loop, &askers[2].done);
    assert_true(askers[0].done);
    assert_false(askers[1].done);
    assert_int_equal(lookups, 1);
    tear_down(&loop, resolver);
}

static void two_names_are_looked_up_at_once_and_a_third_waits(void **state)
{
    (void)state;
    struct loop loop;
    struct tg_resolver *resolver = set_up(&loop);
    struct asker askers[3];

    assert_int_equal(ask_and_wait(&loop, resolver, "first"), 1);
    h2o_evloop_run(loop.h2o, 20); /* now one thread is idle, which does for one name only */
    atomic_store(&lookups, 0);
    atomic_store(&gated, true);
    ask(&askers[0], resolver, "a");
    ask(&askers[1], resolver, "b");
    ask(&askers[2], resolver, "c");
    while (atomic_load(&lookups) < 2)
        h2o_evloop_run(loop.h2o, 1);
    h2o_evloop_run(loop.h2o, 20);
    assert_int_equal(lookups, 2);
    for (int i = 0; i < 3; i++)
        sem_post(&gate);
    for (int i = 0; i < 3; i++)
        loop_until(&loop, &askers[i].done);
    assert_int_equal(lookups, 3);
    tear_down(&loop, resolver);
}

static void ends_while_threads_are_looking_up(void **state)
{
    (void)state;
    struct loop loop;
    struct tg_resolver *resolver = set_up(&loop);
    struct asker askers[3];
    const char *const names[] = {"a", "b", "c"};

    atomic_store(&gated, true);
    for (int i = 0; i < 3; i++)
        ask(&askers[i], resolver, names[i]);
    while (atomic_load(&lookups) < 2)
        h2o_evloop_run(loop.h2o, 1);
    for (int i = 0; i < 3; i++)
        tg_resolve_cancel(&askers[i].resolve);
    tear_down(&loop, resolver);
    sem_post(&gate);
    sem_post(&gate);
    while (atomic_load(&passed_gate) < 2)
        sched_yield();
    assert_int_equal(lookups, 2);
}

static void on_done_again(struct tg_resolve *resolve, const struct tg_addresses *found,
                          struct tg_error error);

struct again {
    struct asker asker;
    struct tg_resolver *resolver;
};

/* Asks once more from within the answer. */
static void on_done_again(struct tg_resolve *resolve, const struct tg_addresses *found,
                          struct tg_error error)
{
    struct again *again = H2O_STRUCT_FROM_MEMBER(struct again, asker.resolve, resolve);

    (void)found;
    assert_null(error.code);
    tg_resolve_start(resolve, again->resolver, "a", on_done);
}

static void may_be_asked_from_within_an_answer(void **state)
{
    (void)state;
    struct loop loop;
    struct tg_resolver *resolver = set_up(&loop);
    struct again again = {.resolver = resolver};

    tg_resolve_start(&again.asker.resolve, resolver, "a", on_done_again);
    loop_until(&loop, &again.asker.done);
    assert_int_equal(again.asker.octet, 1);
    assert_int_equal(lookups, 1);
    tear_down(&loop, resolver);
}

static bool system_done;
static struct tg_error system_error;
static struct tg_addresses system_found;

static void on_system(struct tg_resolve *resolve, const struct tg_addresses *found,
                      struct tg_error error)
{
    (void)resolve;
    system_done = true;
    system_error = error;
    if (error.code == NULL)
        system_found = *found;
}

static void asks_the_system_by_default(void **state)
{
    (void)state;
    struct loop loop;
    struct tg_resolve resolve;

    loop_init(&loop);
    struct tg_resolver *resolver = tg_resolver_create(loop.h2o, &loop.timers, NULL);
    system_done = false;
    tg_resolve_start(&resolve, resolver, "localhost", on_system);
    loop_until(&loop, &system_done);
    assert_null(system_error.code);
    assert_true(system_found.count >= 1);
    for (size_t i = 0; i < system_found.count; i++) {
        int family = system_found.list[i].sa.sa_family;
        assert_true(family == AF_INET || family == AF_INET6);
    }
    system_done = false;
    tg_resolve_start(&resolve, resolver, "..", on_system);
    loop_until(&loop, &system_done);
    assert_string_equal(system_error.code, "dns");
    tear_down(&loop, resolver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers_an_answer_for_its_ttl),
        cmocka_unit_test(serves_an_expired_answer_while_it_looks_up_another),
        cmocka_unit_test(does_not_serve_an_answer_that_is_too_old),
        cmocka_unit_test(keeps_a_good_answer_when_the_name_server_fails),
        cmocka_unit_test(believes_a_failure_for_a_short_time),
        cmocka_unit_test(many_share_one_lookup_and_any_may_leave),
        cmocka_unit_test(two_names_are_looked_up_at_once_and_a_third_waits),
        cmocka_unit_test(ends_while_threads_are_looking_up),
        cmocka_unit_test(may_be_asked_from_within_an_answer),
        cmocka_unit_test(asks_the_system_by_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
