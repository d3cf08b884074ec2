#include "codec/json_records.h"
#include "codec/json_read.h"
#include "unit.h"

/* Takes what is JSON. */
static bool take(void *context, struct tg_text document, struct tg_parse_error *error)
{
    struct tg_buffer *taken = context;

    if (!tg_json_validate(document, 0, error))
        return false;
    tg_buffer_append(taken, document.base, document.len);
    tg_buffer_put(taken, '|');
    return true;
}

/* The records of the document, or what is wrong, cut into pieces of n bytes. */
static void expect_cut(const char *document, const char *path, size_t n,
                       const struct tg_xml_write_options *options, const char *want)
{
    struct tg_buffer taken = {0};
    struct tg_parse_error error = {0};
    struct tg_json_records *records =
        tg_json_records_create(tg_text_of(path), options, take, &taken);
    struct tg_text rest = tg_text_of(document);
    bool good = true;

    while (good && rest.len != 0) {
        size_t piece = rest.len < n ? rest.len : n;
        good = tg_json_records_feed(records, tg_text(rest.base, piece), &error);
        rest = tg_text(rest.base + piece, rest.len - piece);
    }
    good = good && tg_json_records_end(records, &error);
    tg_buffer_put(&taken, '\0');
    assert_string_equal(good ? taken.base : error.text, want);
    tg_buffer_dispose(&taken);
    tg_json_records_destroy(records);
}

static void expect(const char *document, const char *path, const char *want)
{
    struct tg_xml_write_options options = {0};

    for (size_t n = 1; n <= strlen(document) + 1; n++)
        expect_cut(document, path, n, &options, want);
}

static void gives_the_same_however_it_is_cut(void **state)
{
    (void)state;
    expect(" {\"a\": [1, {\"b\" : {\"c\":\"]}\\\"\",\"b\":[{}]}}, {\"b\":[\"\\\\\",\n-1.5e3 "
           ",null,[ [true]"
           "]]} ] , \"\\u0062\":2}\n",
           "//b",
           "{\"b\":{\"c\":\"]}\\\"\",\"b\":[{}]}}|{\"b\":\"\\\\\"}|{\"b\":-1.5e3}|{\"b\":null}|"
           "{\"b\":true}|{\"\\u0062\":2}|");
}

static void knows_the_path(void **state)
{
    (void)state;
    static const char document[] =
        "{\"a\":{\"b\":{\"c\":1},\"c\":[2,3],\"d\":[{\"b\":{\"c\":4}}],\"b/c\":5},\"c\":6}";
    expect(document, "/a/c", "{\"c\":2}|{\"c\":3}|");
    expect(document, "/a/b/c", "{\"c\":1}|");
    expect(document, "//b/c", "{\"c\":1}|{\"c\":4}|");
    expect(document, "//c", "{\"c\":1}|{\"c\":2}|{\"c\":3}|{\"c\":4}|{\"c\":6}|");
    expect(document, "/a/d", "{\"d\":{\"b\":{\"c\":4}}}|");
    expect(document, "/c/c", "");
    expect(document, "/x/a/c", "");
    expect("[1,[{\"a\":[]},\"x\"],[],{}]", "/", "1|{\"a\":[]}|\"x\"|{}|");
    expect("{\"a\":{}}", "/", "{\"a\":{}}|");
    expect("7", "/", "7|");
    assert_true(tg_json_records_path_is_valid(TG_TEXT("/")));
    assert_true(tg_json_records_path_is_valid(TG_TEXT("//a/b")));
    assert_false(tg_json_records_path_is_valid(TG_TEXT("")));
    assert_false(tg_json_records_path_is_valid(TG_TEXT("a")));
    assert_false(tg_json_records_path_is_valid(TG_TEXT("/a/")));
}

#define WRONG(document, place) expect(document, "//b", "json: line " place)

static void says_where_the_whole_is_wrong(void **state)
{
    (void)state;
    WRONG("", "1, column 1: the document ends too early");
    WRONG("{\"a\":1", "1, column 7: the document ends too early");
    WRONG("{\"a\":\"1", "1, column 6: the document ends too early");
    WRONG("{\"b\":{\"c\":\n1", "2, column 2: the document ends too early");
    WRONG("{\"a\":1}\n x", "2, column 2: text behind the value");
    WRONG("{\"a\":1]", "1, column 7: expected \",\" or \"}\"");
    WRONG("[1}", "1, column 3: expected \",\" or \"]\"");
    WRONG("[1 2]", "1, column 4: expected \",\" or \"]\"");
    WRONG("[1,]", "1, column 4: expected a value");
    WRONG("[,1]", "1, column 2: expected a value");
    WRONG("{\"a\":}", "1, column 6: expected a value");
    WRONG("{\"a\",1}", "1, column 5: expected \":\"");
    WRONG("{\"a\" 1}", "1, column 6: expected \":\"");
    WRONG("{a:1}", "1, column 2: expected a key");
    WRONG("{1:1}", "1, column 2: expected a key");
    WRONG("{\"a\":1,}", "1, column 8: expected a key");
    WRONG("}", "1, column 1: expected a value");
    WRONG("[1,\n tru]", "2, column 2: expected a value");
    WRONG("[01]", "1, column 2: a number that begins with 0");
    WRONG("[\"x\\q\"]", "1, column 4: a broken escape");
    WRONG("{\"\xff\":1}", "1, column 3: the text is not UTF-8");
    WRONG("{\"b\":[1,{\"c\":[}]}", "1, column 15: expected a value");
    WRONG("{\"b\":[1,\n{\"c\":\n 01}]}", "3, column 2: a number that begins with 0");
    WRONG("{\"b\":\"\\q\"}", "1, column 7: a broken escape");
}

static void holds_to_its_limits(void **state)
{
    (void)state;
    struct tg_xml_write_options options = {.limits = {.input = 11, .depth = 2, .key = 3}};

    for (size_t n = 1; n < 20; n++) {
        expect_cut("{\"b\":{\"c\":1}}", "//b", n,
                   &(struct tg_xml_write_options){.limits.input = 13}, "{\"b\":{\"c\":1}}|");
        expect_cut("{\"b\":{\"c\":1}}", "//b", n,
                   &(struct tg_xml_write_options){.limits.input = 12},
                   "json: line 1, column 6: a record has more than 12 bytes (limit input)");
        expect_cut("[[\"xxxxxxxxx\"]]", "/b", n, &options, "");
        expect_cut("[[\"xxxxxxxxxx\"]]", "/b", n, &options,
                   "json: line 1, column 3: a text or number has more than 11 bytes (limit input)");
        expect_cut("[[[]]]", "/b", n, &options,
                   "json: line 1, column 3: more than 2 levels (limit depth)");
        expect_cut("{\"abc\":1}", "/b", n, &options, "");
        expect_cut("{\"abcd\":1}", "/b", n, &options,
                   "json: line 1, column 2: a key has more than 3 bytes (limit key)");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_same_however_it_is_cut),
        cmocka_unit_test(knows_the_path),
        cmocka_unit_test(says_where_the_whole_is_wrong),
        cmocka_unit_test(holds_to_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
