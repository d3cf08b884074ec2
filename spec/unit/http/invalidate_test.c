#include "http/invalidate.h"

#include "http/text.h"

static void rfc9111_4_4_unsafe_methods_that_did_not_fail(void **state)
{
    (void)state;
    static const char *const unsafe[] = {"POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "get"};
    static const char *const safe[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "SEARCH"};

    for (size_t i = 0; i < 6; i++) {
        assert_true(tg_invalidates(tg_text_of(unsafe[i]), 200));
        assert_true(tg_invalidates(tg_text_of(unsafe[i]), 201));
        assert_true(tg_invalidates(tg_text_of(unsafe[i]), 303));
        assert_false(tg_invalidates(tg_text_of(unsafe[i]), 100));
        assert_false(tg_invalidates(tg_text_of(unsafe[i]), 404));
        assert_false(tg_invalidates(tg_text_of(unsafe[i]), 500));
        assert_false(tg_invalidates(tg_text_of(safe[i]), 200));
    }
}

static const struct tg_target target = {
    .scheme = {"http", 4}, .authority = {"Shop.example", 12}, .path = {"/b/c/d;p?q", 10}};

static void expect(const char *reference, const char *wanted)
{
    struct tg_buffer out = {0};

    tg_buffer_append(&out, "key ", 4);
    bool well = tg_target_resolve(&target, tg_text_of(reference), &out);
    if (well != (wanted != NULL))
        fail_msg("%s gave \"%.*s\"", reference, (int)out.len, out.base);
    assert_text(tg_text(out.base + 4, out.len - 4), wanted != NULL ? wanted : "");
    tg_buffer_dispose(&out);
}

static void rfc3986_5_4_references_on_the_same_origin(void **state)
{
    (void)state;
    expect("g", "/b/c/g");
    expect("./g", "/b/c/g");
    expect("g/", "/b/c/g/");
    expect("/g", "/g");
    expect("?y", "/b/c/d;p?y");
    expect("g?y", "/b/c/g?y");
    expect("#s", "/b/c/d;p?q");
    expect("g#s", "/b/c/g");
    expect("g?y#s", "/b/c/g?y");
    expect("", "/b/c/d;p?q");
    expect(".", "/b/c/");
    expect("./", "/b/c/");
    expect("..", "/b/");
    expect("../g", "/b/g");
    expect("../..", "/");
    expect("../../g", "/g");
    expect("../../../g", "/g");
    expect("/./g", "/g");
    expect("/../g", "/g");
    expect("g.", "/b/c/g.");
    expect("..g", "/b/c/..g");
    expect("./../g", "/b/g");
    expect("g/./h", "/b/c/g/h");
    expect("g/../h", "/b/c/h");
    expect("/a//b", "/a//b");
    expect("g?y/../x", "/b/c/g?y/../x");
    expect(" /g ", "/g");
    expect("/a:b", "/a:b");
    expect("?a:b", "/b/c/d;p?a:b");
}

static void rfc9111_4_4_absolute_references_to_the_same_origin(void **state)
{
    (void)state;
    expect("http://shop.example/x?y", "/x?y");
    expect("HTTP://SHOP.EXAMPLE:80/x", "/x");
    expect("http://shop.example:/x", "/x");
    expect("//shop.example/x", "/x");
    expect("http://shop.example", "/");
}

static void rfc9111_4_4_other_origins_are_left_alone(void **state)
{
    (void)state;
    expect("http://other.example/x", NULL);
    expect("https://shop.example/x", NULL);
    expect("http://shop.example:8080/x", NULL);
    expect("http://user@shop.example/x", NULL);
    expect("//other.example/x", NULL);
    expect("mailto:x@shop.example", NULL);
    expect("http:/x", NULL);
    expect("http:", NULL);
}

static void nothing_is_appended_beyond_the_limit(void **state)
{
    (void)state;
    struct tg_buffer out = {.limit = 5};

    assert_true(tg_target_resolve(&target, TG_TEXT("/1234"), &out));
    out.len = 0;
    assert_false(tg_target_resolve(&target, TG_TEXT("/12345"), &out));
    assert_int_equal(out.len, 0);
    tg_buffer_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9111_4_4_unsafe_methods_that_did_not_fail),
        cmocka_unit_test(rfc3986_5_4_references_on_the_same_origin),
        cmocka_unit_test(rfc9111_4_4_absolute_references_to_the_same_origin),
        cmocka_unit_test(rfc9111_4_4_other_origins_are_left_alone),
        cmocka_unit_test(nothing_is_appended_beyond_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
