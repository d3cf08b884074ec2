#include "http/chunked.h"

#include <stdlib.h>

#include "http/text.h"

/* Decodes the text in pieces of `step` bytes; returns how it ended, and the body. */
static enum tg_chunked_step decode(struct tg_text text, size_t step, char *body, size_t *used)
{
    struct tg_chunked chunked = {0};
    struct tg_text piece;
    size_t len = 0, at = 0;
    enum tg_chunked_step result = TG_CHUNKED_MORE;

    while (at < text.len && result == TG_CHUNKED_MORE) {
        size_t n = text.len - at < step ? text.len - at : step;
        struct tg_text in = {text.base + at, n};
        while ((result = tg_chunked_next(&chunked, &in, &piece)) == TG_CHUNKED_PIECE) {
            memcpy(body + len, piece.base, piece.len);
            len += piece.len;
        }
        at += n - in.len;
    }
    body[len] = '\0';
    *used = at;
    return result;
}

static void expect_body(const char *text, const char *want, size_t left)
{
    char body[256];
    size_t used;

    for (size_t step = 1; step <= strlen(text); step++) {
        assert_int_equal(decode(tg_text_of(text), step, body, &used), TG_CHUNKED_END);
        assert_string_equal(body, want);
        assert_int_equal(strlen(text) - used, left);
    }
}

static enum tg_chunked_step end_of(struct tg_text text, size_t step)
{
    char *body = malloc(text.len + 1);
    size_t used;
    enum tg_chunked_step result = decode(text, step, body, &used);

    free(body);
    return result;
}

static void expect_wrong(struct tg_text text)
{
    assert_int_equal(end_of(text, 1), TG_CHUNKED_WRONG);
    assert_int_equal(end_of(text, text.len), TG_CHUNKED_WRONG);
}

static void reads_chunks_however_they_are_cut(void **state)
{
    (void)state;
    expect_body("0\r\n\r\n", "", 0);
    expect_body("3\r\nabc\r\n0\r\n\r\n", "abc", 0);
    expect_body("3\r\nabc\r\nA\r\n0123456789\r\n00\r\n\r\n", "abc0123456789", 0);
    expect_body("2;ext=\"a b\"\r\n\r\n\r\n2 \t\r\nok\r\n0 ;x\r\n\r\n", "\r\nok", 0);
}

static void drops_trailers_and_leaves_what_follows(void **state)
{
    (void)state;
    expect_body("1\r\na\r\n0\r\nX: 1\r\nY: 2\r\n\r\n", "a", 0);
    expect_body("1\r\na\r\n0\r\n\r\nHTTP", "a", 4);
}

static void refuses_sizes_that_others_may_read_otherwise(void **state)
{
    (void)state;
    expect_wrong(TG_TEXT("\r\n"));
    expect_wrong(TG_TEXT("x\r\n"));
    expect_wrong(TG_TEXT("0x3\r\nabc\r\n"));
    expect_wrong(TG_TEXT("3garbage\r\nabc\r\n"));
    expect_wrong(TG_TEXT("3 3\r\nabc\r\n"));
    expect_wrong(TG_TEXT("-3\r\nabc\r\n"));
    expect_wrong(TG_TEXT("+3\r\nabc\r\n"));
    expect_wrong(TG_TEXT(" 3\r\nabc\r\n"));
    expect_wrong(TG_TEXT("3\nabc\r\n"));
    expect_wrong(TG_TEXT("3\rabc\r\n"));
    expect_wrong(TG_TEXT("3;a\nb\r\nabc\r\n"));
    expect_wrong(TG_TEXT("3;a\0b\r\nabc\r\n"));
}

static void refuses_data_longer_or_shorter_than_its_size(void **state)
{
    (void)state;
    expect_wrong(TG_TEXT("3\r\nabcd\r\n0\r\n\r\n"));
    expect_wrong(TG_TEXT("3\r\nabc\n0\r\n\r\n"));
    expect_wrong(TG_TEXT("3\r\nabc\r0\r\n\r\n"));
    expect_wrong(TG_TEXT("1\r\na\r\n0\r\n\n"));
    expect_wrong(TG_TEXT("1\r\na\r\n0\r\nX: 1\n\r\n"));
    expect_wrong(TG_TEXT("1\r\na\r\n0\r\nX:\0 1\r\n\r\n"));
}

static void holds_its_limits(void **state)
{
    (void)state;
    struct tg_chunked chunked = {0};
    struct tg_text in = TG_TEXT("fffffffffffffff\r\n"), piece;

    assert_int_equal(tg_chunked_next(&chunked, &in, &piece), TG_CHUNKED_MORE);
    assert_true(chunked.left == ((uint64_t)1 << 60) - 1);
    expect_wrong(TG_TEXT("0fffffffffffffff\r\n"));

    static char line[TG_CHUNKED_LINE + 1];
    memset(line, 'x', sizeof(line));
    memcpy(line, "1;", 2);
    line[TG_CHUNKED_LINE - 2] = '\r';
    line[TG_CHUNKED_LINE - 1] = '\n';
    assert_int_equal(end_of(tg_text(line, TG_CHUNKED_LINE), 100), TG_CHUNKED_MORE);
    line[TG_CHUNKED_LINE - 2] = 'x';
    line[TG_CHUNKED_LINE - 1] = '\r';
    line[TG_CHUNKED_LINE] = '\n';
    assert_int_equal(end_of(tg_text(line, TG_CHUNKED_LINE + 1), 100), TG_CHUNKED_WRONG);
}

static void bounds_the_trailers(void **state)
{
    (void)state;
    static char text[3 + TG_CHUNKED_TRAILER + 1];

    memset(text, 'x', sizeof(text));
    memcpy(text, "0\r\n", 3);
    memcpy(text + 3 + TG_CHUNKED_TRAILER - 4, "\r\n\r\n", 4);
    assert_int_equal(end_of(tg_text(text, 3 + TG_CHUNKED_TRAILER), 100), TG_CHUNKED_END);
    memset(text + 3 + TG_CHUNKED_TRAILER - 4, 'x', 4);
    memcpy(text + 3 + TG_CHUNKED_TRAILER - 3, "\r\n\r\n", 4);
    assert_int_equal(end_of(tg_text(text, sizeof(text)), 100), TG_CHUNKED_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_chunks_however_they_are_cut),
        cmocka_unit_test(drops_trailers_and_leaves_what_follows),
        cmocka_unit_test(refuses_sizes_that_others_may_read_otherwise),
        cmocka_unit_test(refuses_data_longer_or_shorter_than_its_size),
        cmocka_unit_test(holds_its_limits),
        cmocka_unit_test(bounds_the_trailers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
