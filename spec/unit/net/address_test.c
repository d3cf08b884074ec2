#include "unit.h"

#include "net/backend.h"

static struct tg_address parse(const char *text)
{
    struct tg_address address;
    struct tg_error error = tg_address_parse(tg_text_of(text), &address);

    if (error.code != NULL)
        print_error("%s: %s\n", text, error.message);
    assert_null(error.code);
    return address;
}

static void expect_refused(const char *text, const char *message)
{
    struct tg_address address;
    struct tg_error error = tg_address_parse(tg_text_of(text), &address);

    assert_non_null(error.code);
    assert_string_equal(error.code, "address");
    assert_string_equal(error.message, message);
}

static void takes_an_http_address_apart(void **state)
{
    (void)state;
    struct tg_address a = parse("http://crm.example:8080/base/v1/");

    assert_string_equal(a.host, "crm.example");
    assert_int_equal(a.port, 8080);
    assert_false(a.is_unix);
    assert_false(a.is_number);
    assert_string_equal(a.authority, "crm.example:8080");
    assert_string_equal(a.base_path, "/base/v1");
}

static void port_80_is_not_written(void **state)
{
    (void)state;
    assert_string_equal(parse("HTTP://a").authority, "a");
    assert_string_equal(parse("http://a:80/").authority, "a");
    assert_int_equal(parse("http://a").port, 80);
    assert_string_equal(parse("http://a/").base_path, "");
    assert_string_equal(parse("http://a:65535").authority, "a:65535");
    assert_string_equal(parse("http://a:1").authority, "a:1");
}

static void https_has_port_443(void **state)
{
    (void)state;
    struct tg_address a = parse("https://crm.example/v1");

    assert_true(a.is_tls);
    assert_int_equal(a.port, 443);
    assert_string_equal(a.authority, "crm.example");
    assert_string_equal(a.base_path, "/v1");
    assert_string_equal(parse("HTTPS://a:443").authority, "a");
    assert_string_equal(parse("https://a:80").authority, "a:80");
    assert_string_equal(parse("http://a:443").authority, "a:443");
    assert_string_equal(parse("https://[::1]").authority, "[::1]");
    assert_false(parse("http://a").is_tls);
}

static void knows_numbers(void **state)
{
    (void)state;
    struct tg_address a = parse("http://[::1]:8080/x");

    assert_true(a.is_number);
    assert_string_equal(a.host, "::1");
    assert_string_equal(a.authority, "[::1]:8080");
    assert_true(parse("http://127.0.0.1").is_number);
    assert_string_equal(parse("http://[fe80::1]").authority, "[fe80::1]");
}

static void takes_a_unix_socket_apart(void **state)
{
    (void)state;
    struct tg_address a = parse("unix:/run/crm.sock");

    assert_true(a.is_unix);
    assert_string_equal(a.host, "/run/crm.sock");
    assert_string_equal(a.authority, "localhost");
    assert_string_equal(a.base_path, "");
    assert_int_equal(a.port, 0);
    assert_string_equal(parse("unix:/run/crm.sock:/v1/").base_path, "/v1");
    assert_string_equal(parse("unix:/run/crm.sock:/v1/").host, "/run/crm.sock");
    assert_string_equal(parse("unix:run/a:b").host, "run/a:b");
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    expect_refused("ftp://a", "an address begins with http://, https:// or unix:");
    expect_refused("127.0.0.1:80", "an address begins with http://, https:// or unix:");
    expect_refused("", "an address begins with http://, https:// or unix:");
    expect_refused("http://", "the host is missing");
    expect_refused("http://:80", "the host is missing");
    expect_refused("http:///x", "the host is missing");
    expect_refused("http://a:0", "the port is out of range: 1 to 65535");
    expect_refused("http://a:65536", "the port is out of range: 1 to 65535");
    expect_refused("http://a:99999999999", "the port is out of range: 1 to 65535");
    expect_refused("http://a:", "the port is missing after the ':'");
    expect_refused("http://a:8x", "the port is not a number");
    expect_refused("http://u@a", "an address has no user in it");
    expect_refused("http://a b", "the host has a character in it that no name has");
    expect_refused("http://\xc3\xb6", "the host has a character in it that no name has");
    expect_refused("http://1.2.3", "the host is neither a name nor an IPv4 address");
    expect_refused("http://0x7f.1", "the host is neither a name nor an IPv4 address");
    expect_refused("http://1.2.3.256", "the host is neither a name nor an IPv4 address");
    expect_refused("http://[::1", "the bracket of the IPv6 address is not closed");
    expect_refused("http://[]", "the host is missing");
    expect_refused("http://[x]", "there is no IPv6 address in the brackets");
    expect_refused("http://[::1]x", "there is something between the host and the port");
    expect_refused("http://a?q", "an address has neither a query nor a fragment");
    expect_refused("http://a/b#c", "an address has neither a query nor a fragment");
    expect_refused("http://a/b c",
                   "the path of the address has a character in it that must be escaped");
    expect_refused("unix:", "the path of the Unix socket is missing");
    expect_refused("unix::/x", "the path of the Unix socket is missing");
}

static char *repeat(char *text, size_t n)
{
    size_t len = strlen(text);

    memset(text + len, 'a', n);
    text[len + n] = '\0';
    return text;
}

static void holds_its_limits(void **state)
{
    (void)state;
    char text[1024];

    parse(repeat(strcpy(text, "http://"), 253));
    expect_refused(repeat(strcpy(text, "http://"), 254), "the host is too long");
    parse(repeat(strcpy(text, "http://a/"), 510));
    expect_refused(repeat(strcpy(text, "http://a/"), 511), "the path of the address is too long");
    parse(repeat(strcpy(text, "unix:/"), 106));
    expect_refused(repeat(strcpy(text, "unix:/"), 107),
                   "the path of the Unix socket is longer than 107 bytes");
    assert_int_equal(strlen(repeat(strcpy(text, "http://"), 253)), 260);
    strcat(text, ":65535");
    assert_int_equal(strlen(parse(text).authority), 259);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_an_http_address_apart),
        cmocka_unit_test(port_80_is_not_written),
        cmocka_unit_test(https_has_port_443),
        cmocka_unit_test(knows_numbers),
        cmocka_unit_test(takes_a_unix_socket_apart),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(holds_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
