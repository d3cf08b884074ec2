#include "http/cache_rules.h"

#include "http/head.h"

/* The response comes on Sun, 06 Nov 1994 08:49:37.500 GMT. */
#define CAME INT64_C(784111777500)

static struct tg_cache_rules rules_of(unsigned status, const char *head, int64_t took_ms)
{
    struct tg_headers response = HEAD(head);
    struct tg_cache_control control = tg_cache_control_response(response);

    return tg_cache_rules_read(status, response, &control, CAME - took_ms, CAME);
}

static void expect_lifetime(const char *head, uint32_t lifetime)
{
    struct tg_cache_rules rules = rules_of(200, head, 0);

    if (rules.lifetime != lifetime || (rules.flags & TG_RULE_EXPLICIT) == 0)
        fail_msg("%s gave %u, flags %x", head, rules.lifetime, rules.flags);
}

static int64_t age_of(const char *head, int64_t took_ms, int64_t later_ms)
{
    struct tg_cache_rules rules = rules_of(200, head, took_ms);

    return tg_cache_age_ms(&rules, CAME + later_ms);
}

static void rfc9111_4_2_1_s_maxage_max_age_expires_in_this_order(void **state)
{
    (void)state;
    expect_lifetime("Cache-Control: max-age=2, s-maxage=1\n"
                    "Expires: Sun, 06 Nov 1994 08:59:37 GMT",
                    1);
    expect_lifetime("Cache-Control: max-age=0, s-maxage=3600\n"
                    "Expires: Sun, 06 Nov 1994 08:00:00 GMT",
                    3600);
    expect_lifetime("Cache-Control: max-age=2\nExpires: Sun, 06 Nov 1994 08:59:37 GMT", 2);
    expect_lifetime("Cache-Control: max-age=2\nExpires: 0", 2);
    expect_lifetime("Cache-Control: s-maxage=x, max-age=5", 0);
    expect_lifetime("Cache-Control: public\nExpires: Sun, 06 Nov 1994 08:59:37 GMT", 600);
}

static void rfc9111_5_3_expires_is_counted_from_date(void **state)
{
    (void)state;
    expect_lifetime("Date: Sun, 06 Nov 1994 08:49:36 GMT\n"
                    "Expires: Sun, 06 Nov 1994 08:49:46 GMT",
                    10);
    expect_lifetime("Expires: Sun, 06 Nov 1994 08:49:47 GMT", 10);
    expect_lifetime("Date: nonsense\nExpires: Sun, 06 Nov 1994 08:49:47 GMT", 10);
    expect_lifetime("Expires: Sun, 06 Nov 1994 08:49:47 GMT\n"
                    "Expires: Sun, 06 Nov 1994 08:49:57 GMT",
                    10);
    expect_lifetime("Expires: Sunday, 06-Nov-94 08:49:47 GMT", 10);
    expect_lifetime("Expires: Fri, 31 Dec 9999 23:59:59 GMT", TG_DELTA_MAX);
}

static void rfc9111_5_3_a_broken_expires_is_over(void **state)
{
    (void)state;
    expect_lifetime("Expires: 0\nLast-Modified: Sun, 06 Nov 1993 08:49:37 GMT", 0);
    expect_lifetime("Expires: -1", 0);
    expect_lifetime("Expires:", 0);
    expect_lifetime("Expires: Sun, 06 Nov 1994 08:49:47 UTC", 0);
    expect_lifetime("Date: Sun, 06 Nov 1994 08:49:37 GMT\nExpires: Sun, 06 Nov 1994 08:49:37 GMT",
                    0);
    expect_lifetime("Date: Sun, 06 Nov 1994 08:49:47 GMT\nExpires: Sun, 06 Nov 1994 08:49:37 GMT",
                    0);
}

static void rfc9111_4_2_2_a_tenth_of_the_time_since_last_modified(void **state)
{
    (void)state;
    static const char *const since = "Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT";
    struct tg_cache_rules rules = rules_of(200, since, 0);

    assert_int_equal(rules.lifetime, 297);
    assert_int_equal(rules.flags, TG_RULE_HEURISTIC);
    rules = rules_of(200, "Last-Modified: Sun, 06 Nov 1904 08:00:00 GMT", 0);
    assert_int_equal(rules.lifetime, TG_HEURISTIC_MAX);
    rules = rules_of(200, "Last-Modified: Sun, 06 Nov 1994 09:00:00 GMT", 0);
    assert_int_equal(rules.lifetime, 0);
    rules = rules_of(200, "", 0);
    assert_int_equal(rules.lifetime, 0);
}

static void rfc9111_4_2_2_only_where_the_status_or_public_allows_it(void **state)
{
    (void)state;
    static const char *const since = "Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT";
    static const unsigned guessed[] = {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501};
    static const unsigned others[] = {201, 202, 299, 302, 303, 307, 400,
                                      403, 500, 502, 503, 504, 599};

    for (size_t i = 0; i < sizeof(guessed) / sizeof(*guessed); i++)
        assert_int_equal(rules_of(guessed[i], since, 0).lifetime, 297);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        assert_int_equal(rules_of(others[i], since, 0).lifetime, 0);
    assert_int_equal(rules_of(599,
                              "Cache-Control: public\n"
                              "Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT",
                              0)
                         .lifetime,
                     297);
}

