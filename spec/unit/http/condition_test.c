#include "http/condition.h"

#include "http/head.h"

#define MODIFIED INT64_C(784111777) /* Sun, 06 Nov 1994 08:49:37 GMT */

static const struct tg_validators stored = {
    .etag = {"\"abc\"", 5}, .last_modified = MODIFIED, .date = MODIFIED + 60};
static const struct tg_validators weak = {
    .etag = {"W/\"abc\"", 7}, .last_modified = MODIFIED, .date = MODIFIED};
static const struct tg_validators bare = {
    .etag = {"", 0}, .last_modified = TG_NO_DATE, .date = MODIFIED};

static enum tg_condition check(const struct tg_validators *validators, const char *request)
{
    return tg_condition_check(TG_TEXT("GET"), HEAD(request), validators, TG_CONDITION_CACHE,
                              MODIFIED + 600);
}

static enum tg_condition check_origin(const char *method, const struct tg_validators *validators,
                                      const char *request)
{
    return tg_condition_check(tg_text_of(method), HEAD(request), validators, TG_CONDITION_ORIGIN,
                              MODIFIED + 600);
}

static void rfc9110_8_8_3_2_compares_tags_weakly_and_strongly(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool strong, weak;
    } cases[] = {
        {"W/\"1\"", "W/\"1\"", false, true},
        {"W/\"1\"", "W/\"2\"", false, false},
        {"W/\"1\"", "\"1\"", false, true},
        {"\"1\"", "\"1\"", true, true},
        {"\"1\"", "\"2\"", false, false},
        {"\"\"", "\"\"", true, true},
        {"1", "1", true, true},
        {"1", "\"1\"", false, false},
        {"w/\"1\"", "\"1\"", false, false},
        {"\"A\"", "\"a\"", false, false},
        {"", "", false, false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct tg_text a = tg_text_of(cases[i].a), b = tg_text_of(cases[i].b);
        assert_int_equal(tg_etag_is_same(a, b, true), cases[i].strong);
        assert_int_equal(tg_etag_is_same(a, b, false), cases[i].weak);
    }
}

