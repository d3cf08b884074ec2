#include "http/cache_control.h"

#include <stdio.h>

#include "http/head.h"

static struct tg_cache_control control_of(const char *value)
{
    struct tg_cache_control control = {0};

    tg_cache_control_add(&control, tg_text_of(value));
    return control;
}

static void expect_max_age(const char *value, uint32_t seconds)
{
    struct tg_cache_control control = control_of(value);

    assert_true((control.present & TG_CC_MAX_AGE) != 0);
    if (control.max_age != seconds)
        fail_msg("%s gave %u", value, control.max_age);
}

static void rfc9111_5_2_reads_every_directive_in_any_case(void **state)
{
    (void)state;
    struct tg_cache_control control =
        control_of("max-age=1, S-MaxAge=2, max-stale=3, min-fresh=4,stale-while-revalidate=5 ,"
                   "Stale-If-Error=6, no-store, NO-CACHE, private, public, must-revalidate,"
                   "proxy-revalidate, must-understand, only-if-cached, immutable, unknown, x=y");

    assert_int_equal(control.present, (1 << 15) - 1);
    assert_int_equal(control.max_age, 1);
    assert_int_equal(control.s_maxage, 2);
    assert_int_equal(control.max_stale, 3);
    assert_int_equal(control.min_fresh, 4);
    assert_int_equal(control.stale_while_revalidate, 5);
    assert_int_equal(control.stale_if_error, 6);
    assert_int_equal(control_of("").present, 0);
    assert_int_equal(control_of("max-age2=1, no-stores, xprivate, no_cache").present, 0);
}

static void rfc9111_5_2_takes_tokens_and_quoted_strings(void **state)
{
    (void)state;
    expect_max_age("max-age=\"3600\"", 3600);
    expect_max_age("max-age=003600", 3600);
    expect_max_age("extension=\"max-age=7\", max-age=1", 1);
    expect_max_age("max-age=1, extension=\"max-age=7\"", 1);
    expect_max_age("extension=\"a\\\", max-age=7\", max-age=1", 1);
}

static void rfc9111_4_2_1_broken_times_are_none(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "max-age=-3600", "max-age='3600'", "max-age=3600.0", "max-age=3600a", "max-age=a3600",
        "max-age",       "max-age=",       "max-age= 3600",  "max-age =3600", "max-age=\"36",
        "max-age=\"\"",  "max-age=1 2",    "max-age=+1",     "max-age=0x10",  "max-age==1",
    };

    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
        expect_max_age(broken[i], 0);
    assert_int_equal(control_of("min-fresh=x").min_fresh, TG_DELTA_MAX);
    assert_int_equal(control_of("max-stale=x").max_stale, 0);
    assert_int_equal(control_of("stale-if-error=x").stale_if_error, 0);
}

static void rfc9111_1_2_2_long_times_are_two_to_the_31st(void **state)
{
    (void)state;
    expect_max_age("max-age=2147483647", 2147483647);
    expect_max_age("max-age=2147483648", TG_DELTA_MAX);
    expect_max_age("max-age=2147483649", TG_DELTA_MAX);
    expect_max_age("max-age=99999999999999999999999999", TG_DELTA_MAX);
}

static void rfc9111_4_2_1_the_first_of_two_counts(void **state)
{
    (void)state;
    expect_max_age("max-age=1800, max-age=1", 1800);
    expect_max_age("max-age=1, max-age=1800", 1);
    struct tg_headers two = HEAD("Cache-Control: max-age=5\ncache-control: max-age=7, no-cache");
    struct tg_cache_control control = tg_cache_control_read(two, TG_TEXT("cache-control"));
    assert_int_equal(control.max_age, 5);
    assert_int_equal(control.present, TG_CC_MAX_AGE | TG_CC_NO_CACHE);
}

static void rfc9111_5_2_1_2_max_stale_without_a_time_is_any(void **state)
{
    (void)state;
    assert_int_equal(control_of("max-stale").max_stale, TG_DELTA_MAX);
    assert_int_equal(control_of("max-stale=").max_stale, 0);
}

