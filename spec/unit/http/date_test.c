#include "http/date.h"

#include <stdio.h>
#include <time.h>

#include "http/text.h"

static const int64_t now = 1792848000; /* in October 2026 */

static int64_t read_at(const char *text, int64_t when)
{
    return tg_http_date_read(tg_text_of(text), when);
}

static void rfc9110_5_6_7_reads_three_forms(void **state)
{
    (void)state;
    assert_int_equal(read_at("Sun, 06 Nov 1994 08:49:37 GMT", now), 784111777);
    assert_int_equal(read_at("Sunday, 06-Nov-94 08:49:37 GMT", now), 784111777);
    assert_int_equal(read_at("Sun Nov  6 08:49:37 1994", now), 784111777);
    assert_int_equal(read_at("Wed Nov 16 08:49:37 1994", now), 784975777);
    assert_int_equal(read_at("Wednesday, 16-Nov-94 08:49:37 GMT", now), 784975777);
}

static void rfc9110_5_6_7_takes_a_far_year_of_two_digits_as_past(void **state)
{
    (void)state;
    assert_int_equal(read_at("Tuesday, 18-Aug-76 02:01:18 GMT", now), INT64_C(3364941678));
    assert_int_equal(read_at("Thursday, 18-Aug-77 02:01:18 GMT", now), INT64_C(240717678));
    assert_int_equal(read_at("Thursday, 01-Jan-70 00:00:00 GMT", 0), 0);
    assert_int_equal(read_at("Tuesday, 01-Jan-19 00:00:00 GMT", 0), INT64_C(1546300800));
}

static void names_are_taken_in_any_case(void **state)
{
    (void)state;
    assert_int_equal(read_at("sUN, 06 nOV 1994 08:49:37 gmt", now), 784111777);
    assert_int_equal(read_at("SUNDAY, 06-NOV-94 08:49:37 GMT", now), 784111777);
}

static void the_day_of_the_week_may_be_wrong(void **state)
{
    (void)state;
    assert_int_equal(read_at("Mon, 06 Nov 1994 08:49:37 GMT", now), 784111777);
}

static void edges_of_the_calendar_are_known(void **state)
{
    (void)state;
    assert_int_equal(read_at("Thu, 01 Jan 1970 00:00:00 GMT", now), 0);
    assert_int_equal(read_at("Wed, 31 Dec 1969 23:59:59 GMT", now), -1);
    assert_int_equal(read_at("Tue, 29 Feb 2000 00:00:00 GMT", now), 951782400);
    assert_int_equal(read_at("Mon, 01 Jan 0001 00:00:00 GMT", now), INT64_C(-62135596800));
    assert_int_equal(read_at("Fri, 31 Dec 9999 23:59:59 GMT", now), INT64_C(253402300799));
    assert_int_equal(read_at("Sat, 31 Dec 2016 23:59:60 GMT", now), 1483228799);
}

static void refuses_what_is_no_date(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "",
        "0",
        "-1",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06  Nov 1994 08:49:37 GM",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08.49.37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 29 Feb 1900 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 23:60:00 GMT",
        "Sun, 06 Nov 1994 23:59:61 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nox 1994 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sund, 06-Nov-94 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 EST",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun Nov  0 08:49:37 1994",
    };

    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
        if (read_at(broken[i], now) != TG_NO_DATE)
            fail_msg("was taken: %s", broken[i]);
}

/* Every day that is 11 h later and a bit than the last, in the forms of the C library. */
static void agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t at = INT64_C(-62135596800); at < INT64_C(253402300799); at += 864000 * 3 + 40007) {
        char want[64], got[TG_HTTP_DATE_LEN], asc[64];
        time_t when = (time_t)at;
        struct tm tm;

        gmtime_r(&when, &tm);
        strftime(want, sizeof(want), "%a, %d %b ", &tm);
        snprintf(want + 12, 20, "%04d", tm.tm_year + 1900);
        strftime(want + 16, 20, " %H:%M:%S GMT", &tm);
        tg_http_date_write(got, at);
        assert_memory_equal(got, want, TG_HTTP_DATE_LEN);
        assert_int_equal(tg_http_date_read(tg_text(got, TG_HTTP_DATE_LEN), 0), at);
        strftime(asc, sizeof(asc), "%a %b %e %H:%M:%S ", &tm);
        snprintf(asc + 20, 20, "%04d", tm.tm_year + 1900);
        assert_int_equal(read_at(asc, 0), at);
    }
}

static void writes_no_year_that_has_no_four_digits(void **state)
{
    (void)state;
    char out[TG_HTTP_DATE_LEN];

    tg_http_date_write(out, INT64_MAX);
    assert_memory_equal(out, "Fri, 31 Dec 9999 23:59:59 GMT", TG_HTTP_DATE_LEN);
    tg_http_date_write(out, INT64_MIN);
    assert_memory_equal(out, "Mon, 01 Jan 0001 00:00:00 GMT", TG_HTTP_DATE_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9110_5_6_7_reads_three_forms),
        cmocka_unit_test(rfc9110_5_6_7_takes_a_far_year_of_two_digits_as_past),
        cmocka_unit_test(names_are_taken_in_any_case),
        cmocka_unit_test(the_day_of_the_week_may_be_wrong),
        cmocka_unit_test(edges_of_the_calendar_are_known),
        cmocka_unit_test(refuses_what_is_no_date),
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(writes_no_year_that_has_no_four_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
