#include "codec/json_number.h"
#include "codec/json_write.h"
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct tg_json_number read_number(const char *text)
{
    struct tg_parse_error error;
    struct tg_json_reader reader;

    tg_json_begin(&reader, tg_text_of(text), 0, NULL, &error);
    assert_int_equal(TG_JSON_NUMBER, tg_json_next(&reader));
    assert_true(tg_text_is(tg_text_of(text), reader.number.text));
    return reader.number;
}

static void expect_exact(const char *text, double want)
{
    struct tg_json_number number = read_number(text);

    if (!number.exact)
        fail_msg("not exact: %s", text);
    assert_memory_equal(&want, &number.value, sizeof(want));
}

static void a_double_holds_most_numbers(void **state)
{
    (void)state;
    expect_exact("0", 0);
    expect_exact("-0", -0.0);
    expect_exact("-0.000e5", -0.0);
    expect_exact("0.1", 0.1);
    expect_exact("1.50", 1.5);
    expect_exact("-12345.678e3", -12345678);
    expect_exact("9007199254740991", 9007199254740991);
    expect_exact("9007199254740992", 9007199254740992);
    expect_exact("100000000000000000000", 1e20);
    expect_exact("1e22", 1e22);
    expect_exact("1e23", 1e23);
    expect_exact("1e-22", 1e-22);
    expect_exact("1.7976931348623157e308", 1.7976931348623157e308);
    expect_exact("0.30000000000000004", 0.1 + 0.2);
    expect_exact("0.3333333333333333", 1.0 / 3);
    expect_exact("123456789012345", 123456789012345);
    expect_exact("0.000000000000000000000000000001", 1e-30);
    expect_exact("1000000000000000000000000000000.000", 1e30);
}

static void expect_literal(const char *text)
{
    if (read_number(text).exact)
        fail_msg("exact: %s", text);
}

static void some_it_does_not_hold(void **state)
{
    (void)state;
    expect_literal("1234567890123456789");
    expect_literal("9007199254740993");
    expect_literal("-9007199254740993");
    expect_literal("0.1000000000000000055");
    expect_literal("0.10000000000000001");
    expect_literal("0.333333333333333333333");
    expect_literal("1e400");
    expect_literal("-1e400");
    expect_literal("1e-400");
    expect_literal("1e999999999999999999999");
    expect_literal("123456789012345678901234567890123456789012345678901234567890");
    expect_literal("3.14159265358979323846");
    expect_literal("18446744073709551616");
}

static void a_long_number_is_weighed_as_a_short_one(void **state)
{
    (void)state;
    char text[1200];
    memset(text, '0', sizeof(text));
    text[0] = '1';
    text[1100] = '\0';
    expect_literal(text);
    memcpy(text + 1094, "e-1093", 7);
    expect_exact(text, 1);
    text[0] = '0';
    text[1] = '.';
    memcpy(text + 1000, "1e1000", 7);
    expect_exact(text, 10);
}

/* What a double writes is what it holds; that digit of more is not. */
static void agrees_with_what_is_written(void **state)
{
    (void)state;
    uint64_t bits = 88172645463325252;
    for (int i = 0; i < 100000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        double number;
        memcpy(&number, &bits, sizeof(number));
        if (i % 2 == 1)
            number = (double)(bits >> 11) / 1e9;
        if (!isfinite(number))
            continue;
        struct tg_buffer out = {0};
        assert_true(tg_json_write_number(&out, number));
        tg_buffer_put(&out, '\0');
        expect_exact(out.base, number);
        tg_buffer_dispose(&out);
    }
}

/* As strtod reads it, whatever the way it took. */
static void rounds_as_strtod(void **state)
{
    (void)state;
    uint64_t seed = 362436069362436069;
    for (int i = 0; i < 100000; i++) {
        char text[64];
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        snprintf(text, sizeof(text), "%llu.%llue%d", (unsigned long long)(seed >> (seed % 60)),
                 (unsigned long long)(seed % 100000), (int)(seed % 61) - 30);
        double want = strtod(text, NULL), got = read_number(text).value;
        if (read_number(text).exact)
            assert_memory_equal(&want, &got, sizeof(want));
    }
}

/* Eight digits are read at once where there are eight bytes; what follows them is none of them. */
static void reads_digits_at_every_distance_from_the_end(void **state)
{
    (void)state;
    for (int digits = 1; digits <= 21; digits++) {
        for (int fraction = 0; fraction <= 17; fraction += 1) {
            for (int behind = 0; behind < 12; behind++) {
                char text[80] = "-";
                int n = 1;
                for (int i = 0; i < digits; i++)
                    text[n++] = (char)('1' + (i * 7 + fraction) % 9);
                if (fraction != 0)
                    text[n++] = '.';
                for (int i = 0; i < fraction; i++)
                    text[n++] = (char)('0' + (i * 3 + digits) % 10);
                double want = strtod(text, NULL);
                char *exact = malloc((size_t)(n + behind));
                memcpy(exact, text, (size_t)n);
                memset(exact + n, behind % 2 == 0 ? ' ' : '\n', (size_t)behind);
                struct tg_parse_error error;
                struct tg_json_reader reader;
                tg_json_begin(&reader, tg_text(exact, (size_t)(n + behind)), 0, NULL, &error);
                assert_int_equal(TG_JSON_NUMBER, tg_json_next(&reader));
                assert_int_equal(n, reader.number.text.len);
                if (reader.number.exact)
                    assert_memory_equal(&want, &reader.number.value, sizeof(want));
                assert_true(reader.number.exact || digits + fraction > 15);
                assert_int_equal(TG_JSON_DONE, tg_json_next(&reader));
                free(exact);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_digits_at_every_distance_from_the_end),
        cmocka_unit_test(a_double_holds_most_numbers),
        cmocka_unit_test(some_it_does_not_hold),
        cmocka_unit_test(a_long_number_is_weighed_as_a_short_one),
        cmocka_unit_test(agrees_with_what_is_written),
        cmocka_unit_test(rounds_as_strtod),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
