#include "http/escape.h"

#include "http/text.h"

static bool is_in(int c, const char *list)
{
    return c != 0 && strchr(list, c) != NULL;
}

static bool is_alnum(int c)
{
    return ('0' <= c && c <= '9') || ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z');
}

static void classes_are_those_of_the_rfcs(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool unreserved = is_alnum(c) || is_in(c, "-._~");
        bool sub_delim = is_in(c, "!$&'()*+,;=");
        assert_int_equal(tg_char_is((char)c, TG_CHAR_UNRESERVED), unreserved);
        assert_int_equal(tg_char_is((char)c, TG_CHAR_HOST), unreserved || sub_delim);
        assert_int_equal(tg_char_is((char)c, TG_CHAR_SEGMENT),
                         unreserved || sub_delim || is_in(c, ":@"));
        assert_int_equal(tg_char_is((char)c, TG_CHAR_TOKEN),
                         is_alnum(c) || is_in(c, "!#$%&'*+-.^_`|~"));
    }
}

static void an_escape_needs_two_hexadecimal_digits(void **state)
{
    (void)state;
    const char *text = "%aF%0";

    assert_int_equal(tg_escape_value(text, text + 5), 0xaf);
    assert_int_equal(tg_escape_value(text, text + 2), -1);
    assert_int_equal(tg_escape_value(text + 3, text + 5), -1);
    const char *broken = "%g0";
    assert_int_equal(tg_escape_value(broken, broken + 3), -1);
    assert_int_equal(tg_hex_value('@'), -1);
    assert_int_equal(tg_hex_value('G'), -1);
    assert_int_equal(tg_hex_value('F'), 15);
}

static void encoding_stops_at_the_limit_of_the_buffer(void **state)
{
    (void)state;
    struct tg_buffer out = {.limit = 5};

    tg_escape_encode(&out, TG_TEXT("  "), 0);
    assert_true(out.full);
    assert_int_equal(out.len, 0);
    tg_buffer_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_those_of_the_rfcs),
        cmocka_unit_test(an_escape_needs_two_hexadecimal_digits),
        cmocka_unit_test(encoding_stops_at_the_limit_of_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
