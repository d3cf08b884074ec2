#include "codec/utf8.h"
#include "unit.h"

#include <stdlib.h>

/* Puts the bytes at every offset of a longer plain text, so that each block and tail meets them. */
static void expect_everywhere(const char *bytes, size_t n, bool good)
{
    for (size_t before = 0; before < 70; before++) {
        for (size_t behind = 0; behind < 40; behind += 13) {
            size_t len = before + n + behind;
            char *text = malloc(len + 1);
            memset(text, 'a', len);
            memcpy(text + before, bytes, n);
            bool cr;
            size_t want = good ? len : before;
            assert_int_equal(want, tg_utf8_check_xml(tg_text(text, len), &cr));
            free(text);
        }
    }
}

static void accepts_every_length_of_sequence(void **state)
{
    (void)state;
    expect_everywhere("\xc3\xa9", 2, true);
    expect_everywhere("\xe2\x82\xac", 3, true);
    expect_everywhere("\xf0\x9f\x98\x80", 4, true);
    expect_everywhere("\xf4\x8f\xbf\xbf", 4, true);
    expect_everywhere("\xed\x9f\xbf\xee\x80\x80", 6, true);
    expect_everywhere("\xe7\x95\x8c\xe7\x95\x8c\xe7\x95\x8c", 9, true);
}

static void refuses_what_is_not_utf8(void **state)
{
    (void)state;
    expect_everywhere("\x80", 1, false);
    expect_everywhere("\xc0\x80", 2, false);
    expect_everywhere("\xc1\xbf", 2, false);
    expect_everywhere("\xc3(", 2, false);
    expect_everywhere("\xe0\x9f\xbf", 3, false);
    expect_everywhere("\xed\xa0\x80", 3, false);
    expect_everywhere("\xe2\x82(", 3, false);
    expect_everywhere("\xf0\x8f\xbf\xbf", 4, false);
    expect_everywhere("\xf4\x90\x80\x80", 4, false);
    expect_everywhere("\xf5\x80\x80\x80", 4, false);
    expect_everywhere("\xff", 1, false);
}

static void refuses_characters_that_xml_has_not(void **state)
{
    (void)state;
    expect_everywhere("\0", 1, false);
    expect_everywhere("\x01", 1, false);
    expect_everywhere("\x0b", 1, false);
    expect_everywhere("\x1f", 1, false);
    expect_everywhere("\xef\xbf\xbe", 3, false);
    expect_everywhere("\xef\xbf\xbf", 3, false);
    expect_everywhere("\xef\xbf\xbd", 3, true);
    expect_everywhere("\t\n\x7f", 3, true);
}

/* The offset of the first thing that is no character of XML, found one by one. */
static size_t walk(const char *p, size_t len)
{
    size_t at = 0;

    while (at < len) {
        unsigned char c = (unsigned char)p[at];
        size_t n = c < 0x80 ? c >= 0x20 || c == '\t' || c == '\n' || c == '\r'
                            : tg_utf8_sequence(p + at, len - at);
        if (n == 0 ||
            (n == 3 && memcmp(p + at, "\xef\xbf", 2) == 0 && (unsigned char)p[at + 2] >= 0xbe))
            break;
        at += n;
    }
    return at;
}

/* Any two bytes, before any that matter, where a block begins, in it and where it ends. */
static void agrees_with_a_walk(void **state)
{
    static const char third[] = "a\x80\xbe\xbf\xc3\xed\xef";
    char text[80];
    bool cr;

    (void)state;
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        for (size_t i = 0; i < (sizeof(third) - 1) * 4; i++) {
            size_t at = (size_t[]){0, 13, 29, 31}[i % 4];
            memset(text, 'a', sizeof(text));
            text[at] = (char)(pair >> 8);
            text[at + 1] = (char)pair;
            text[at + 2] = third[i / 4];
            text[at + 3] = pair % 3 == 0 ? '\x80' : 'b';
            text[40] = '\xc3';
            text[41] = '\xa9';
            assert_int_equal(walk(text, sizeof(text)),
                             tg_utf8_check_xml(tg_text(text, sizeof(text)), &cr));
        }
    }
}

