#include "http/vary.h"

#include <stdlib.h>

#include "http/head.h"

static void expect_names(const char *head, enum tg_vary vary, const char *names)
{
    struct tg_buffer out = {0};

    assert_int_equal(tg_vary_read(HEAD(head), &out), vary);
    assert_text(tg_text(out.base, out.len), names);
    tg_buffer_dispose(&out);
}

static void expect_key(const char *names, const char *request, const char *key)
{
    struct tg_buffer out = {0};

    tg_vary_key(tg_text_of(names), HEAD(request), &out);
    assert_text(tg_text(out.base, out.len), key);
    tg_buffer_dispose(&out);
}

static void expect_same(const char *names, const char *a, const char *b, bool same)
{
    struct tg_buffer x = {0}, y = {0};

    tg_vary_key(tg_text_of(names), HEAD(a), &x);
    tg_vary_key(tg_text_of(names), HEAD(b), &y);
    if (tg_text_is(tg_text(x.base, x.len), tg_text(y.base, y.len)) != same)
        fail_msg("\"%s\" gave \"%.*s\", \"%s\" gave \"%.*s\"", a, (int)x.len, x.base, b, (int)y.len,
                 y.base);
    tg_buffer_dispose(&x);
    tg_buffer_dispose(&y);
}

static void rfc9110_12_5_5_names_have_a_normal_form(void **state)
{
    (void)state;
    expect_names("", TG_VARY_NOTHING, "");
    expect_names("Vary:", TG_VARY_NOTHING, "");
    expect_names("Vary: Foo", TG_VARY_FIELDS, "foo");
    expect_names("Vary: Foo, bar,,FOO\nvary: Accept", TG_VARY_FIELDS, "accept,bar,foo");
    expect_names("Vary: fo, foo, f", TG_VARY_FIELDS, "f,fo,foo");
}

static void rfc9110_12_5_5_a_star_is_anything(void **state)
{
    (void)state;
    static const char *const stars[] = {
        "Vary: *",      "Vary: *, *",     "Vary: *\nVary: *", "Vary: , *",     "Vary: *, Foo",
        "Vary: Foo, *", "Vary:\nVary: *", "Vary: foo bar",    "Vary: \"foo\"",
    };

    for (size_t i = 0; i < sizeof(stars) / sizeof(*stars); i++)
        expect_names(stars[i], TG_VARY_ANYTHING, "");
}

static void more_names_than_the_limit_are_anything(void **state)
{
    (void)state;
    char head[512] = "Vary: x0";
    size_t len = strlen(head);

    for (int i = 1; i < TG_VARY_NAMES; i++) {
        const char name[] = {',', 'x', (char)('0' + i / 10), (char)('0' + i % 10), '\0'};
        strcpy(head + len, name);
        len += strlen(name);
    }
    struct tg_buffer out = {0};
    assert_int_equal(tg_vary_read(HEAD(head), &out), TG_VARY_FIELDS);
    strcpy(head + len, ",y");
    assert_int_equal(tg_vary_read(HEAD(head), &out), TG_VARY_ANYTHING);
    tg_buffer_dispose(&out);
}

static void rfc9111_4_1_the_key_has_each_field_or_its_absence(void **state)
{
    (void)state;
    expect_key("", "Foo: 1", "");
    expect_key("foo", "Foo: 1\nBar: 2", "=1\n");
    expect_key("foo", "Bar: 2", "-\n");
    expect_key("foo", "Foo:", "=\n");
    expect_key("bar,baz,foo", "Baz: 7\nFOO: x\nBar: y", "=y\n=7\n=x\n");
    expect_same("foo", "Foo: 1", "Foo: 2", false);
    expect_same("foo", "Foo: a", "Foo: A", false);
    expect_same("foo", "", "Foo:", false);
    expect_same("a,b", "A: 1", "B: 1", false);
    expect_same("foo", "Foo: 1\nOther: 2", "Other: 3\nFoo: 1", true);
}

static void rfc9111_4_1_white_space_and_combining_say_nothing(void **state)
{
    (void)state;
    expect_same("foo", "Foo: 1, 2", "Foo: 1\nFoo: 2", true);
    expect_same("foo", "Foo: 1,2", "Foo:  1, 2 ", true);
    expect_same("foo", "Foo: 1, 2", "Foo: 2, 1", false);
    expect_same("foo", "Foo: 1, 2", "Foo: 1 2", false);
    expect_same("foo", "Foo: \"1, 2\"", "Foo: \"1,2\"", false);
    expect_same("foo", "Foo: a,,b", "Foo: a,b", false);
}

