#include "http/cache_use.h"

#include "http/head.h"

#define CAME INT64_C(784111777000)

static struct tg_cache_rules rules_of(const char *head)
{
    struct tg_headers response = HEAD(head);
    struct tg_cache_control control = tg_cache_control_response(response);

    return tg_cache_rules_read(200, response, &control, CAME, CAME);
}

static enum tg_cache_use use(const char *response, const char *request, int64_t after_s)
{
    struct tg_cache_rules rules = rules_of(response);
    struct tg_cache_request asked = tg_cache_request_read(HEAD(request));

    return tg_cache_use(&rules, &asked, CAME + after_s * 1000);
}

static void rfc9111_4_serves_what_is_fresh(void **state)
{
    (void)state;
    assert_int_equal(use("Cache-Control: max-age=10", "", 9), TG_CACHE_SERVE);
    assert_int_equal(use("Cache-Control: max-age=10", "", 10), TG_CACHE_STALE);
    assert_int_equal(use("Cache-Control: max-age=10", "Cookie: a=b", 9), TG_CACHE_SERVE);
    assert_int_equal(use("Cache-Control: max-age=10", "Cache-Control: no-store", 9),
                     TG_CACHE_SERVE);
}

static void rfc9111_5_2_2_4_no_cache_is_always_asked_for(void **state)
{
    (void)state;
    assert_int_equal(use("Cache-Control: max-age=10, no-cache", "", 1), TG_CACHE_STALE);
    assert_int_equal(use("Cache-Control: max-age=10, no-cache", "Cache-Control: max-stale", 1),
                     TG_CACHE_STALE);
    assert_int_equal(use("Cache-Control: max-age=10, no-cache=\"a\"", "", 1), TG_CACHE_SERVE);
}

static void rfc9111_5_2_1_1_the_request_wants_it_younger(void **state)
{
    (void)state;
    static const char *const response = "Cache-Control: max-age=3600\nAge: 1800";

    assert_int_equal(use(response, "Cache-Control: max-age=0", 0), TG_CACHE_ASKED);
    assert_int_equal(use(response, "Cache-Control: max-age=600", 0), TG_CACHE_ASKED);
    assert_int_equal(use(response, "Cache-Control: max-age=1801", 0), TG_CACHE_SERVE);
    assert_int_equal(use(response, "Cache-Control: max-age=x", 0), TG_CACHE_ASKED);
}

static void rfc9111_5_2_1_2_the_request_takes_it_stale(void **state)
{
    (void)state;
    static const char *const request = "Cache-Control: max-stale=10";

    assert_int_equal(use("Cache-Control: max-age=1", request, 11), TG_CACHE_SERVE);
    assert_int_equal(use("Cache-Control: max-age=1", request, 12), TG_CACHE_STALE);
    assert_int_equal(
        use("Cache-Control: max-age=1500\nAge: 2000", "Cache-Control: max-stale=1000", 0),
        TG_CACHE_SERVE);
    assert_int_equal(use("Cache-Control: max-age=1", "Cache-Control: max-stale", 99999),
                     TG_CACHE_SERVE);
    assert_int_equal(use("Cache-Control: max-age=1, must-revalidate", request, 2), TG_CACHE_STALE);
    assert_int_equal(use("Cache-Control: max-age=1, proxy-revalidate", request, 2), TG_CACHE_STALE);
    assert_int_equal(use("Cache-Control: s-maxage=1", request, 2), TG_CACHE_STALE);
}

static void rfc9111_5_2_1_3_the_request_wants_it_fresh_for_some_time(void **state)
{
    (void)state;
    static const char *const response = "Cache-Control: max-age=1500\nAge: 1000";

    assert_int_equal(use(response, "Cache-Control: min-fresh=500", 0), TG_CACHE_SERVE);
    assert_int_equal(use(response, "Cache-Control: min-fresh=501", 0), TG_CACHE_ASKED);
    assert_int_equal(use(response, "Cache-Control: min-fresh=x", 0), TG_CACHE_ASKED);
}

static void rfc9111_5_2_1_4_and_5_4_the_request_says_no_cache(void **state)
{
    (void)state;
    static const char *const response = "Cache-Control: max-age=10";

    assert_int_equal(use(response, "Cache-Control: no-cache", 1), TG_CACHE_ASKED);
    assert_int_equal(use(response, "Pragma: no-cache", 1), TG_CACHE_ASKED);
    assert_int_equal(use(response, "Pragma: x, NO-cache", 1), TG_CACHE_ASKED);
    assert_int_equal(use(response, "Pragma: no-cache\nCache-Control: max-stale", 1),
                     TG_CACHE_SERVE);
    assert_int_equal(use(response, "Pragma: unknown", 1), TG_CACHE_SERVE);
}

static void rfc9111_5_2_1_7_only_if_cached(void **state)
{
    (void)state;
    static const char *const response = "Cache-Control: max-age=10, stale-while-revalidate=5";
    struct tg_cache_request asked = tg_cache_request_read(HEAD("Cache-Control: only-if-cached"));

    assert_true(tg_cache_only_stored(&asked));
    assert_int_equal(use(response, "Cache-Control: only-if-cached", 9), TG_CACHE_SERVE);
    assert_int_equal(use(response, "Cache-Control: only-if-cached", 11), TG_CACHE_SERVE_REFRESH);
    assert_int_equal(use(response, "Cache-Control: only-if-cached", 15), TG_CACHE_UNAVAILABLE);
    assert_int_equal(use(response, "Cache-Control: only-if-cached, max-age=1", 2),
                     TG_CACHE_UNAVAILABLE);
}

