#include "net/order.h"

#include <arpa/inet.h>

#include "unit.h"

/* Addresses from texts such as "10.0.0.1" and "fd00::1". */
static struct tg_addresses make(const char *const *texts)
{
    struct tg_addresses addresses = {0};

    for (; *texts != NULL; texts++) {
        union tg_ip *ip = &addresses.list[addresses.count++];
        *ip = (union tg_ip){.v6 = {.sin6_family = AF_INET6}};
        if (inet_pton(AF_INET6, *texts, &ip->v6.sin6_addr) == 1)
            continue;
        *ip = (union tg_ip){.v4 = {.sin_family = AF_INET}};
        assert_int_equal(inet_pton(AF_INET, *texts, &ip->v4.sin_addr), 1);
    }
    return addresses;
}

#define LIST(...) make((const char *const[]){__VA_ARGS__, NULL})

static void expect(struct tg_addresses addresses, const struct tg_ip_failures *failures,
                   uint64_t now_ms, const char *const *texts)
{
    char text[INET6_ADDRSTRLEN];

    tg_order(&addresses, failures, now_ms);
    for (size_t i = 0; i < addresses.count; i++) {
        const union tg_ip *ip = &addresses.list[i];
        assert_non_null(texts[i]);
        inet_ntop(ip->sa.sa_family,
                  ip->sa.sa_family == AF_INET6 ? (const void *)&ip->v6.sin6_addr
                                               : (const void *)&ip->v4.sin_addr,
                  text, sizeof(text));
        assert_string_equal(text, texts[i]);
    }
    assert_null(texts[addresses.count]);
}

#define ORDER(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct tg_ip_failures none;

static void families_take_turns(void **state)
{
    (void)state;
    expect(LIST("fd00::1", "fd00::2", "10.0.0.1", "10.0.0.2", "10.0.0.3"), &none, 0,
           ORDER("fd00::1", "10.0.0.1", "fd00::2", "10.0.0.2", "10.0.0.3"));
    expect(LIST("10.0.0.1", "10.0.0.2", "fd00::1"), &none, 0,
           ORDER("10.0.0.1", "fd00::1", "10.0.0.2"));
    expect(LIST("10.0.0.1", "10.0.0.2"), &none, 0, ORDER("10.0.0.1", "10.0.0.2"));
    expect(LIST("fd00::1"), &none, 0, ORDER("fd00::1"));
}

static void what_failed_lately_comes_last(void **state)
{
    (void)state;
    struct tg_ip_failures failures = {0};
    struct tg_addresses list = LIST("fd00::1", "10.0.0.1", "fd00::2", "10.0.0.2");

    tg_order_failed(&failures, &list.list[0], 1000);
    tg_order_failed(&failures, &list.list[1], 1000);
    expect(list, &failures, 1000, ORDER("fd00::2", "10.0.0.2", "fd00::1", "10.0.0.1"));
    expect(list, &failures, 1000 + TG_IP_FAILURE_MS - 1,
           ORDER("fd00::2", "10.0.0.2", "fd00::1", "10.0.0.1"));
    expect(list, &failures, 1000 + TG_IP_FAILURE_MS,
           ORDER("fd00::1", "10.0.0.1", "fd00::2", "10.0.0.2"));
    tg_order_connected(&failures, &list.list[0]);
    expect(list, &failures, 1000, ORDER("fd00::1", "10.0.0.2", "fd00::2", "10.0.0.1"));
}

static void remembers_as_many_failures_as_there_are_addresses(void **state)
{
    (void)state;
    struct tg_ip_failures failures = {0};
    struct tg_addresses list = LIST("10.0.0.1", "10.0.0.2");

    for (int i = 0; i < 3 * TG_ADDRESSES; i++)
        tg_order_failed(&failures, &list.list[0], 1000);
    tg_order_connected(&failures, &list.list[0]);
    expect(list, &failures, 1000, ORDER("10.0.0.1", "10.0.0.2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_take_turns),
        cmocka_unit_test(what_failed_lately_comes_last),
        cmocka_unit_test(remembers_as_many_failures_as_there_are_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