static void rfc9110_12_5_4_languages_in_the_order_of_their_weights(void **state)
{
    (void)state;
    static const char *const name = "accept-language";

    expect_same(name, "Accept-Language: en, de", "Accept-Language: de, en", true);
    expect_same(name, "Accept-Language: en, de", "Accept-Language: eN, De", true);
    expect_same(name, "Accept-Language: en, de", "Accept-Language:  en ,   de", true);
    expect_same(name, "Accept-Language: en, de", "Accept-Language: en\nAccept-Language: de", true);
    expect_same(name, "Accept-Language: en;q=0.5, de", "Accept-Language: de, en ; Q=0.500", true);
    expect_same(name, "Accept-Language: en;q=1.0", "Accept-Language: en", true);
    expect_same(name, "Accept-Language: en;q=0.5, de", "Accept-Language: en, de;q=0.5", false);
    expect_same(name, "Accept-Language: en;q=0.5", "Accept-Language: en;q=0.501", false);
    expect_same(name, "Accept-Language: en;q=0", "Accept-Language: de", false);
    expect_key(name, "Accept-Language: fr;q=0.5, de", "=de,fr;500\n");
}

static void rfc9110_12_5_3_codings_have_one_name(void **state)
{
    (void)state;
    static const char *const name = "accept-encoding";

    expect_key(name, "Accept-Encoding: gzip, deflate, br", "=br,deflate,gzip\n");
    expect_same(name, "Accept-Encoding: gzip, br", "Accept-Encoding: br,X-GZIP", true);
    expect_same(name, "Accept-Encoding: gzip", "Accept-Encoding: gzip;q=0", false);
    expect_same(name, "Accept-Encoding: gzip", "Accept-Encoding:", false);
    expect_same(name, "Accept-Encoding: gzip", "", false);
}

static void rfc9110_12_5_1_media_types_keep_their_parameters(void **state)
{
    (void)state;
    static const char *const name = "accept";

    expect_same(name, "Accept: text/html; level=1, a/b", "Accept: a/b, TEXT/html;level=1", true);
    expect_same(name, "Accept: text/html;level=1", "Accept: text/html;level=2", false);
    expect_same(name, "Accept: a/b;x=\"Y z\"", "Accept: a/b;x=\"y z\"", false);
    expect_key(name, "Accept: a/b;qs=0.1;q=0.25", "=a/b;qs=0.1;250\n");
}

static void broken_weights_are_compared_as_they_are_written(void **state)
{
    (void)state;
    expect_key("accept", "Accept: b;q=2, A", "=b;q=2,A\n");
    expect_key("accept", "Accept: b;q=0.1234, A", "=b;q=0.1234,A\n");
    expect_key("accept", "Accept: b;q=1.001, A", "=b;q=1.001,A\n");
    expect_key("accept", "Accept: b;q=x, A", "=b;q=x,A\n");
    expect_key("accept", "Accept: b;q=, A", "=b;q=,A\n");
}

static void long_lists_are_not_sorted(void **state)
{
    (void)state;
    char head[256] = "Accept: b,a";

    for (int i = 0; i < 30; i++)
        strcat(head, ",a");
    struct tg_buffer out = {0};
    tg_vary_key(TG_TEXT("accept"), HEAD(head), &out);
    assert_memory_equal(out.base, "=a,a", 4);
    strcat(head, ",a");
    tg_buffer_clear(&out, 4096);
    tg_vary_key(TG_TEXT("accept"), HEAD(head), &out);
    assert_memory_equal(out.base, "=b,a", 4);
    tg_buffer_dispose(&out);
}

static void the_key_keeps_to_the_limit_of_its_buffer(void **state)
{
    (void)state;
    struct tg_buffer out = {.limit = 3};

    tg_vary_key(TG_TEXT("foo"), HEAD("Foo: abc"), &out);
    assert_true(out.full);
    tg_buffer_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9110_12_5_5_names_have_a_normal_form),
        cmocka_unit_test(rfc9110_12_5_5_a_star_is_anything),
        cmocka_unit_test(more_names_than_the_limit_are_anything),
        cmocka_unit_test(rfc9111_4_1_the_key_has_each_field_or_its_absence),
        cmocka_unit_test(rfc9111_4_1_white_space_and_combining_say_nothing),
        cmocka_unit_test(rfc9110_12_5_4_languages_in_the_order_of_their_weights),
        cmocka_unit_test(rfc9110_12_5_3_codings_have_one_name),
        cmocka_unit_test(rfc9110_12_5_1_media_types_keep_their_parameters),
        cmocka_unit_test(broken_weights_are_compared_as_they_are_written),
        cmocka_unit_test(long_lists_are_not_sorted),
        cmocka_unit_test(the_key_keeps_to_the_limit_of_its_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
