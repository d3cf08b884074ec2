#include "codec/json_quick.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "codec/json_read.h"
#include "unit.h"

#define ROOM ((size_t)1 << 16)

/* The end of memory behind which nothing can be read. */
static char *edge(void)
{
    static char *room;

    if (room == NULL) {
        room = mmap(NULL, 2 * ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(room != MAP_FAILED && mprotect(room + ROOM, ROOM, PROT_NONE) == 0);
    }
    return room + ROOM;
}

/* In memory of just its size and a NUL, so that a sanitizer sees what is read behind that, and at
 * the end of a page. */
static bool is_valid(const char *text, size_t len)
{
    char *exact = malloc(len + 1), *last = edge() - len - 1;

    memcpy(exact, text, len);
    exact[len] = '\0';
    memcpy(last, exact, len + 1);
    bool valid = tg_json_is_valid(tg_text(exact, len));
    assert_int_equal(tg_json_is_valid(tg_text(last, len)), valid);
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

/* The text, in which ' stands for ", and all that it begins with are judged as the reader does. */
static void agrees_on_all_that_begins(const char *written)
{
    char text[512];
    size_t len = strlen(written);
    struct tg_parse_error error;

    for (size_t i = 0; i < len; i++)
        text[i] = written[i] == '\'' ? '"' : written[i];
    for (size_t n = 0; n <= len; n++)
        assert_int_equal(is_valid(text, n), tg_json_validate(tg_text(text, n), 0, &error));
}

/* Objects in arrays that have the keys of the one before, and some that only look so. */
static void knows_keys_again_only_where_they_are(void **state)
{
    static const char *const texts[] = {
        "[{'a':1,'b':2},{'a':1,'b':2},{'a':1,'b':2},{'a':1,'b':2}]",
        "[{'a':1,'b':2},{'a':1,'b':2},{'a':1,'b';2},{'a':1,'b':2}]",
        "[{'a':1,'b':2},{'a':1,'b':2},{'a':1,'b':2},{'a':1,'b'}]        ",
        "[{'ab':1,'abc':2},{'ab':1,'abc':2},{'abc':1,'ab':2},{'ab':1,'abd':2}]",
        "[{'a\\n':1,'\\u00e4':2},{'a\\n':1,'\\u00e4':2},{'a\\n':1,'\\u00g4':2}]",
        "[{'a\\n':1,'\\u00e4':2},{'a\\n':1,'\\u00e4':2},{'a\\n':1,'\\u00e4':2}]",
        "[{'\xc3\xa4':1},{'\xc3\xa4':1},{'\xc3\xa4':1},{'\xc3':1}]",
        "[{'':1},{'':1},{'':1},{'':1},[{'':1}],{'':1}]",
        "[{'a':1},{'a':1},{'a':1]",
        "[{'a':1},{'a':1},{'a':1},",
        "[{'a':1},{'a':1},{'a':1},{'a':",
        "{'a':1},{'a':1},{'a':1}",
        "{'a':[{'b':1},{'b':1},{'b':1}],'c':{'b':1},{'b':1}}",
        "{'a':[{'b':1},{'b':1}],'c':{'b':1,'b':{'b':1},'b':2},'d':[{'b':1},{'b':1}]}",
        "[{'a':1,'b':{'c':2}},{'a':1,'b':{'c':2}},{'a':1,'b':{'c':2},{'a':1}]",
        "[{'a':1,'b':{'c':2}},{'a':1,'b':{'c':2}},{'a':1,'b':{'c':2},'d':1}]",
        "[{'a':1},{'a':1},{},{'a':1},5,{'a':1},[],{'a':1},[{'a':1}],{'a':1}]",
        "[{'a':1},{'a':1},[{'a':1},{'a':1],{'a':1}]]",
        "[{'a':1},{'a':1},[1,{'a':1},{'a':1}],{'a':1}]",
        "[[1],{'a':1},{'a':[1],{'a':1}}]",
        "[{'a':1,'b':1},{'b':1},{'a':1},{'c':1,'b':1},{'b':1,'a':1},{'a':1,'b':1}]",
        "[{'a':1.5,'b':1},{'a':1.5,'b':1},{'a':1.5,'b':1e3},{'a':-0,'b':1.},{'a':1}]",
        "[{'a':12345678901234567,'b':1},{'a':1,'b':1},{'a':1234567890123456,'b':1}]",
        "[ { 'a' : 1 , 'b' : 2 } , { 'a' : 1 , 'b' : 2 } , { 'a' : 1 , 'b' : 2 } ]",
        "[ { 'a' : 1 , 'b' : 2 } , { 'a' : 1 , 'b' : 2 } , { 'a' : 1 , , 'b' : 2 } ]",
        "[{'longer than a block':1},{'longer than a block':1},{'longer than a block':1}]",
        "[{'longer than a block':1},{'longer than a block':1},{'longer than a black\n:1}]",
        "[{'longer than a block':1},{'longer than a block':1},{'longer than a block",
        ("[{'a key of over two blocks all in all':1},"
         "{'a key of over two blocks all in all':1},"
         "{'a key of over two blocks all in all':1},"
         "{'a key of over two bl'cks all in all':1}]"),
        "[{'a':1},{'a':1},[1],{'b':1},{'b':1],{'b':1}]",
        "[{'a':1},{'a':1},[1],{'a':1],{'a':1}]",
        "[{'exactly so':1},{'exactly so':1},{'exactly so':1},{'exactly so':1}]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        agrees_on_all_that_begins(texts[i]);
}

/* `count` objects of `keys` keys; those of the last one are as long as those of the others. */
static size_t repeat(char *text, unsigned count, unsigned keys, const char *last)
{
    size_t len = 0;

    for (unsigned i = 0; i < count; i++)
        for (unsigned k = 0; k < keys; k++) {
            bool end = i == count - 1 && k == keys - 1;
            const char *before = k != 0 ? "," : i != 0 ? "},{" : "[{";
            len +=
                (size_t)sprintf(text + len, "%s\"k%02u%s\":%u", before, k, end ? last : "x", i * k);
        }
    return len + (size_t)sprintf(text + len, "}]");
}

static void remembers_no_more_keys_than_it_can(void **state)
{
    char text[8192];

    (void)state;
    for (unsigned keys = 1; keys <= 70; keys++) {
        assert_true(is_valid(text, repeat(text, 7, keys, "x")));
        assert_false(is_valid(text, repeat(text, 7, keys, "\n")));
        assert_false(is_valid(text, repeat(text, 7, keys, "\"")));
    }
}

static void repeats_keys_as_deep_as_its_limit(void **state)
{
    static const char objects[] = "{\"a\":1},{\"a\":2},{\"a\":3},{\"a\":4}";
    char text[TG_JSON_QUICK_DEPTH + sizeof(objects) + TG_JSON_QUICK_DEPTH];

    (void)state;
    for (size_t depth = TG_JSON_QUICK_DEPTH - 2; depth <= TG_JSON_QUICK_DEPTH; depth++) {
        memset(text, '[', depth);
        memcpy(text + depth, objects, sizeof(objects) - 1);
        memset(text + depth + sizeof(objects) - 1, ']', depth);
        size_t len = 2 * depth + sizeof(objects) - 1;
        assert_int_equal(is_valid(text, len), depth < TG_JSON_QUICK_DEPTH);
    }
}

/* Numbers without rhyme that are the same every time. */
static unsigned draw(unsigned below)
{
    static uint64_t seed = 1;

    seed = seed * 6364136223846793005 + 1442695040888963407;
    return (unsigned)(seed >> 33) % below;
}

/* Appends a value of three levels at most: arrays of objects with much the same keys, mostly. */
static size_t make(char *text, size_t len, unsigned depth)
{
    static const char *const scalars[] = {"0",      "17",   "-2.5", "1714557600",     "1e3",
                                          "\"\"",   "true", "null", "\"a \\n text\"", "0.25",
                                          "[[],{}]"};
    static const char *const keys[] = {
        "a", "ab", "abc", "", "\xc3\xa9", "cm", "\\u00e9", "key of a length", "t"};
    static const char *const spaces[] = {"", "", "", " ", "\n    "};
    bool object = draw(3) != 0;
    unsigned count = draw(6), first = draw(9);

    if (depth == 0 || draw(3) == 0)
        return len + (size_t)sprintf(text + len, "%s", scalars[draw(11)]);
    text[len++] = object ? '{' : '[';
    for (unsigned i = 0; i < count; i++) {
        len += (size_t)sprintf(text + len, "%s%s", i != 0 ? "," : "", spaces[draw(5)]);
        if (object)
            len += (size_t)sprintf(text + len, "\"%s\":%s", keys[(first + i) % 9], spaces[draw(5)]);
        len = make(text, len, depth - 1);
    }
    text[len++] = object ? '}' : ']';
    return len;
}

static void agrees_with_the_reader_on_what_is_made(void **state)
{
    static const char bytes[] = "{}[],:\"\\ 019.-+eEtfnu\x01\xff\xc3";
    static char text[ROOM];
    struct tg_parse_error error;

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        size_t len = 1;
        text[0] = '[';
        for (unsigned k = 0; k < 5; k++) {
            unsigned again = draw(4);
            size_t from = len;
            len = make(text, len, 3);
            text[len++] = ',';
            for (size_t n = len - from; again-- > 0 && len + n < ROOM / 2; len += n)
                memcpy(text + len, text + from, n);
        }
        text[len - 1] = ']';
        for (unsigned k = 0; k < 20; k++) {
            assert_int_equal(is_valid(text, len), tg_json_validate(tg_text(text, len), 0, &error));
            text[draw((unsigned)len)] = bytes[draw(sizeof(bytes) - 1)];
        }
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
        cmocka_unit_test(knows_keys_again_only_where_they_are),
        cmocka_unit_test(remembers_no_more_keys_than_it_can),
        cmocka_unit_test(repeats_keys_as_deep_as_its_limit),
        cmocka_unit_test(agrees_with_the_reader_on_what_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
