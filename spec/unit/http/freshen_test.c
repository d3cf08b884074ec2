#include "http/freshen.h"

#include "http/head.h"

static bool is_for(const char *stored, const char *not_modified)
{
    return tg_freshen_is_for(HEAD(stored), HEAD(not_modified), 0);
}

static void rfc9111_4_3_4_a_304_with_the_same_strong_validator(void **state)
{
    (void)state;
    assert_true(is_for("ETag: \"a\"", "ETag: \"a\""));
    assert_false(is_for("ETag: \"a\"", "ETag: \"b\""));
    assert_false(is_for("ETag: \"a\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
                        "ETag: \"b\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT"));
}

static void rfc9111_4_3_4_a_304_with_a_weak_validator(void **state)
{
    (void)state;
    assert_true(is_for("ETag: W/\"a\"", "ETag: W/\"a\""));
    assert_true(is_for("ETag: W/\"a\"", "ETag: \"a\""));
    assert_true(is_for("ETag: \"a\"", "ETag: W/\"a\""));
    assert_false(is_for("ETag: \"a\"", "ETag: W/\"b\""));
    assert_true(is_for("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
                       "Last-Modified: Sunday, 06-Nov-94 08:49:37 GMT"));
    assert_false(is_for("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
                        "Last-Modified: Sun, 06 Nov 1994 08:49:38 GMT"));
    assert_true(is_for("Last-Modified: once", "Last-Modified: once"));
    assert_true(is_for("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
                       "ETag: \"new\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT"));
}

static void rfc9111_4_3_4_a_304_without_validators(void **state)
{
    (void)state;
    assert_true(is_for("ETag: \"a\"", ""));
    assert_true(is_for("", ""));
}

static void expect_merged(const char *stored, const char *update, const char *wanted)
{
    struct tg_header merged[2 * HEAD_FIELDS];
    struct tg_headers want = HEAD(wanted);

    assert_int_equal(tg_freshen_merge(HEAD(stored), HEAD(update), merged), want.count);
    for (size_t i = 0; i < want.count; i++) {
        assert_true(tg_text_is(merged[i].name, want.list[i].name));
        assert_true(tg_text_is(merged[i].value, want.list[i].value));
    }
}

static void rfc9111_3_2_new_fields_take_the_place_of_old_ones(void **state)
{
    (void)state;
    expect_merged("A: 1\nB: 2\nb: 3\nC: 4", "B: 5\nD: 6\nD: 7", "A: 1\nC: 4\nB: 5\nD: 6\nD: 7");
    expect_merged("Cache-Control: max-age=1\nDate: x", "cache-control: max-age=9\nDate: y",
                  "cache-control: max-age=9\nDate: y");
    expect_merged("Content-Type: a/b\nExpires: x", "Content-Type: a/c\nExpires: y",
                  "Content-Type: a/c\nExpires: y");
    expect_merged("A: 1", "", "A: 1");
}

static void rfc9110_6_6_1_an_update_without_date_is_from_now(void **state)
{
    (void)state;
    expect_merged("Date: x\nA: 1", "A: 2", "A: 2");
    expect_merged("Date: x\nA: 1", "Date: y", "A: 1\nDate: y");
}

static void rfc9111_4_2_3_the_age_of_the_update_comes_along(void **state)
{
    (void)state;
    expect_merged("Cache-Control: max-age=9", "Age: 7", "Cache-Control: max-age=9\nAge: 7");
}

static void rfc9111_3_2_what_describes_the_bytes_stays(void **state)
{
    (void)state;
    expect_merged("Content-Length: 5\nContent-Encoding: gzip\nContent-Range: x\nContent-MD5: y\n"
                  "ETag: \"a\"",
                  "Content-Length: 0\nContent-Encoding: br\nContent-Range: z\nContent-MD5: z\n"
                  "ETag: \"b\"",
                  "Content-Length: 5\nContent-Encoding: gzip\nContent-Range: x\nContent-MD5: y\n"
                  "ETag: \"a\"");
    expect_merged("A: 1", "Content-Encoding: br\nETag: \"b\"", "A: 1\nETag: \"b\"");
}

static void rfc9111_3_2_what_is_not_stored_is_not_taken_over(void **state)
{
    (void)state;
    expect_merged("A: 1\nC: 2",
                  "Connection: c\nC: 3\nKeep-Alive: 5\nSet-Cookie: x\n"
                  "Cache-Control: no-cache=\"set-cookie\"",
                  "A: 1\nC: 2\nCache-Control: no-cache=\"set-cookie\"");
}

static bool is_for_head(const char *stored, uint64_t length, const char *head)
{
    return tg_freshen_is_for_head(HEAD(stored), length, HEAD(head), 0);
}

static void rfc9111_4_3_5_a_head_that_agrees(void **state)
{
    (void)state;
    assert_true(is_for_head("ETag: \"a\"", 5, "ETag: \"a\"\nContent-Length: 5"));
    assert_true(is_for_head("ETag: \"a\"", 5, "X: y"));
    assert_true(is_for_head("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", 5,
                            "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_false(is_for_head("ETag: \"a\"", 5, "ETag: \"a\"\nContent-Length: 6"));
    assert_false(is_for_head("ETag: \"a\"", 5, "ETag: \"a\"\nContent-Length: 5x"));
    assert_false(is_for_head("ETag: \"a\"", 5, "ETag: \"b\""));
    assert_false(is_for_head("", 5, "ETag: \"b\""));
    assert_false(is_for_head("", 5, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9111_4_3_4_a_304_with_the_same_strong_validator),
        cmocka_unit_test(rfc9111_4_3_4_a_304_with_a_weak_validator),
        cmocka_unit_test(rfc9111_4_3_4_a_304_without_validators),
        cmocka_unit_test(rfc9111_3_2_new_fields_take_the_place_of_old_ones),
        cmocka_unit_test(rfc9110_6_6_1_an_update_without_date_is_from_now),
        cmocka_unit_test(rfc9111_4_2_3_the_age_of_the_update_comes_along),
        cmocka_unit_test(rfc9111_3_2_what_describes_the_bytes_stays),
        cmocka_unit_test(rfc9111_3_2_what_is_not_stored_is_not_taken_over),
        cmocka_unit_test(rfc9111_4_3_5_a_head_that_agrees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