static size_t check_slowly(struct tg_text text)
{
    size_t at = 0;

    while (at < text.len) {
        const char *p = text.base + at;
        size_t n = (unsigned char)*p < 0x80 ? 1 : tg_utf8_sequence(p, text.len - at);
        if (n == 0)
            break;
        at += n;
    }
    return at;
}

/* Any two bytes with those behind them that matter, cut at each length and with more behind. */
static void agrees_on_all_sequences(void **state)
{
    static const char behind[] = {'a',        0x7f,       (char)0x80, (char)0xa0,
                                  (char)0xbf, (char)0xc2, (char)0xe2, (char)0xff};
    char text[24];

    (void)state;
    memset(text, 'z', sizeof(text));
    for (unsigned i = 0; i < 128 * 256 * 8 * 8; i++) {
        text[1] = (char)(0x80 | i >> 14);
        text[2] = (char)(i >> 6);
        text[3] = behind[i >> 3 & 7];
        text[4] = behind[i & 7];
        for (size_t len = 2; len < sizeof(text); len += len < 5 ? 1 : 15) {
            struct tg_text cut = tg_text(text, len);
            if (tg_utf8_check(cut) != check_slowly(cut))
                fail_msg("%02x%02x%02x%02x, %zu bytes", text[1] & 0xff, text[2] & 0xff,
                         text[3] & 0xff, text[4] & 0xff, len);
        }
    }
}

/* Long and short ones behind each other. */
static void agrees_on_runs(void **state)
{
    static const char *const parts[] = {
        "a",    "\xc3\xa9",  "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\x80", "plain text"};
    char text[400];

    (void)state;
    for (unsigned seed = 1; seed < 20000; seed++) {
        size_t len = 0;
        for (uint32_t r = seed * 2654435761u, i = 0; i < 30; i++, r = r * 1664525 + 1013904223) {
            const char *part = parts[(r >> 24) % (r >> 8 & 15 ? 6 : 8)];
            for (size_t k = 0; part[k] != '\0'; k++)
                text[len++] = part[k];
        }
        struct tg_text whole = tg_text(text, len - seed % 3);
        assert_int_equal(check_slowly(whole), tg_utf8_check(whole));
    }
}

static void tells_of_a_carriage_return(void **state)
{
    (void)state;
    bool cr;
    char text[80];
    for (size_t at = 0; at < sizeof(text); at++) {
        memset(text, ' ', sizeof(text));
        tg_utf8_check_xml(tg_text(text, sizeof(text)), &cr);
        assert_false(cr);
        text[at] = '\r';
        assert_int_equal(sizeof(text), tg_utf8_check_xml(tg_text(text, sizeof(text)), &cr));
        assert_true(cr);
    }
}

static void finds_a_sequence_that_the_end_cuts(void **state)
{
    (void)state;
    assert_int_equal(1, tg_utf8_check(TG_TEXT("a\xe2\x82")));
    assert_int_equal(20, tg_utf8_check(TG_TEXT("aaaaaaaaaaaaaaaaaaaa\xf0\x9f\x98")));
    assert_int_equal(3, tg_utf8_check(TG_TEXT("\xe2\x82\xac")));
}

static void allows_control_characters_outside_of_xml(void **state)
{
    (void)state;
    assert_int_equal(3, tg_utf8_check(tg_text("a\0\x01", 3)));
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    const uint32_t codes[] = {0x24, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff};
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        char text[4];
        size_t n, len = (size_t)(tg_utf8_write(text, codes[i]) - text);
        assert_int_equal(codes[i], tg_utf8_read(text, &n));
        assert_int_equal(len, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_every_length_of_sequence),
        cmocka_unit_test(refuses_what_is_not_utf8),
        cmocka_unit_test(refuses_characters_that_xml_has_not),
        cmocka_unit_test(agrees_with_a_walk),
        cmocka_unit_test(tells_of_a_carriage_return),
        cmocka_unit_test(finds_a_sequence_that_the_end_cuts),
        cmocka_unit_test(agrees_on_all_sequences),
        cmocka_unit_test(agrees_on_runs),
        cmocka_unit_test(allows_control_characters_outside_of_xml),
        cmocka_unit_test(writes_what_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
