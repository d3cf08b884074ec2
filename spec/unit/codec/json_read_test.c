#include "codec/json_read.h"
#include "unit.h"

#include <stdlib.h>

/* From memory of exactly that size, so that a sanitizer sees a step too far. */
static bool validates(const char *text, size_t len, size_t depth, struct tg_parse_error *error)
{
    char *exact = malloc(len == 0 ? 1 : len);

    memcpy(exact, text, len);
    bool good = tg_json_validate(tg_text(exact, len), depth, error);
    free(exact);
    return good;
}

static void expect_good(const char *text)
{
    struct tg_parse_error error;

    if (!validates(text, strlen(text), 0, &error))
        fail_msg("%s: %s", text, error.text);
}

static void expect_error(const char *text, const char *want)
{
    struct tg_parse_error error;

    if (validates(text, strlen(text), 0, &error))
        fail_msg("accepted: %s", text);
    assert_string_equal(want, error.text);
}

static void expect_bad(const char *const *texts)
{
    struct tg_parse_error error;

    for (; *texts != NULL; texts++) {
        if (validates(*texts, strlen(*texts), 0, &error))
            fail_msg("accepted: %s", *texts);
    }
}

static void reads_every_kind_of_value(void **state)
{
    (void)state;
    const char *const good[] = {
        "null",
        " true ",
        "false\n",
        "0",
        "-0",
        "-1.5e+10",
        "1E400",
        "0.0",
        "\"\"",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        "[1,[2,{\"a\":[]}]]",
        "{\"a\":1,\"b\":{\"c\":null}}",
        "\t[\r\n1 , 2 ]",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"",
        "\"\xc3\xa9\xf0\x9f\x98\x80\x7f\"",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        expect_good(good[i]);
}

static void refuses_what_is_no_json(void **state)
{
    (void)state;
    const char *const bad[] = {
        "",
        " ",
        "nul",
        "nulls",
        "True",
        "NaN",
        "Infinity",
        "-Infinity",
        "-",
        "+1",
        ".5",
        "1.",
        "01",
        "-01",
        "1e",
        "1e+",
        "0x1",
        "1.e5",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1",
        "]",
        "[}",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1]",
        "{,}",
        "'a'",
        "\"",
        "\"a",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800x\"",
        "\"\t\"",
        "\"\n\"",
        "1 2",
        "[] x",
        "\"\xff\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "[\"a\xe2\x82\"]",
        "\xef\xbb\xbf{}",
        "[1]//",
        "/**/1",
        "tru",
        "\"\\",
        "\"\\ud83d\\u",
        NULL,
    };
    expect_bad(bad);
}

static void says_where_it_is_wrong(void **state)
{
    (void)state;
    expect_error("{\"a\":\n [1,]}", "json: line 2, column 5: expected a value");
    expect_error("[1 2]", "json: line 1, column 4: expected \",\" or \"]\"");
    expect_error("{\"a\":1", "json: line 1, column 7: expected \",\" or \"}\"");
    expect_error("{\"a\" 1}", "json: line 1, column 6: expected \":\"");
    expect_error("{x}", "json: line 1, column 2: expected a key");
    expect_error("[\"abc", "json: line 1, column 6: a string without its end");
    expect_error("[\"a\\qb\"]", "json: line 1, column 4: a broken escape");
    expect_error("[\"a\nb\"]", "json: line 1, column 4: a control character in a string");
    expect_error("[\"aaaaaaaaaaaaaaaaaaaaaaaa\xff\"]",
                 "json: line 1, column 27: the text is not UTF-8");
    expect_error("[01]", "json: line 1, column 2: a number that begins with 0");
    expect_error("[-]", "json: line 1, column 3: expected a digit");
    expect_error("[1e]", "json: line 1, column 2: a number without its exponent");
    expect_error("1 x", "json: line 1, column 3: text behind the value");
    expect_error("", "json: line 1, column 1: expected a value");
}

static void nest(struct tg_buffer *out, size_t levels, const char *opens, char closes)
{
    out->len = 0;
    for (size_t i = 0; i < levels; i++)
        tg_buffer_append(out, opens, strlen(opens));
    if (closes == '}')
        tg_buffer_put(out, '1');
    for (size_t i = 0; i < levels; i++)
        tg_buffer_put(out, closes);
}

static void holds_the_limit_of_depth(void **state)
{
    (void)state;
    struct tg_parse_error error;
    struct tg_buffer out = {0};
    const size_t limits[] = {0, 1, 63, 64, 65, 1024};
    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
        size_t most = limits[i] == 0 ? 256 : limits[i];
        nest(&out, most, "[", ']');
        assert_true(validates(out.base, out.len, limits[i], &error));
        nest(&out, most, "{\"a\":", '}');
        assert_true(validates(out.base, out.len, limits[i], &error));
        nest(&out, most + 1, "[", ']');
        assert_false(validates(out.base, out.len, limits[i], &error));
        assert_string_equal("depth", error.limit);
        assert_int_equal(most + 1, error.column);
    }
    nest(&out, 1025, "[", ']');
    assert_false(validates(out.base, out.len, 1000000, &error));
    assert_non_null(strstr(error.text, "more than 1024 levels (limit depth)"));
    tg_buffer_dispose(&out);
}

static void check_string(const char *json, const char *want, size_t len)
{
    struct tg_parse_error error;
    struct tg_json_reader reader;
    struct tg_buffer scratch = {0};

    tg_json_begin(&reader, tg_text_of(json), 0, &scratch, &error);
    assert_int_equal(TG_JSON_STRING, tg_json_next(&reader));
    assert_int_equal(len, reader.text.len);
    assert_memory_equal(want, reader.text.base, len);
    assert_int_equal(TG_JSON_DONE, tg_json_next(&reader));
    tg_buffer_dispose(&scratch);
}

static void decodes_strings(void **state)
{
    (void)state;
    check_string("\"plain\"", "plain", 5);
    check_string("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
    check_string("\"a\\u0000b\"", "a\0b", 3);
    check_string("\"\\u00E9\\u20ac\\ud83d\\ude00\"", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9);
    check_string("\"some more text before \\n and between \xc3\xa9 and \\t behind it all\"",
                 "some more text before \n and between \xc3\xa9 and \t behind it all", 58);
}

static void gives_events_in_order(void **state)
{
    (void)state;
    static const enum tg_json_event want[] = {
        TG_JSON_OBJECT, TG_JSON_KEY,    TG_JSON_ARRAY, TG_JSON_TRUE,   TG_JSON_FALSE,
        TG_JSON_NULL,   TG_JSON_END,    TG_JSON_KEY,   TG_JSON_OBJECT, TG_JSON_END,
        TG_JSON_KEY,    TG_JSON_NUMBER, TG_JSON_END,   TG_JSON_DONE,   TG_JSON_DONE};
    struct tg_parse_error error;
    struct tg_json_reader reader;
    struct tg_buffer scratch = {0};
    tg_json_begin(&reader, TG_TEXT("{\"a\":[true,false,null],\"b\":{},\"c\":1}"), 0, &scratch,
                  &error);
    for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
        assert_int_equal(want[i], tg_json_next(&reader));
    tg_buffer_dispose(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_kind_of_value), cmocka_unit_test(refuses_what_is_no_json),
        cmocka_unit_test(says_where_it_is_wrong),    cmocka_unit_test(holds_the_limit_of_depth),
        cmocka_unit_test(decodes_strings),           cmocka_unit_test(gives_events_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