static void rfc9111_4_2_3_the_age_grows_from_the_older_of_age_and_date(void **state)
{
    (void)state;
    assert_int_equal(age_of("", 0, 0), 0);
    assert_int_equal(age_of("Date: Sun, 06 Nov 1994 08:49:37 GMT", 0, 1000), 1000);
    assert_int_equal(age_of("Age: 30", 0, 2000), 32000);
    assert_int_equal(age_of("Age: 30", 700, 2000), 32700);
    assert_int_equal(age_of("", 700, 0), 700);
    assert_int_equal(age_of("Date: Sun, 06 Nov 1994 08:48:37 GMT", 0, 0), 60000);
    assert_int_equal(age_of("Date: Sun, 06 Nov 1994 08:48:37 GMT\nAge: 30", 0, 0), 60000);
    assert_int_equal(age_of("Date: Sun, 06 Nov 1994 08:48:37 GMT\nAge: 90", 0, 0), 90000);
    assert_int_equal(age_of("Date: Sun, 06 Nov 1994 08:59:37 GMT", 0, 1000), 1000);
    assert_int_equal(age_of("", 0, -5000), 0);
    assert_int_equal(age_of("", -5000, 0), 0);
}

static void rfc9111_5_1_the_first_age_counts_and_a_broken_one_does_not(void **state)
{
    (void)state;
    assert_int_equal(age_of("Age: 7200, 0", 0, 0), 7200000);
    assert_int_equal(age_of("Age: 0,7200", 0, 0), 0);
    assert_int_equal(age_of("Age: 7200\nAge: 0", 0, 0), 7200000);
    assert_int_equal(age_of("Age: 0\nAge: 7200", 0, 0), 0);
    assert_int_equal(age_of("Age: 7200;foo=111", 0, 0), 7200000);
    assert_int_equal(age_of("Age: abc", 0, 0), 0);
    assert_int_equal(age_of("Age: -7200", 0, 0), 0);
    assert_int_equal(age_of("Age: 7200.0", 0, 0), 0);
    assert_int_equal(age_of("Age: 2147483649", 0, 0), (int64_t)TG_DELTA_MAX * 1000);
}

static void rfc9111_4_2_fresh_while_the_age_is_less_than_the_lifetime(void **state)
{
    (void)state;
    struct tg_cache_rules rules = rules_of(200, "Cache-Control: max-age=10\nAge: 4", 0);

    assert_true(tg_cache_is_fresh(&rules, CAME));
    assert_true(tg_cache_is_fresh(&rules, CAME + 5999));
    assert_false(tg_cache_is_fresh(&rules, CAME + 6000));
    assert_int_equal(tg_cache_age(&rules, CAME + 5999), 9);
    assert_int_equal(tg_cache_age(&rules, CAME + 6000), 10);
    assert_int_equal(tg_cache_ttl(&rules, CAME), 6);
    assert_int_equal(tg_cache_ttl(&rules, CAME + 5999), 1);
    assert_int_equal(tg_cache_ttl(&rules, CAME + 6000), 0);
    assert_int_equal(tg_cache_ttl(&rules, CAME + 9000), -3);
    assert_int_equal(tg_cache_useful_until_ms(&rules), CAME + 6000);
    rules = rules_of(200, "Cache-Control: max-age=0", 0);
    assert_false(tg_cache_is_fresh(&rules, CAME));
}

static void rfc9111_4_2_4_directives_that_forbid_staleness(void **state)
{
    (void)state;
    static const char *const stale = ", stale-while-revalidate=5, stale-if-error=9";
    static const char *const forbidding[] = {"must-revalidate", "proxy-revalidate", "no-cache"};
    char head[160];

    for (size_t i = 0; i < 3; i++) {
        strcpy(head, "Cache-Control: max-age=1, ");
        strcat(strcat(head, forbidding[i]), stale);
        struct tg_cache_rules rules = rules_of(200, head, 0);
        assert_int_equal(rules.swr, 0);
        assert_int_equal(rules.sie, 0);
        assert_true((rules.flags & TG_RULE_NO_STALE) != 0);
        assert_int_equal((rules.flags & TG_RULE_VALIDATE) != 0, i == 2);
    }
    strcat(strcpy(head, "Cache-Control: s-maxage=1"), stale);
    struct tg_cache_rules rules = rules_of(200, head, 0);
    assert_int_equal(rules.swr, 5);
    assert_int_equal(rules.sie, 9);
    assert_true((rules.flags & TG_RULE_NO_STALE) != 0);
    assert_int_equal(tg_cache_useful_until_ms(&rules), CAME + 10000);
}

static void rfc9213_2_2_targeted_rules_do_not_look_at_expires(void **state)
{
    (void)state;
    struct tg_cache_rules rules = rules_of(200,
                                           "CDN-Cache-Control: public\n"
                                           "Expires: Sun, 06 Nov 1994 08:59:37 GMT",
                                           0);

    assert_int_equal(rules.lifetime, 0);
    assert_int_equal(rules.flags, TG_RULE_TARGETED | TG_RULE_HEURISTIC);
    expect_lifetime("CDN-Cache-Control: max-age=7\nCache-Control: max-age=1, s-maxage=2", 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9111_4_2_1_s_maxage_max_age_expires_in_this_order),
        cmocka_unit_test(rfc9111_5_3_expires_is_counted_from_date),
        cmocka_unit_test(rfc9111_5_3_a_broken_expires_is_over),
        cmocka_unit_test(rfc9111_4_2_2_a_tenth_of_the_time_since_last_modified),
        cmocka_unit_test(rfc9111_4_2_2_only_where_the_status_or_public_allows_it),
        cmocka_unit_test(rfc9111_4_2_3_the_age_grows_from_the_older_of_age_and_date),
        cmocka_unit_test(rfc9111_5_1_the_first_age_counts_and_a_broken_one_does_not),
        cmocka_unit_test(rfc9111_4_2_fresh_while_the_age_is_less_than_the_lifetime),
        cmocka_unit_test(rfc9111_4_2_4_directives_that_forbid_staleness),
        cmocka_unit_test(rfc9213_2_2_targeted_rules_do_not_look_at_expires),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