static void rfc9111_5_2_2_4_knows_names_of_fields(void **state)
{
    (void)state;
    assert_int_equal(control_of("no-cache=\"a\"").present, TG_CC_NO_CACHE_FIELDS);
    assert_int_equal(control_of("no-cache=\"a, b\", private=c").present,
                     TG_CC_NO_CACHE_FIELDS | TG_CC_PRIVATE_FIELDS);
    assert_int_equal(control_of("no-cache=\"\", private=").present, TG_CC_NO_CACHE | TG_CC_PRIVATE);
    assert_int_equal(control_of("private=\"set-cookie").present, TG_CC_PRIVATE);
    assert_int_equal(control_of("private=\",\"").present, TG_CC_PRIVATE);
    assert_int_equal(control_of("no-cache=\"a\", no-cache").present,
                     TG_CC_NO_CACHE_FIELDS | TG_CC_NO_CACHE);

    struct tg_text value = TG_TEXT("no-cache=\"A, b\", x=\"d\", private=c");
    assert_true(tg_cache_control_names(value, TG_TEXT("a")));
    assert_true(tg_cache_control_names(value, TG_TEXT("B")));
    assert_true(tg_cache_control_names(value, TG_TEXT("c")));
    assert_false(tg_cache_control_names(value, TG_TEXT("d")));
}

static void restricting_directives_count_with_any_value(void **state)
{
    (void)state;
    assert_int_equal(control_of("no-store=1").present, TG_CC_NO_STORE);
    assert_int_equal(control_of("no-store =\"x\"").present, TG_CC_NO_STORE);
    assert_int_equal(control_of("must-revalidate=0").present, TG_CC_MUST_REVALIDATE);
}

static struct tg_cache_control response(const char *head)
{
    return tg_cache_control_response(HEAD(head));
}

static void rfc9213_2_2_the_targeted_field_goes_first(void **state)
{
    (void)state;
    struct tg_cache_control control =
        response("Cache-Control: no-store, max-age=1\nCDN-Cache-Control: max-age=3600, foobar");

    assert_int_equal(control.present, TG_CC_MAX_AGE | TG_CC_TARGETED);
    assert_int_equal(control.max_age, 3600);
    control = response("CDN-Cache-Control: no-store\nCDN-Cache-Control: private;x=1, public=?0");
    assert_int_equal(control.present, TG_CC_NO_STORE | TG_CC_PRIVATE | TG_CC_TARGETED);
    assert_int_equal(response("CDN-Cache-Control: max-age=99999999999").max_age, TG_DELTA_MAX);
    assert_int_equal(response("CDN-Cache-Control: max-age=-1").max_age, 0);
    assert_int_equal(response("CDN-Cache-Control: max-age=1, max-age=2").max_age, 2);
}

static void rfc9213_2_2_a_broken_targeted_field_is_passed_over(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "max-age=10, &&&&&",       "MaX-aGe=10", "max-age =10", "max-age= 10", "", "max-age=10,",
        "no-store, max-age=1.2.3",
    };

    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        char head[128];
        snprintf(head, sizeof(head), "CDN-Cache-Control: %s\nCache-Control: max-age=5", broken[i]);
        struct tg_cache_control control = response(head);
        if (control.present != TG_CC_MAX_AGE || control.max_age != 5)
            fail_msg("was taken: %s", broken[i]);
    }
    struct tg_cache_control control =
        response("CDN-Cache-Control: max-age=\"10\"\nCache-Control: max-age=5");
    assert_int_equal(control.present, TG_CC_TARGETED);
    control = response("CDN-Cache-Control: public\nCDN-Cache-Control: !\nCache-Control: no-cache");
    assert_int_equal(control.present, TG_CC_NO_CACHE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9111_5_2_reads_every_directive_in_any_case),
        cmocka_unit_test(rfc9111_5_2_takes_tokens_and_quoted_strings),
        cmocka_unit_test(rfc9111_4_2_1_broken_times_are_none),
        cmocka_unit_test(rfc9111_1_2_2_long_times_are_two_to_the_31st),
        cmocka_unit_test(rfc9111_4_2_1_the_first_of_two_counts),
        cmocka_unit_test(rfc9111_5_2_1_2_max_stale_without_a_time_is_any),
        cmocka_unit_test(rfc9111_5_2_2_4_knows_names_of_fields),
        cmocka_unit_test(restricting_directives_count_with_any_value),
        cmocka_unit_test(rfc9213_2_2_the_targeted_field_goes_first),
        cmocka_unit_test(rfc9213_2_2_a_broken_targeted_field_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
