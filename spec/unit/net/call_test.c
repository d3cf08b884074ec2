#include "net/call.h"

#include "unit.h"

#define IOVEC(literal)                                                                             \
    {                                                                                              \
        (char *)("" literal), sizeof(literal) - 1                                                  \
    }

static struct tg_call get(const char *target)
{
    return (struct tg_call){.method = IOVEC("GET"),
                            .target = h2o_iovec_init(target, strlen(target))};
}

static void expect_bytes(const struct tg_call *call, const char *address, const char *want)
{
    struct tg_address parsed;
    struct tg_buffer out = {0};

    assert_null(tg_address_parse(tg_text_of(address), &parsed).code);
    assert_null(tg_call_check(call).code);
    tg_call_write(call, &parsed, &out);
    tg_buffer_put(&out, '\0');
    assert_string_equal(out.base, want);
    tg_buffer_dispose(&out);
}

static void expect_refused(const struct tg_call *call)
{
    struct tg_error error = tg_call_check(call);

    assert_non_null(error.code);
    assert_string_equal(error.code, "request");
}

static void writes_a_plain_request(void **state)
{
    (void)state;
    struct tg_call call = get("/items?a=1");

    expect_bytes(&call, "http://shop.example:8080/v1",
                 "GET /v1/items?a=1 HTTP/1.1\r\nHost: shop.example:8080\r\n\r\n");
    expect_bytes(&call, "unix:/x.sock", "GET /items?a=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

static void writes_fields_and_another_host(void **state)
{
    (void)state;
    const struct tg_field fields[] = {{IOVEC("Accept"), IOVEC("text/xml")},
                                      {IOVEC("x-empty"), IOVEC("")}};
    struct tg_call call = get("/");

    call.fields = fields;
    call.field_count = 2;
    call.host = (h2o_iovec_t)IOVEC("other");
    expect_bytes(&call, "http://a",
                 "GET / HTTP/1.1\r\nHost: other\r\nAccept: text/xml\r\nx-empty: \r\n\r\n");
}

static void says_how_long_the_body_is(void **state)
{
    (void)state;
    struct tg_call call = get("/");

    call.has_body = true;
    call.body = (h2o_iovec_t)IOVEC("hello");
    expect_bytes(&call, "http://a", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    call.body.len = 0;
    expect_bytes(&call, "http://a", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    call.has_body = false;
    call.method = (h2o_iovec_t)IOVEC("POST");
    expect_bytes(&call, "http://a", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    call.method = (h2o_iovec_t)IOVEC("DELETE");
    expect_bytes(&call, "http://a", "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void refuses_targets_that_are_no_path(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "a",     "*",     "http://a/", "/a b", "/a\r\nX: y",
                                      "/a\n", "/\x7f", "/\x80", "/a#b",      "?a"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct tg_call call = get(bad[i]);
        expect_refused(&call);
    }
    struct tg_call call = get("/");
    call.target = (h2o_iovec_t)IOVEC("/a\0b");
    expect_refused(&call);
}

static void refuses_methods_and_hosts_that_are_none(void **state)
{
    (void)state;
    struct tg_call call = get("/");

    call.method = (h2o_iovec_t)IOVEC("GET /\r\n");
    expect_refused(&call);
    call.method = (h2o_iovec_t)IOVEC("CONNECT");
    expect_refused(&call);
    call = get("/");
    call.host = (h2o_iovec_t)IOVEC("a\r\nX: y");
    expect_refused(&call);
}

static void expect_field_refused(h2o_iovec_t name, h2o_iovec_t value)
{
    const struct tg_field field = {name, value};
    struct tg_call call = get("/");

    call.fields = &field;
    call.field_count = 1;
    expect_refused(&call);
}

static void refuses_fields_that_would_split_or_frame_the_request(void **state)
{
    (void)state;
    static const char *const ours[] = {"Host",       "content-length", "Transfer-Encoding",
                                       "Connection", "keep-alive",     "TE",
                                       "Trailer",    "Upgrade",        "Proxy-Connection"};
    const h2o_iovec_t x = IOVEC("x");

    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        expect_field_refused(h2o_iovec_init(ours[i], strlen(ours[i])), x);
    expect_field_refused(x, (h2o_iovec_t)IOVEC("a\r\nb: c"));
    expect_field_refused(x, (h2o_iovec_t)IOVEC("a\nb"));
    expect_field_refused(x, (h2o_iovec_t)IOVEC("a\0"));
    expect_field_refused((h2o_iovec_t)IOVEC(""), x);
    expect_field_refused((h2o_iovec_t)IOVEC("a b"), x);
    expect_field_refused((h2o_iovec_t)IOVEC("a:"), x);
}

static void knows_what_may_be_sent_twice(void **state)
{
    (void)state;
    static const char *const yes[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"};
    static const char *const no[] = {"POST", "PATCH", "get", "PROPFIND"};
    struct tg_call call = get("/");

    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        call.method = h2o_iovec_init(yes[i], strlen(yes[i]));
        assert_true(tg_call_is_idempotent(&call));
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        call.method = h2o_iovec_init(no[i], strlen(no[i]));
        assert_false(tg_call_is_idempotent(&call));
    }
}

static void takes_the_word_of_who_has_checked_the_fields(void **state)
{
    (void)state;
    const struct tg_field fields[] = {{IOVEC("x y"), IOVEC("1")}};
    struct tg_call call = get("/");

    call.fields = fields;
    call.field_count = 1;
    expect_refused(&call);
    call.fields_fit = true;
    assert_null(tg_call_check(&call).code);
    call.target = (h2o_iovec_t)IOVEC("/a b");
    expect_refused(&call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_plain_request),
        cmocka_unit_test(writes_fields_and_another_host),
        cmocka_unit_test(says_how_long_the_body_is),
        cmocka_unit_test(refuses_targets_that_are_no_path),
        cmocka_unit_test(refuses_methods_and_hosts_that_are_none),
        cmocka_unit_test(refuses_fields_that_would_split_or_frame_the_request),
        cmocka_unit_test(knows_what_may_be_sent_twice),
        cmocka_unit_test(takes_the_word_of_who_has_checked_the_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
