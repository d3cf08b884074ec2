#include "http/cookie.h"

#include "http/text.h"

static void expect_cookie(struct tg_text *rest, const char *name, const char *value)
{
    struct tg_cookie cookie;

    assert_true(tg_cookie_next(rest, &cookie));
    assert_text(cookie.name, name);
    assert_text(cookie.value, value);
}

static void reads_cookies_in_order(void **state)
{
    (void)state;
    struct tg_text rest = TG_TEXT("a=1; session=x=y==;b=;  c\t=\t2 ");
    struct tg_cookie cookie;

    expect_cookie(&rest, "a", "1");
    expect_cookie(&rest, "session", "x=y==");
    expect_cookie(&rest, "b", "");
    expect_cookie(&rest, "c", "2");
    assert_false(tg_cookie_next(&rest, &cookie));
}

static void takes_quotes_away(void **state)
{
    (void)state;
    struct tg_text rest = TG_TEXT("a=\"x y\"; b=\"; c=\"\"; d=\"x");

    expect_cookie(&rest, "a", "x y");
    expect_cookie(&rest, "b", "\"");
    expect_cookie(&rest, "c", "");
    expect_cookie(&rest, "d", "\"x");
}

static void passes_over_what_is_no_cookie(void **state)
{
    (void)state;
    struct tg_text rest = TG_TEXT("; flag; =v; ;a=1;");
    struct tg_cookie cookie;

    expect_cookie(&rest, "a", "1");
    assert_false(tg_cookie_next(&rest, &cookie));
}

static void decodes_escapes_but_no_plus(void **state)
{
    (void)state;
    char space[16];

    assert_text(tg_text(space, tg_cookie_decode(TG_TEXT("a%20b+c%zz"), space)), "a b+c%zz");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_cookies_in_order),
        cmocka_unit_test(takes_quotes_away),
        cmocka_unit_test(passes_over_what_is_no_cookie),
        cmocka_unit_test(decodes_escapes_but_no_plus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