static void rfc9110_13_1_2_if_none_match(void **state)
{
    (void)state;
    static const char *const matching[] = {
        "If-None-Match: \"abc\"",
        "If-None-Match: W/\"abc\"",
        "If-None-Match: \"abc\", \"1\"",
        "If-None-Match: \"1\", \"abc\", \"2\"",
        "If-None-Match: \"1\",, W/\"abc\"",
        "If-None-Match: \"1\"\nIf-None-Match: \"abc\"",
        "If-None-Match: \"a\\\", \"abc\"",
        "If-None-Match: \"a,b\", \"abc\"",
        "If-None-Match: *",
    };
    static const char *const others[] = {
        "If-None-Match: \"1\"",     "If-None-Match: abc", "If-None-Match: \"1, \\\"abc\\\"\"",
        "If-None-Match: \"abc",     "If-None-Match:",     "If-None-Match: \"abc\"x",
        "If-None-Match: w/\"abc\"",
    };

    for (size_t i = 0; i < sizeof(matching) / sizeof(*matching); i++) {
        if (check(&stored, matching[i]) != TG_CONDITION_NOT_MODIFIED)
            fail_msg("does not match: %s", matching[i]);
        assert_int_equal(check(&weak, matching[i]), TG_CONDITION_NOT_MODIFIED);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (check(&stored, others[i]) != TG_CONDITION_NONE)
            fail_msg("matches: %s", others[i]);
    assert_int_equal(check(&bare, "If-None-Match: *"), TG_CONDITION_NOT_MODIFIED);
    assert_int_equal(check(&bare, "If-None-Match: \"\""), TG_CONDITION_NONE);
}

static void rfc9110_13_1_3_if_modified_since(void **state)
{
    (void)state;
    assert_int_equal(check(&stored, "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"),
                     TG_CONDITION_NOT_MODIFIED);
    assert_int_equal(check(&stored, "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"),
                     TG_CONDITION_NOT_MODIFIED);
    assert_int_equal(check(&stored, "If-Modified-Since: Sun, 06 Nov 1994 09:49:37 GMT"),
                     TG_CONDITION_NOT_MODIFIED);
    assert_int_equal(check(&stored, "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT"),
                     TG_CONDITION_NONE);
    assert_int_equal(check(&stored, "If-Modified-Since: yesterday"), TG_CONDITION_NONE);
    assert_int_equal(check(&stored, "If-Modified-Since: Sun, 06 Nov 1994 09:49:37 GMT\n"
                                    "If-Modified-Since: Sun, 06 Nov 1994 09:49:37 GMT"),
                     TG_CONDITION_NONE);
    assert_int_equal(
        check_origin("POST", &stored, "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"),
        TG_CONDITION_NONE);
}

static void rfc9111_4_3_2_date_stands_in_for_last_modified(void **state)
{
    (void)state;
    assert_int_equal(check(&bare, "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"),
                     TG_CONDITION_NOT_MODIFIED);
    assert_int_equal(check(&bare, "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT"),
                     TG_CONDITION_NONE);
}

static void rfc9110_13_2_2_if_none_match_goes_before_if_modified_since(void **state)
{
    (void)state;
    assert_int_equal(check(&stored, "If-None-Match: \"1\"\n"
                                    "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"),
                     TG_CONDITION_NONE);
    assert_int_equal(check(&stored, "If-None-Match: \"abc\"\n"
                                    "If-Modified-Since: Sun, 06 Nov 1904 08:49:37 GMT"),
                     TG_CONDITION_NOT_MODIFIED);
}

static void rfc9111_4_3_2_the_others_are_none_of_a_cache_s_business(void **state)
{
    (void)state;
    assert_int_equal(check(&stored, "If-Match: \"1\""), TG_CONDITION_NONE);
    assert_int_equal(check(&stored, "If-Unmodified-Since: Sun, 06 Nov 1904 08:49:37 GMT"),
                     TG_CONDITION_NONE);
    assert_int_equal(check(&stored, ""), TG_CONDITION_NONE);
}

static void rfc9110_13_1_1_if_match(void **state)
{
    (void)state;
    assert_int_equal(check_origin("GET", &stored, "If-Match: \"1\""), TG_CONDITION_FAILED);
    assert_int_equal(check_origin("GET", &stored, "If-Match: \"1\", \"abc\""), TG_CONDITION_NONE);
    assert_int_equal(check_origin("PUT", &stored, "If-Match: *"), TG_CONDITION_NONE);
    assert_int_equal(check_origin("PUT", &weak, "If-Match: \"abc\""), TG_CONDITION_FAILED);
    assert_int_equal(check_origin("PUT", &weak, "If-Match: W/\"abc\""), TG_CONDITION_FAILED);
    assert_int_equal(check_origin("PUT", &stored, "If-None-Match: *"), TG_CONDITION_FAILED);
    assert_int_equal(check_origin("GET", &stored, "If-Match: \"abc\"\nIf-None-Match: \"abc\""),
                     TG_CONDITION_NOT_MODIFIED);
}

static void rfc9110_13_1_4_if_unmodified_since(void **state)
{
    (void)state;
    assert_int_equal(
        check_origin("PUT", &stored, "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT"),
        TG_CONDITION_FAILED);
    assert_int_equal(
        check_origin("PUT", &stored, "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"),
        TG_CONDITION_NONE);
    assert_int_equal(check_origin("PUT", &stored, "If-Unmodified-Since: never"), TG_CONDITION_NONE);
    assert_int_equal(
        check_origin("PUT", &stored,
                     "If-Match: \"abc\"\nIf-Unmodified-Since: Sun, 06 Nov 1904 08:49:36 GMT"),
        TG_CONDITION_NONE);
}

static bool allows(const struct tg_validators *validators, const char *request)
{
    return tg_condition_allows_range(HEAD(request), validators, MODIFIED + 600);
}

static void rfc9110_13_1_5_if_range_wants_a_strong_validator(void **state)
{
    (void)state;
    assert_true(allows(&stored, ""));
    assert_true(allows(&stored, "If-Range: \"abc\""));
    assert_false(allows(&stored, "If-Range: W/\"abc\""));
    assert_false(allows(&weak, "If-Range: W/\"abc\""));
    assert_false(allows(&stored, "If-Range: \"1\""));
    assert_false(allows(&bare, "If-Range: \"abc\""));
    assert_false(allows(&stored, "If-Range:"));
    assert_false(allows(&bare, "If-Range:"));
    assert_true(allows(&stored, "If-Range: Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_false(allows(&stored, "If-Range: Sun, 06 Nov 1994 08:49:38 GMT"));
    assert_false(allows(&stored, "If-Range: Sun, 06 Nov 1994 08:49:36 GMT"));
    assert_false(allows(&weak, "If-Range: Sun, 06 Nov 1994 08:49:37 GMT"));
}

static void rfc9110_15_4_5_fields_of_a_304(void **state)
{
    (void)state;
    assert_true(tg_condition_keeps(TG_TEXT("ETag")));
    assert_true(tg_condition_keeps(TG_TEXT("Content-Location")));
    assert_true(tg_condition_keeps(TG_TEXT("Vary")));
    assert_true(tg_condition_keeps(TG_TEXT("Content-Security-Policy")));
    assert_false(tg_condition_keeps(TG_TEXT("Content-Type")));
    assert_false(tg_condition_keeps(TG_TEXT("content-length")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9110_8_8_3_2_compares_tags_weakly_and_strongly),
        cmocka_unit_test(rfc9110_13_1_2_if_none_match),
        cmocka_unit_test(rfc9110_13_1_3_if_modified_since),
        cmocka_unit_test(rfc9111_4_3_2_date_stands_in_for_last_modified),
        cmocka_unit_test(rfc9110_13_2_2_if_none_match_goes_before_if_modified_since),
        cmocka_unit_test(rfc9111_4_3_2_the_others_are_none_of_a_cache_s_business),
        cmocka_unit_test(rfc9110_13_1_1_if_match),
        cmocka_unit_test(rfc9110_13_1_4_if_unmodified_since),
        cmocka_unit_test(rfc9110_13_1_5_if_range_wants_a_strong_validator),
        cmocka_unit_test(rfc9110_15_4_5_fields_of_a_304),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
