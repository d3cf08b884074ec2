#include "http/strict.h"

#include "unit.h"

#define OK(call) assert_null(call)
#define REFUSED(call) assert_non_null(call)

static void a_method_is_a_token(void **state)
{
    (void)state;
    OK(tg_strict_method(TG_TEXT("GET")));
    OK(tg_strict_method(TG_TEXT("M-SEARCH!#$%&'*+.^_`|~")));
    REFUSED(tg_strict_method(TG_TEXT("")));
    REFUSED(tg_strict_method(TG_TEXT("GE T")));
    REFUSED(tg_strict_method(TG_TEXT("GET(")));
    REFUSED(tg_strict_method(TG_TEXT("G\xc3\x89T")));
    REFUSED(tg_strict_method(TG_TEXT("GET\0")));
}

static void an_authority_is_a_host_and_perhaps_a_port(void **state)
{
    (void)state;
    static const char *const good[] = {
        "a",
        "shop.example",
        "a_b-c",
        "127.0.0.1:8080",
        "[::1]",
        "[::1]:443",
        "a:0",
        "example.com:65535",
        "[::ffff:10.0.0.1]:80",
        "a%41b",
        "a!$&'()*+,;=~",
    };
    static const char *const bad[] = {
        "",
        ":80",
        "a:",
        "a:65536",
        "a:123456",
        "a:x",
        "a:-1",
        "u@a",
        "a b",
        "a/b",
        "a\\b",
        "a?b",
        "a#b",
        "[::1",
        "[]",
        "[g::1]",
        "[::1]x",
        "[::1]:",
        "::1",
        "a:1:2",
        "a%00b",
        "a%zz",
        "a%2",
        "a%20b",
        "a\"b",
        "<a>",
        "a\x80",
        "[127.0.0.1]",
        "a%7f",
        "[::1]:1a",
        "[fe80::1%eth0]",
        " a",
        "a ",
        "a\t",
        "a\x7f",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        OK(tg_strict_authority(tg_text_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        REFUSED(tg_strict_authority(tg_text_of(bad[i])));
    REFUSED(tg_strict_authority(TG_TEXT("a\0b")));
    REFUSED(tg_strict_authority(TG_TEXT("[::1\0]")));
}

static void a_field_has_a_token_for_name_and_no_controls_in_its_value(void **state)
{
    (void)state;
    OK(tg_strict_field_name(TG_TEXT("X-Forwarded-For")));
    REFUSED(tg_strict_field_name(TG_TEXT("")));
    REFUSED(tg_strict_field_name(tg_text(NULL, 0)));
    REFUSED(tg_strict_field_name(TG_TEXT("Host ")));
    REFUSED(tg_strict_field_name(TG_TEXT("a:b")));
    OK(tg_strict_field_value(TG_TEXT("")));
    OK(tg_strict_field_value(TG_TEXT("a\tb \xff\"")));
    REFUSED(tg_strict_field_value(TG_TEXT("a\r\nb")));
    REFUSED(tg_strict_field_value(TG_TEXT("a\nb")));
    REFUSED(tg_strict_field_value(TG_TEXT("a\0b")));
    REFUSED(tg_strict_field_value(TG_TEXT("a\x7f")));
    REFUSED(tg_strict_field_value(TG_TEXT("\x1f")));
}

static void no_place_in_a_value_hides_a_control(void **state)
{
    char text[20];

    (void)state;
    for (size_t len = 1; len <= sizeof(text); len++)
        for (size_t at = 0; at < len; at++)
            for (int c = 0; c < 256; c++) {
                bool good = (c >= 0x20 && c != 0x7f) || c == '\t';
                memset(text, len % 2 == 0 ? '\t' : 0xff, len);
                text[at] = (char)c;
                assert_int_equal(tg_strict_field_value(tg_text(text, len)) == NULL, good);
            }
}

static void knows_the_fields_of_a_connection(void **state)
{
    static const char *const theirs[] = {
        "connection", "Content-Length", "keep-alive",        "Proxy-Connection",
        "TE",         "trailer",        "Transfer-Encoding", "upgrade"};
    static const char *const others[] = {"", "t", "tea", "updates", "connectiom", "host"};

    (void)state;
    for (size_t i = 0; i < sizeof(theirs) / sizeof(*theirs); i++)
        assert_true(tg_strict_is_of_connection(tg_text_of(theirs[i])));
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        assert_false(tg_strict_is_of_connection(tg_text_of(others[i])));
}

static void a_content_length_is_digits_below_its_limit(void **state)
{
    (void)state;
    uint64_t length = 7;

    OK(tg_strict_content_length(TG_TEXT("0"), &length));
    assert_int_equal(length, 0);
    OK(tg_strict_content_length(TG_TEXT("1152921504606846975"), &length)); /* 2^60 - 1 */
    assert_true(length == ((uint64_t)1 << 60) - 1);
    REFUSED(tg_strict_content_length(TG_TEXT("1152921504606846976"), &length));
    REFUSED(tg_strict_content_length(TG_TEXT("99999999999999999999999999999999"), &length));
    REFUSED(tg_strict_content_length(TG_TEXT(""), &length));
    REFUSED(tg_strict_content_length(TG_TEXT("5x"), &length));
    REFUSED(tg_strict_content_length(TG_TEXT("+5"), &length));
    REFUSED(tg_strict_content_length(TG_TEXT("-5"), &length));
    REFUSED(tg_strict_content_length(TG_TEXT("5, 5"), &length));
    REFUSED(tg_strict_content_length(TG_TEXT("0x5"), &length));
}

#define FIELD(name, value)                                                                         \
    {                                                                                              \
        TG_TEXT(name), TG_TEXT(value)                                                              \
    }
#define HEAD(...)                                                                                  \
    (const struct tg_strict_field[])                                                               \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define COUNT(...) (sizeof(HEAD(__VA_ARGS__)) / sizeof(struct tg_strict_field))
#define CHECK(minor, ...) tg_strict_head(HEAD(__VA_ARGS__), COUNT(__VA_ARGS__), lines, minor)

static const struct tg_text lines = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27};

static void passes_plain_heads(void **state)
{
    (void)state;
    OK(CHECK(1, FIELD("Host", "a"), FIELD("Content-Length", "5"), FIELD("Accept", "*/*")));
    OK(CHECK(1, FIELD("host", "a"), FIELD("transfer-encoding", "Chunked")));
    OK(CHECK(0, FIELD("Accept", "*/*")));
    OK(CHECK(0, FIELD("Content-Length", "5")));
}

static void refuses_framing_that_can_be_read_in_two_ways(void **state)
{
    (void)state;
    REFUSED(
        CHECK(1, FIELD("Host", "a"), FIELD("Content-Length", "5"), FIELD("Content-Length", "5")));
    REFUSED(CHECK(1, FIELD("Host", "a"), FIELD("Content-Length", "5"),
                  FIELD("Transfer-Encoding", "chunked")));
    REFUSED(CHECK(1, FIELD("Host", "a"), FIELD("Transfer-Encoding", "chunked"),
                  FIELD("Transfer-Encoding", "chunked")));
    REFUSED(CHECK(1, FIELD("Host", "a"), FIELD("Transfer-Encoding", "gzip, chunked")));
    REFUSED(CHECK(1, FIELD("Host", "a"), FIELD("Transfer-Encoding", "identity")));
    REFUSED(CHECK(1, FIELD("Host", "a"),
                  FIELD("Transfer-Encoding", "\x0b"
                                             "chunked")));
    REFUSED(CHECK(1, FIELD("Host", "a"), FIELD("Content-Length", "5x")));
    REFUSED(CHECK(0, FIELD("Host", "a"), FIELD("Transfer-Encoding", "chunked")));
}

static void wants_one_good_host(void **state)
{
    (void)state;
    REFUSED(CHECK(1, FIELD("Accept", "*/*")));
    REFUSED(CHECK(1, FIELD("Host", "a"), FIELD("HOST", "a")));
    REFUSED(CHECK(0, FIELD("Host", "a"), FIELD("Host", "b")));
    REFUSED(CHECK(1, FIELD("Host", "a b")));
    REFUSED(CHECK(1, FIELD("Host", "")));
    REFUSED(CHECK(1, FIELD("Host", " \t")));
    OK(CHECK(1, FIELD("Host", "a \t")));
}

static void refuses_folded_and_malformed_fields(void **state)
{
    (void)state;
    const struct tg_strict_field folded[] = {FIELD("Host", "a"), {{NULL, 0}, TG_TEXT("more")}};

    REFUSED(tg_strict_head(folded, 2, lines, 1));
    REFUSED(CHECK(1, FIELD("Host", "a"), FIELD("Content-Length ", "5")));
    REFUSED(CHECK(1, FIELD("Host", "a"), FIELD("X", "a\0b")));
}

static void wants_lines_to_end_with_cr_lf(void **state)
{
    (void)state;
    const struct tg_strict_field host = FIELD("Host", "a");

    OK(tg_strict_head(&host, 1, TG_TEXT("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 1));
    REFUSED(tg_strict_head(&host, 1, TG_TEXT("GET / HTTP/1.1\nHost: a\r\n\r\n"), 1));
    REFUSED(tg_strict_head(&host, 1, TG_TEXT("GET / HTTP/1.1\r\nHost: a\r\n\n"), 1));
    REFUSED(tg_strict_head(&host, 1, TG_TEXT("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 1));
    REFUSED(tg_strict_head(&host, 1, TG_TEXT("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"), 1));
    REFUSED(tg_strict_head(&host, 1, TG_TEXT("GET / HTTP/1.1\r\nHost: a\r\n\r"), 1));
}

static void knows_two_versions(void **state)
{
    (void)state;
    REFUSED(CHECK(2, FIELD("Host", "a")));
    REFUSED(CHECK(-1, FIELD("Host", "a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_method_is_a_token),
        cmocka_unit_test(an_authority_is_a_host_and_perhaps_a_port),
        cmocka_unit_test(a_field_has_a_token_for_name_and_no_controls_in_its_value),
        cmocka_unit_test(no_place_in_a_value_hides_a_control),
        cmocka_unit_test(knows_the_fields_of_a_connection),
        cmocka_unit_test(a_content_length_is_digits_below_its_limit),
        cmocka_unit_test(passes_plain_heads),
        cmocka_unit_test(refuses_framing_that_can_be_read_in_two_ways),
        cmocka_unit_test(wants_one_good_host),
        cmocka_unit_test(refuses_folded_and_malformed_fields),
        cmocka_unit_test(wants_lines_to_end_with_cr_lf),
        cmocka_unit_test(knows_two_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
