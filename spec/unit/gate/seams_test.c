#include "gate/seams.h"

#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_in_place_however_it_is_cut),
        cmocka_unit_test(refuses_what_h2o_would_pass_over),
        cmocka_unit_test(says_when_data_comes_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
