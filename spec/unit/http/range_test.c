#include "http/range.h"

#include "http/head.h"

static void expect_part(const char *value, uint64_t length, uint64_t first, uint64_t last)
{
    struct tg_range range;

    if (tg_range_read(tg_text_of(value), length, &range) != TG_RANGE_PART)
        fail_msg("is no part: %s", value);
    assert_int_equal(range.first, first);
    assert_int_equal(range.last, last);
}

static void expect(const char *value, uint64_t length, enum tg_range_answer answer)
{
    struct tg_range range;

    if (tg_range_read(tg_text_of(value), length, &range) != answer)
        fail_msg("has another answer: %s", value);
}

static void rfc9110_14_1_2_reads_one_range(void **state)
{
    (void)state;
    expect_part("bytes=0-1", 11, 0, 1);
    expect_part("bytes=1-", 11, 1, 10);
    expect_part("bytes=-1", 11, 10, 10);
    expect_part("bytes=-99", 11, 0, 10);
    expect_part("bytes=0-99", 11, 0, 10);
    expect_part("bytes=10-10", 11, 10, 10);
    expect_part("BYTES=0-1", 11, 0, 1);
    expect_part(" bytes=0-1 ", 11, 0, 1);
    expect_part("bytes=0-99999999999999999999999999", 11, 0, 10);
    expect_part("bytes=-99999999999999999999999999", 11, 0, 10);
}

static void rfc9110_15_5_17_nothing_of_it_is_there(void **state)
{
    (void)state;
    expect("bytes=11-", 11, TG_RANGE_UNSATISFIABLE);
    expect("bytes=11-12, 99999999999999999999999-", 11, TG_RANGE_UNSATISFIABLE);
    expect("bytes=-0", 11, TG_RANGE_UNSATISFIABLE);
}

static void rfc9110_14_2_what_cannot_be_read_is_passed_over(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=1",
        "bytes=2-1",
        "bytes=a-b",
        "bytes=1-b",
        "bytes=--1",
        "bytes=1-2-3",
        "bytes=1-2, x",
        "items=0-1",
        "bytes = 0-1",
        "bytes= 1 - 2",
        "bytes=,",
    };

    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
        expect(broken[i], 11, TG_RANGE_WHOLE);
}

static void rfc9110_14_2_several_ranges_may_be_answered_by_the_whole(void **state)
{
    (void)state;
    expect("bytes=0-1,3-4", 11, TG_RANGE_WHOLE);
    expect_part("bytes=0-1, 20-", 11, 0, 1);
    expect_part("bytes=20-, ,-2", 11, 9, 10);
}

static void an_empty_body_has_no_parts(void **state)
{
    (void)state;
    expect("bytes=0-", 0, TG_RANGE_WHOLE);
    expect("bytes=-1", 0, TG_RANGE_WHOLE);
}

static void rfc9110_13_1_5_if_range_decides(void **state)
{
    (void)state;
    const struct tg_validators validators = {
        .etag = TG_TEXT("\"a\""), .last_modified = TG_NO_DATE, .date = 0};
    struct tg_range range;

    assert_int_equal(tg_range_answer(HEAD(""), &validators, 11, 0, &range), TG_RANGE_WHOLE);
    assert_int_equal(tg_range_answer(HEAD("Range: bytes=1-2"), &validators, 11, 0, &range),
                     TG_RANGE_PART);
    assert_int_equal(
        tg_range_answer(HEAD("Range: bytes=1-2\nIf-Range: \"a\""), &validators, 11, 0, &range),
        TG_RANGE_PART);
    assert_int_equal(
        tg_range_answer(HEAD("Range: bytes=1-2\nIf-Range: \"b\""), &validators, 11, 0, &range),
        TG_RANGE_WHOLE);
    assert_int_equal(
        tg_range_answer(HEAD("Range: bytes=99-\nIf-Range: \"b\""), &validators, 11, 0, &range),
        TG_RANGE_WHOLE);
    assert_int_equal(
        tg_range_answer(HEAD("Range: bytes=1-2\nRange: bytes=1-2"), &validators, 11, 0, &range),
        TG_RANGE_WHOLE);
}

static void rfc9110_14_4_writes_content_range(void **state)
{
    (void)state;
    char out[TG_RANGE_TEXT];
    const struct tg_range part = {4, 9}, longest = {UINT64_MAX, UINT64_MAX};

    assert_text(tg_text(out, tg_range_write(out, &part, 10)), "bytes 4-9/10");
    assert_text(tg_text(out, tg_range_write(out, NULL, 10)), "bytes */10");
    assert_text(tg_text(out, tg_range_write(out, &longest, UINT64_MAX)),
                "bytes 18446744073709551615-18446744073709551615/18446744073709551615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9110_14_1_2_reads_one_range),
        cmocka_unit_test(rfc9110_15_5_17_nothing_of_it_is_there),
        cmocka_unit_test(rfc9110_14_2_what_cannot_be_read_is_passed_over),
        cmocka_unit_test(rfc9110_14_2_several_ranges_may_be_answered_by_the_whole),
        cmocka_unit_test(an_empty_body_has_no_parts),
        cmocka_unit_test(rfc9110_13_1_5_if_range_decides),
        cmocka_unit_test(rfc9110_14_4_writes_content_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
