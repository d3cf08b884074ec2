#include "gate/seams.h"

#include <errno.h>
#include <h2o.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/phr.h"
#include "unit.h"

/* Decodes in pieces of `step` bytes, in place, as h2o does: each piece lies behind what has been
 * decoded of the ones before. Returns the last result; *left is what stands behind the body. */
static ssize_t decode(const char *text, size_t step, char *out, const char **left)
{
    struct phr_chunked_decoder decoder = {.consume_trailer = 1};
    size_t len = strlen(text), used = 0, have = 0;
    ssize_t rc = -2;

    while (used < len && rc == -2) {
        size_t n = len - used < step ? len - used : step;
        memcpy(out + have, text + used, n);
        used += n;
        rc = phr_decode_chunked(&decoder, out + have, &n);
        have += n;
    }
    if (rc >= 0) {
        size_t extra = (size_t)rc;
        out[have + extra] = '\0';
        *left = text + used - extra;
        assert_memory_equal(out + have, *left, extra);
    }
    out[have] = '\0';
    return rc;
}

static void decodes_in_place_however_it_is_cut(void **state)
{
    static const char text[] = "3\r\nabc\r\n5;x=y\r\ndefgh\r\n0\r\nT: v\r\n\r\nGET /";
    char out[128];
    const char *left;

    (void)state;
    for (size_t step = 1; step <= strlen(text); step++) {
        ssize_t rc = decode(text, step, out, &left);
        assert_true(rc >= 0);
        assert_string_equal(out, "abcdefgh");
    }
    assert_int_equal(decode(text, strlen(text), out, &left), 5);
    assert_string_equal(left, "GET /");
}

static void refuses_what_h2o_would_pass_over(void **state)
{
    static const char *const texts[] = {
        "0x3\r\nabc\r\n0\r\n\r\n",   "3garbage\r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",       "3\r\nabc\n0\r\n\r\n",
        "3\r\nabc\r\r\n0\r\n\r\n",   "3\r\nabc\r\n0\n\n",
        "3\r\nabc\r\n0\r\n\n",       "0000000000000003\r\nabc\r\n0\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n",    "3\t;x\r\nabc\r\n0\r\n\r\n",
        "3;\x01\r\nabc\r\n0\r\n\r\n"};
    char out[128];
    const char *left;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        for (size_t step = 1; step <= strlen(texts[i]); step++)
            assert_int_equal(decode(texts[i], step, out, &left), -1);
}

static void says_when_data_comes_next(void **state)
{
    struct phr_chunked_decoder decoder = {.consume_trailer = 1};
    char text[] = "3\r\na";
    size_t len = strlen(text);

    (void)state;
    assert_int_equal(phr_decode_chunked_is_in_data(&decoder), 0);
    assert_int_equal(phr_decode_chunked(&decoder, text, &len), -2);
    assert_int_equal(len, 1);
    assert_int_equal(phr_decode_chunked_is_in_data(&decoder), 1);
    assert_int_equal(decoder.consume_trailer, 1);
}

#define START "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: %s\r\n"
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

/* What libc makes of it, through a function that is not stood in front of. */
#define same_as_libc(...)                                                                          \
    do {                                                                                           \
        char ours[256], theirs[256];                                                               \
        int len = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                                   \
        assert_int_equal(tg_seam_sprintf(ours, 1, SIZE_MAX, __VA_ARGS__), len);                    \
        assert_string_equal(ours, theirs);                                                         \
    } while (0)

static void writes_heads_as_libc_does(void **state)
{
    static const size_t lengths[] = {0, 9, 10, 4096, SIZE_MAX};
    static const int statuses[] = {0, 100, 200, 404, 999};

    (void)state;
    for (size_t i = 0; i < 5; i++)
        same_as_libc(START "Content-Length: %zu\r\n", statuses[i], "OK", DATE, "close", lengths[i]);
    for (size_t i = 0; i < 5; i++)
        same_as_libc(START, statuses[i], "", DATE, "keep-alive");
}

static void writes_the_date_behind_the_reason(void **state)
{
    char ours[256];
    const char *reason = "OK\r\nDate: Mon, 07 Nov 1994 08:49:37 GMT";

    (void)state;
#ifdef TG_SANITIZED
    skip(); /* their own sprintf stands in front of everything */
#endif
    tg_seam_sprintf(ours, 1, SIZE_MAX, START, 200, reason, DATE, "close");
    assert_string_equal(ours, "HTTP/1.1 200 OK\r\nDate: Mon, 07 Nov 1994 08:49:37 GMT\r\n"
                              "Connection: close\r\n");
}

