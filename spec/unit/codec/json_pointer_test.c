#include "unit.h"

#include "codec/json_pointer.h"

static const char sample[] =
    " { \"a\" : { \"b\" : [ 1 , { \"c\" : \"x\\u0041\\n\" } , [ ] , -2.50 ] , \"\" : true },"
    "\"m~n\": null, \"p/q\": false, \"a\u00e4\": \"\u00e4\" } ";

static void check(const char *pointer, const char *expected)
{
    struct tg_buffer out = {.limit = 0};

    assert_true(tg_json_pointer(tg_text_of(sample), tg_text_of(pointer), &out));
    assert_int_equal(strlen(expected), out.len);
    if (out.len != 0)
        assert_memory_equal(expected, out.base, out.len);
    tg_buffer_dispose(&out);
}

static void finds_what_it_names(void **state)
{
    (void)state;
    check("/a/b/0", "1");
    check("/a/b/1/c", "\"xA\\n\"");
    check("/a/b/3", "-2.50");
    check("/a/", "true");
    check("/m~0n", "null");
    check("/p~1q", "false");
    check("/a\u00e4", "\"\u00e4\"");
}

static void writes_values_without_white_space(void **state)
{
    (void)state;
    check("/a", "{\"b\":[1,{\"c\":\"xA\\n\",},[],-2.50,],\"\":true,}");
    check("/a/b/2", "[]");
}

static void finds_nothing_where_nothing_is(void **state)
{
    const char *pointers[] = {"/b",     "/a/c",   "/a/b/4",   "/a/b/01",
                              "/a/b/x", "/a/b/-", "/a/b/0/c", "/m~0n/x"};

    (void)state;
    for (size_t i = 0; i < sizeof(pointers) / sizeof(*pointers); i++)
        check(pointers[i], "");
}

static void refuses_what_is_no_json(void **state)
{
    struct tg_buffer out = {.limit = 0};

    (void)state;
    assert_false(tg_json_pointer(TG_TEXT("{\"a\":1"), TG_TEXT("/a"), &out));
    assert_false(tg_json_pointer(TG_TEXT(""), TG_TEXT("/a"), &out));
    assert_int_equal(0, out.len);
    tg_buffer_dispose(&out);
}

static void takes_values_up_to_the_limit(void **state)
{
    static char text[TG_JSON_POINTER_MOST + 16];
    struct tg_buffer out = {.limit = 0};

    (void)state;
    for (int more = 0; more < 2; more++) {
        size_t digits = TG_JSON_POINTER_MOST + (size_t)more;
        memset(text, '1', sizeof(text));
        memcpy(text, "{\"a\":", 5);
        text[5 + digits] = '}';
        bool well = tg_json_pointer(tg_text(text, digits + 6), TG_TEXT("/a"), &out);
        assert_int_equal(more == 0, well);
        assert_int_equal(TG_JSON_POINTER_MOST, out.len);
    }
    tg_buffer_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_it_names),
        cmocka_unit_test(writes_values_without_white_space),
        cmocka_unit_test(finds_nothing_where_nothing_is),
        cmocka_unit_test(refuses_what_is_no_json),
        cmocka_unit_test(takes_values_up_to_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
