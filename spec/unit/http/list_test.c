#include "http/list.h"

#include "http/head.h"

static void expect_members(const char *list, const char *const *wanted)
{
    struct tg_text rest = tg_text_of(list), member;

    for (; *wanted != NULL; wanted++) {
        assert_true(tg_list_next(&rest, &member));
        assert_text(member, *wanted);
    }
    assert_false(tg_list_next(&rest, &member));
}

static void cuts_at_commas_and_passes_over_empty_members(void **state)
{
    (void)state;
    expect_members("a, b ,,\tc\t, ", (const char *[]){"a", "b", "c", NULL});
    expect_members("", (const char *[]){NULL});
    expect_members(" , ,", (const char *[]){NULL});
}

static void keeps_commas_in_quotes(void **state)
{
    (void)state;
    expect_members("x=\"a, b\", c", (const char *[]){"x=\"a, b\"", "c", NULL});
    expect_members("x=\"a\\\", b\", c", (const char *[]){"x=\"a\\\", b\"", "c", NULL});
    expect_members("x=\"a, b", (const char *[]){"x=\"a, b", NULL});
    expect_members("x=\"a\\", (const char *[]){"x=\"a\\", NULL});
}

static void finds_names(void **state)
{
    (void)state;
    assert_true(tg_list_names(TG_TEXT("Accept, COOKIE"), TG_TEXT("cookie")));
    assert_false(tg_list_names(TG_TEXT("Accept, COOKIE2"), TG_TEXT("cookie")));
}

static void takes_whole_quoted_strings_out_of_their_quotes(void **state)
{
    (void)state;
    struct tg_text text = TG_TEXT("\"a\\\"b\"");

    assert_true(tg_list_unquote(&text));
    assert_text(text, "a\\\"b");
    static const char *const broken[] = {"", "\"", "a", "\"a", "a\"", "\"a\"b\"", "\"a\\\""};
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        text = tg_text_of(broken[i]);
        assert_false(tg_list_unquote(&text));
        assert_text(text, broken[i]);
    }
}

static void finds_fields_in_order(void **state)
{
    (void)state;
    struct tg_headers headers = HEAD("A: 1\nB: 2\na: 3");
    size_t at = 0;

    assert_text(tg_headers_first(headers, TG_TEXT("b"))->value, "2");
    assert_text(tg_headers_next(headers, TG_TEXT("a"), &at)->value, "1");
    assert_text(tg_headers_next(headers, TG_TEXT("a"), &at)->value, "3");
    assert_null(tg_headers_next(headers, TG_TEXT("a"), &at));
    assert_null(tg_headers_first(headers, TG_TEXT("c")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_at_commas_and_passes_over_empty_members),
        cmocka_unit_test(keeps_commas_in_quotes),
        cmocka_unit_test(finds_names),
        cmocka_unit_test(takes_whole_quoted_strings_out_of_their_quotes),
        cmocka_unit_test(finds_fields_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