static void leaves_other_formats_to_libc(void **state)
{
    char out[8];

    (void)state;
    same_as_libc(START "Content-Length: %5zu\r\n", 200, "OK", DATE, "close", (size_t)7);
    same_as_libc(START "%s", 200, "OK", DATE, "close", "more");
    same_as_libc("HTTP/1.1 %d %s\r\n", 200, "OK");
    same_as_libc("%08x-%.2f-%s-%%", 255u, 1.5, "x");
    assert_int_equal(tg_seam_sprintf(out, 1, sizeof(out), "%d", 1234567), 7);
    assert_string_equal(out, "1234567");
}

/* ---- sending ---- */

static void fill(struct iovec *parts, char *bytes, size_t first, size_t second)
{
    for (size_t i = 0; i < first + second; i++)
        bytes[i] = (char)(i * 31 % 251);
    parts[0] = (struct iovec){bytes, first};
    parts[1] = (struct iovec){bytes + first, second};
}

static void sends_and_reads_back(int out, int in, size_t first, size_t second)
{
    static char bytes[65536], back[65536];
    struct iovec parts[2];

    fill(parts, bytes, first, second);
    assert_int_equal(tg_seam_writev(out, parts, 2), first + second);
    assert_int_equal(read(in, back, sizeof(back)), first + second);
    assert_memory_equal(back, bytes, first + second);
}

static void sends_all_parts_whatever_their_size(void **state)
{
    int ends[2], pipes[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(pipe(pipes), 0);
    sends_and_reads_back(ends[0], ends[1], 200, 100);
    sends_and_reads_back(ends[0], ends[1], 0, 1);
    sends_and_reads_back(ends[0], ends[1], 200, 4096 - 200);
    sends_and_reads_back(ends[0], ends[1], 200, 4096 - 199);
    sends_and_reads_back(ends[0], ends[1], 5000, 7000);
    sends_and_reads_back(pipes[1], pipes[0], 200, 100);
    sends_and_reads_back(pipes[1], pipes[0], 5000, 7000);
    close(ends[0]);
    close(ends[1]);
    close(pipes[0]);
    close(pipes[1]);
}

static void says_why_it_sends_nothing(void **state)
{
    static char bytes[65536];
    struct iovec parts[2];
    int ends[2];

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    fill(parts, bytes, 100, 100);
    while (tg_seam_writev(ends[0], parts, 2) > 0)
        continue;
    assert_int_equal(errno, EAGAIN);
    close(ends[1]);
    assert_int_equal(tg_seam_writev(ends[0], parts, 2), -1);
    assert_int_equal(errno, EPIPE);
    close(ends[0]);
    assert_int_equal(tg_seam_writev(ends[0], parts, 2), -1);
    assert_int_equal(errno, EBADF);
}

/* ---- memory ---- */

static void takes_memory_as_libh2o_does(void **state)
{
    static const size_t sizes[] = {1, 16, 17, 0, 1019, 1020, 1000, 5000, 1019, 1019, 1019, 64};
    enum { COUNT = sizeof(sizes) / sizeof(*sizes) };
    h2o_mem_pool_t pool;
    char *pieces[COUNT];

    (void)state;
    assert_true(tg_seam_pool_is_right());
    h2o_mem_init_pool(&pool);
    for (size_t i = 0; i < COUNT; i++) {
        pieces[i] = h2o_mem_alloc_pool(&pool, sizes[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(pieces[i][k], i + 1);
    h2o_mem_clear_pool(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_memory_as_libh2o_does),
        cmocka_unit_test(decodes_in_place_however_it_is_cut),
        cmocka_unit_test(refuses_what_h2o_would_pass_over),
        cmocka_unit_test(says_when_data_comes_next),
        cmocka_unit_test(writes_heads_as_libc_does),
        cmocka_unit_test(writes_the_date_behind_the_reason),
        cmocka_unit_test(leaves_other_formats_to_libc),
        cmocka_unit_test(sends_all_parts_whatever_their_size),
        cmocka_unit_test(says_why_it_sends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
