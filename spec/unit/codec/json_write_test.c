#include "codec/json_write.h"
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void check_string(const char *text, size_t len, const char *want)
{
    struct tg_buffer out = {0};
    uint64_t high = 0;
    char *exact = malloc(len == 0 ? 1 : len);

    memcpy(exact, text, len);
    assert_true(tg_json_write_string(&out, tg_text(exact, len), &high));
    assert_int_equal(strlen(want), out.len);
    assert_memory_equal(want, out.base, out.len);
    free(exact);
    tg_buffer_dispose(&out);
}

static void escapes_strings(void **state)
{
    (void)state;
    check_string("", 0, "\"\"");
    struct tg_buffer out = {0};
    uint64_t high = 0;
    assert_true(tg_json_write_string(&out, tg_text(NULL, 0), &high));
    assert_int_equal(2, out.len);
    tg_buffer_dispose(&out);
    check_string("abc", 3, "\"abc\"");
    check_string("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
    check_string("\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"");
    check_string("\0\x01\x0b\x1f\x7f", 5, "\"\\u0000\\u0001\\u000b\\u001f\x7f\"");
    check_string("\xc3\xa9", 2, "\"\xc3\xa9\"");
}

/* One odd byte at every place of texts of every length up to some blocks. */
static void escapes_at_every_place(void **state)
{
    (void)state;
    char text[50], want[60];
    for (size_t len = 1; len <= sizeof(text); len++) {
        for (size_t at = 0; at < len; at++) {
            memset(text, 'x', len);
            text[at] = '"';
            memset(want, 'x', sizeof(want));
            want[0] = want[len + 2] = '"';
            memcpy(want + 1 + at, "\\\"", 2);
            want[len + 3] = '\0';
            check_string(text, len, want);
        }
    }
}

static void writes_long_strings(void **state)
{
    (void)state;
    struct tg_buffer out = {0};
    uint64_t high = 0;
    char *text = malloc(20000);
    memset(text, '\n', 20000);
    assert_true(tg_json_write_string(&out, tg_text(text, 20000), &high));
    assert_int_equal(40002, out.len);
    for (size_t i = 1; i < 40001; i += 2)
        assert_memory_equal("\\n", out.base + i, 2);
    free(text);
    tg_buffer_dispose(&out);
}

static void tells_of_bytes_that_are_not_ascii(void **state)
{
    (void)state;
    for (size_t len = 1; len < 40; len++) {
        for (size_t at = 0; at <= len; at++) {
            struct tg_buffer out = {0};
            uint64_t high = 0;
            char text[40];
            memset(text, 'x', sizeof(text));
            if (at < len)
                text[at] = '\x80';
            tg_json_write_string(&out, tg_text(text, len), &high);
            assert_int_equal(at < len, high != 0);
            tg_buffer_dispose(&out);
        }
    }
}

static void stops_at_the_limit_of_the_buffer(void **state)
{
    (void)state;
    struct tg_buffer out = {.limit = 10};
    uint64_t high = 0;
    assert_false(tg_json_write_string(&out, TG_TEXT("01234567890"), &high));
    assert_true(out.len <= 10);
    tg_buffer_dispose(&out);
}

static void expect_number(double number, const char *want)
{
    struct tg_buffer out = {0};

    assert_true(tg_json_write_number(&out, number));
    tg_buffer_put(&out, '\0');
    assert_string_equal(want, out.base);
    tg_buffer_dispose(&out);
}

static void writes_numbers_short(void **state)
{
    (void)state;
    expect_number(0, "0");
    expect_number(-0.0, "-0");
    expect_number(7, "7");
    expect_number(-10, "-10");
    expect_number(123456789, "123456789");
    expect_number(9007199254740991, "9007199254740991");
    expect_number(-9007199254740992, "-9007199254740992");
    expect_number(0.1, "0.1");
    expect_number(-0.5, "-0.5");
    expect_number(53.5436, "53.5436");
    expect_number(0.05, "0.05");
    expect_number(257.36, "257.36");
    expect_number(1e21, "1e+21");
    expect_number(1e300, "1e+300");
    expect_number(1.0 / 3, "0.3333333333333333");
    expect_number(0.1 + 0.2, "0.30000000000000004");
    expect_number(1.7976931348623157e308, "1.7976931348623157e+308");
}

/* Those of every length, and their neighbours, as printf has them. */
static void writes_whole_numbers(void **state)
{
    (void)state;
    int64_t power = 1;
    for (int digits = 1; digits <= 16; digits++, power *= 10) {
        for (int64_t n = power > 7 ? power - 7 : 0; n < power + 120; n++) {
            for (int sign = -1; sign <= 1; sign += 2) {
                char want[32];
                struct tg_buffer out = {0};
                snprintf(want, sizeof(want), "%lld", (long long)(sign * n));
                if (n == 0 && sign < 0)
                    continue;
                assert_int_equal(n < INT64_C(9007199254740992),
                                 tg_json_write_whole(&out, (double)(sign * n)));
                tg_buffer_put(&out, '\0');
                assert_string_equal(out.len > 1 ? want : "", out.base);
                tg_buffer_dispose(&out);
                if (n < INT64_C(9007199254740992))
                    expect_number((double)(sign * n), want);
            }
        }
    }
    const double others[] = {-0.0, 0.5, -1.5, NAN, INFINITY, -INFINITY, 9007199254740992.0, 1e300};
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        struct tg_buffer out = {0};
        assert_false(tg_json_write_whole(&out, others[i]));
        assert_int_equal(0, out.len);
        tg_buffer_dispose(&out);
    }
}

static void writes_decimals(void **state)
{
    (void)state;
    char want[40];
    for (int decimals = 1; decimals <= 9; decimals++) {
        for (int64_t n = 1; n < 100000000000000; n = n * 3 + decimals) {
            double number = (double)n / pow(10, decimals);
            if (number == floor(number) || number < 1e-4)
                continue;
            snprintf(want, sizeof(want), "%.15g", number);
            expect_number(number, want);
        }
    }
}

/* Whatever the bits are, the text reads back as the same double. */
static void writes_numbers_that_read_back(void **state)
{
    (void)state;
    uint64_t bits = 88172645463325252;
    for (int i = 0; i < 200000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        double number;
        memcpy(&number, &bits, sizeof(number));
        if (i % 3 == 1)
            number = (double)(bits % 100000000) / 1000;
        else if (i % 3 == 2)
            number = (double)(int64_t)(bits >> 8) / 1e6;
        if (!isfinite(number))
            continue;
        struct tg_buffer out = {0};
        assert_true(tg_json_write_number(&out, number));
        tg_buffer_put(&out, '\0');
        double again = strtod(out.base, NULL);
        assert_memory_equal(&number, &again, sizeof(number));
        tg_buffer_dispose(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_strings),
        cmocka_unit_test(escapes_at_every_place),
        cmocka_unit_test(writes_long_strings),
        cmocka_unit_test(tells_of_bytes_that_are_not_ascii),
        cmocka_unit_test(stops_at_the_limit_of_the_buffer),
        cmocka_unit_test(writes_numbers_short),
        cmocka_unit_test(writes_whole_numbers),
        cmocka_unit_test(writes_decimals),
        cmocka_unit_test(writes_numbers_that_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
