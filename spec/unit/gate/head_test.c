#include "gate/head_plain.h"

#include <stdlib.h>

#include "unit.h"

static const struct tg_head_limits limits = {.bytes = 512, .url = 64, .fields = 8};

#define LONG "GET /long/enough/for/a/block HTTP/1.1\r\n"

static const char *const plain[] = {
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a?b=%20 HTTP/1.0\r\n\r\n",
    "M-SEARCH * HTTP/1.1\r\nhost:[::1]:80\r\nEmpty:\r\nSpaced: \t a \t b\r\n\r\n",
    "POST /\xc3\xa9 HTTP/1.1\r\nHost: a.example:8080\r\nContent-Length: 12\r\n\r\nHello, ",
    "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nX: \xff\r\n\r\n0\r\n\r\n",
    LONG "Host: shop.example\r\nUser-Agent: Mozilla/5.0 (X11)\r\nAccept: */*\r\n\r\nGET /",
};

static const char *const others[] = {
    "",
    "G",
    "GET / HTTP/1.1\r\nHost: a\r\n\r",
    "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a \r\n\r\n",
    "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 \r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: a\x01\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\na:\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\nh:\r\n\r\n",
};

static void expect_the_same(const struct tg_head *a, const struct tg_head *b)
{
    assert_ptr_equal(a->method, b->method);
    assert_int_equal(a->method_len, b->method_len);
    assert_ptr_equal(a->path, b->path);
    assert_int_equal(a->path_len, b->path_len);
    assert_int_equal(a->minor_version, b->minor_version);
    assert_int_equal(a->has_body, b->has_body);
    assert_int_equal(a->field_count, b->field_count);
    for (size_t i = 0; i < a->field_count; i++) {
        assert_ptr_equal(a->fields[i].name, b->fields[i].name);
        assert_int_equal(a->fields[i].name_len, b->fields[i].name_len);
        assert_ptr_equal(a->fields[i].value, b->fields[i].value);
        assert_int_equal(a->fields[i].value_len, b->fields[i].value_len);
    }
}

/* Returns the length of a plain head, which is the same to h2o's parser and to the rules: these
 * read what seems to have come in two pieces. */
static int read_plain(const char *bytes, size_t len)
{
    struct phr_header fields[TG_HEAD_FIELDS], plain_fields[TG_HEAD_FIELDS];
    struct tg_head head = {.fields = fields}, first = {.fields = plain_fields};
    struct tg_refusal refusal = {0};
    char *copy = malloc(len); /* its very size, so that a byte too far is seen */

    if (len != 0)
        memcpy(copy, bytes, len);
    int used = tg_head_read_plain(&limits, copy, len, &first);
    if (used != 0) {
        assert_int_equal(tg_head_read(&limits, copy, len, 1, &head, &refusal), used);
        expect_the_same(&first, &head);
    }
    free(copy);
    return used;
}

static void reads_what_is_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
        const char *end = strstr(plain[i], "\r\n\r\n") + 4;
        assert_int_equal(read_plain(plain[i], strlen(plain[i])), end - plain[i]);
        for (size_t len = 0; len < (size_t)(end - plain[i]); len++)
            assert_int_equal(read_plain(plain[i], len), 0);
    }
}

static void leaves_the_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        assert_int_equal(read_plain(others[i], strlen(others[i])), 0);
}

static void takes_no_byte_for_another(void **state)
{
    char bytes[512];

    (void)state;
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
        size_t len = strlen(plain[i]);
        memcpy(bytes, plain[i], len);
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                bytes[at] = (char)c;
                read_plain(bytes, len);
            }
            bytes[at] = plain[i][at];
        }
    }
}

static void keeps_to_the_limits(void **state)
{
    struct phr_header fields[TG_HEAD_FIELDS];
    struct tg_head head = {.fields = fields};
    const char *bytes = plain[5];
    size_t len = strlen(bytes), used = len - 5;

    (void)state;
    assert_int_equal(tg_head_read_plain(&(struct tg_head_limits){used, 26, 3}, bytes, len, &head),
                     used);
    assert_int_equal(
        tg_head_read_plain(&(struct tg_head_limits){used - 1, 26, 3}, bytes, len, &head), 0);
    assert_int_equal(tg_head_read_plain(&(struct tg_head_limits){used, 23, 3}, bytes, len, &head),
                     0);
    assert_int_equal(tg_head_read_plain(&(struct tg_head_limits){used, 26, 2}, bytes, len, &head),
                     0);
}

/* The parser is looked up at run time: without a call of another function the linker would leave
 * libh2o out. */
static int have_the_parser(void **state)
{
    struct phr_header field;
    size_t count = 1;

    (void)state;
    return phr_parse_headers("\r\n", 2, &field, &count, 0) == 2 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_plain),
        cmocka_unit_test(leaves_the_rest),
        cmocka_unit_test(takes_no_byte_for_another),
        cmocka_unit_test(keeps_to_the_limits),
    };
    return cmocka_run_group_tests(tests, have_the_parser, NULL);
}