static void rfc5861_3_stale_while_revalidate(void **state)
{
    (void)state;
    static const char *const response = "Cache-Control: max-age=1, stale-while-revalidate=4";

    assert_int_equal(use(response, "", 0), TG_CACHE_SERVE);
    assert_int_equal(use(response, "", 1), TG_CACHE_SERVE_REFRESH);
    assert_int_equal(use(response, "", 4), TG_CACHE_SERVE_REFRESH);
    assert_int_equal(use(response, "", 5), TG_CACHE_STALE);
    assert_int_equal(use(response, "Cache-Control: no-cache", 2), TG_CACHE_ASKED);
    assert_int_equal(use("Cache-Control: s-maxage=1, stale-while-revalidate=4", "", 2),
                     TG_CACHE_SERVE_REFRESH);
    assert_int_equal(
        use("Cache-Control: max-age=1, stale-while-revalidate=4, must-revalidate", "", 2),
        TG_CACHE_STALE);
}

static bool on_error(const char *response, const char *request, uint32_t grace, int64_t after_s)
{
    struct tg_cache_rules rules = rules_of(response);
    struct tg_cache_request asked = tg_cache_request_read(HEAD(request));

    return tg_cache_use_on_error(&rules, &asked, grace, CAME + after_s * 1000);
}

static void rfc5861_4_stale_if_error(void **state)
{
    (void)state;
    static const char *const response = "Cache-Control: max-age=2, stale-if-error=60";

    assert_true(on_error(response, "", 0, 61));
    assert_false(on_error(response, "", 0, 62));
    assert_true(on_error("Cache-Control: max-age=2", "Cache-Control: stale-if-error=9", 0, 10));
    assert_false(on_error("Cache-Control: max-age=2", "Cache-Control: stale-if-error=9", 0, 11));
    assert_true(on_error("Cache-Control: s-maxage=2, stale-if-error=60", "", 0, 61));
    /* asked for though it was fresh */
    assert_true(on_error("Cache-Control: max-age=2", "Cache-Control: no-cache", 0, 1));
}

static void rfc9111_4_2_4_staleness_that_the_site_allows(void **state)
{
    (void)state;
    assert_false(on_error("Cache-Control: max-age=2", "", 0, 2));
    assert_true(on_error("Cache-Control: max-age=2", "", 60, 61));
    assert_false(on_error("Cache-Control: max-age=2", "", 60, 62));
    assert_false(on_error("Cache-Control: max-age=2, must-revalidate", "", 60, 3));
    assert_false(on_error("Cache-Control: max-age=2, proxy-revalidate", "", 60, 3));
    assert_false(on_error("Cache-Control: max-age=2, no-cache", "", 60, 1));
    assert_false(on_error("Cache-Control: max-age=2, s-maxage=2", "", 60, 3));
    assert_false(on_error("Cache-Control: max-age=2, must-revalidate",
                          "Cache-Control: stale-if-error=9", 0, 3));
}

static void rfc8246_2_a_reload_does_not_ask_for_what_is_immutable(void **state)
{
    (void)state;
    static const char *const response = "Cache-Control: max-age=10, immutable";

    assert_int_equal(use(response, "Cache-Control: max-age=0", 1), TG_CACHE_SERVE);
    assert_int_equal(use(response, "Cache-Control: no-cache", 1), TG_CACHE_ASKED);
    assert_int_equal(use(response, "Cache-Control: max-age=0", 10), TG_CACHE_ASKED);
    assert_int_equal(use(response, "", 10), TG_CACHE_STALE);
}

static void notes_what_else_matters_of_a_request(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        uint32_t has;
    } cases[] = {
        {"Range: bytes=0-1", TG_ASKS_RANGE},
        {"if-match: \"a\"", TG_ASKS_CONDITION},
        {"If-None-Match: \"a\"", TG_ASKS_CONDITION},
        {"If-Modified-Since: x", TG_ASKS_CONDITION},
        {"If-Unmodified-Since: x", TG_ASKS_CONDITION},
        {"Authorization: x\nCookie: a=b", TG_ASKS_AUTHORIZED | TG_ASKS_COOKIE},
        {"Accept: x\nRanges: y", 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(tg_cache_request_read(HEAD(cases[i].head)).has, cases[i].has);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9111_4_serves_what_is_fresh),
        cmocka_unit_test(rfc9111_5_2_2_4_no_cache_is_always_asked_for),
        cmocka_unit_test(rfc9111_5_2_1_1_the_request_wants_it_younger),
        cmocka_unit_test(rfc9111_5_2_1_2_the_request_takes_it_stale),
        cmocka_unit_test(rfc9111_5_2_1_3_the_request_wants_it_fresh_for_some_time),
        cmocka_unit_test(rfc9111_5_2_1_4_and_5_4_the_request_says_no_cache),
        cmocka_unit_test(rfc9111_5_2_1_7_only_if_cached),
        cmocka_unit_test(rfc5861_3_stale_while_revalidate),
        cmocka_unit_test(rfc5861_4_stale_if_error),
        cmocka_unit_test(rfc9111_4_2_4_staleness_that_the_site_allows),
        cmocka_unit_test(rfc8246_2_a_reload_does_not_ask_for_what_is_immutable),
        cmocka_unit_test(notes_what_else_matters_of_a_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
