#include "codec/json_quick.h"
#include <stdio.h>
#include <stdlib.h>
#include "codec/json_read.h"
#include "unit.h"

/* In memory of just its size and a NUL, so that a sanitizer sees what is read behind that. */
static bool is_valid(const char *text, size_t len)
{
    char *exact = malloc(len + 1);

    memcpy(exact, text, len);
    exact[len] = '\0';
    bool valid = tg_json_is_valid(tg_text(exact, len));
    free(exact);
    return valid;
}

static void accepts_what_is_json(void **state)
{
    static const char *const texts[] = {"0",
                                        "-0",
                                        "-12.5e+3",
                                        "1E9",
                                        "123456789012345678901234567890",
                                        " [ ] ",
                                        "{}",
                                        "[[],{}]",
                                        "\"\"",
                                        "\"a\\u00e4\\ud83d\\ude00\\n\"",
                                        "true",
                                        " false\n",
                                        "null",
                                        "[1,2 , 3]",
                                        "{\"a\":1,\"b\":{\"c\":[]}}",
                                        "{ \"a\" : [ { } , \"x\" ] }",
                                        "\"text that is longer than one block of sixteen bytes\"",
                                        "\"\xc3\xa4\"",
                                        "{\"t\":1714557600,\"cm\":466}",
                                        "[0,10,0.5,-7,1e2,12.5E-1,12345678901234567890]",
                                        "[1.5 , 2 ,3\t,\"longer than a block \\t\",4]         "};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_true(is_valid(texts[i], strlen(texts[i])));
}

static void refuses_what_is_not(void **state)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "01",
                                        "-",
                                        "1.",
                                        ".5",
                                        "1e",
                                        "+1",
                                        "[",
                                        "]",
                                        "[1",
                                        "[1,]",
                                        "[,1]",
                                        "{",
                                        "{\"a\"}",
                                        "{\"a\":}",
                                        "{\"a\":1,}",
                                        "{a:1}",
                                        "{1:1}",
                                        "[1 2]",
                                        "{}{}",
                                        "[}",
                                        "{]",
                                        "tru",
                                        "nul",
                                        "\"",
                                        "\"\\x\"",
                                        "\"\\u12\"",
                                        "\"\\ud800\"",
                                        "\"\\ud800\\u0041\"",
                                        "\"\\udc00\"",
                                        "\"\n\"",
                                        "\"\xff\"",
                                        "\"\xc3\"",
                                        "\"sixteen bytes on and \t\"",
                                        "[01, \"and enough to be a block\"]",
                                        "[1., \"and enough to be a block\"]",
                                        "[1.2.3, \"and enough to be a block\"]",
                                        "[1e, \"and enough to be a block\"]",
                                        "[12a, \"and enough to be a block\"]",
                                        "[-, \"and enough to be a block\"]",
                                        "1a",
                                        "12345678a",
                                        "NaN",
                                        "[1]x",
                                        "\xef\xbb\xbf[]"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_false(is_valid(texts[i], strlen(texts[i])));
    assert_false(is_valid("1\0", 2));
}

static void nests_as_deep_as_its_limit(void **state)
{
    char text[2 * (TG_JSON_QUICK_DEPTH + 1)];

    (void)state;
    for (size_t depth = TG_JSON_QUICK_DEPTH; depth <= TG_JSON_QUICK_DEPTH + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(is_valid(text, 2 * depth), depth == TG_JSON_QUICK_DEPTH);
    }
}

/* Arrays and objects in each other by turns, down to `depth`; the bracket that closes level `wrong`
 * is that of the other kind. */
static size_t nest(char *text, size_t depth, size_t wrong)
{
    size_t len = 0;

    for (size_t i = 0; i < depth; i++) {
        memcpy(text + len, i % 3 == 0 ? "[" : "{\"a\":", i % 3 == 0 ? 1 : 5);
        len += i % 3 == 0 ? 1 : 5;
    }
    text[len++] = '1';
    for (size_t i = depth; i-- > 0;)
        text[len++] = (i % 3 == 0) != (i == wrong) ? ']' : '}';
    return len;
}

static void knows_at_every_depth_what_is_open(void **state)
{
    char text[6 * TG_JSON_QUICK_DEPTH + 1];

    (void)state;
    for (size_t depth = 1; depth <= TG_JSON_QUICK_DEPTH; depth++) {
        assert_true(is_valid(text, nest(text, depth, SIZE_MAX)));
        for (size_t wrong = depth > 70 ? depth - 70 : 0; wrong < depth; wrong++)
            assert_false(is_valid(text, nest(text, depth, wrong)));
    }
}

/* Every small change of a document is judged as the reader judges it. */
static void agrees_with_the_reader_on_mutations(void **state)
{
    static const char base[] =
        "{\"a\":[1,-2.5e3,true,null,\"x\\n\\u00e9y\"],\"b\":{\"c\":\"\xc3\xa9\"}}";
    static const char bytes[] = "{}[],:\"\\ 019.-+eEtfnu\x01\xff\xc3";
    char text[sizeof(base)];
    struct tg_parse_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(base) - 1; i++)
        for (size_t k = 0; k < sizeof(bytes) - 1; k++) {
            memcpy(text, base, sizeof(base));
            text[i] = bytes[k];
            for (size_t len = i + 1; len<sizeof(base); len += sizeof(base) - 2 - i> 7 ? 7 : 1)
                assert_int_equal(is_valid(text, len),
                                 tg_json_validate(tg_text(text, len), 0, &error));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_is_json),
        cmocka_unit_test(refuses_what_is_not),
        cmocka_unit_test(nests_as_deep_as_its_limit),
        cmocka_unit_test(knows_at_every_depth_what_is_open),
        cmocka_unit_test(agrees_with_the_reader_on_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
