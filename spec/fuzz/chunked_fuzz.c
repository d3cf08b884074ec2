/* Chunked bodies: however the bytes are cut the same body is read, in place too, and it is the one
 * that a decoder of fifty plain lines finds in the whole. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "gate/seams.h"
#include "http/chunked.h"
#include "net/phr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    enum tg_chunked_step step;
    char *body;
    size_t body_len;
    size_t left; /* bytes behind the body */
};

static struct outcome by_pieces(struct tg_text text, size_t step, bool no_space)
{
    struct tg_chunked chunked = {.no_space = no_space};
    struct outcome outcome = {.step = TG_CHUNKED_MORE, .body = malloc(text.len + 1)};
    size_t at = 0;

    while (at < text.len && outcome.step == TG_CHUNKED_MORE) {
        size_t n = text.len - at < step ? text.len - at : step;
        struct tg_text in = {text.base + at, n}, piece;
        while ((outcome.step = tg_chunked_next(&chunked, &in, &piece)) == TG_CHUNKED_PIECE) {
            assert(piece.len != 0);
            memcpy(outcome.body + outcome.body_len, piece.base, piece.len);
            outcome.body_len += piece.len;
        }
        at += n - in.len;
    }
    outcome.left = text.len - at;
    return outcome;
}

/* As h2o does it: what comes is put behind what is decoded. */
static struct outcome in_place(struct tg_text text, size_t step)
{
    struct phr_chunked_decoder decoder = {.consume_trailer = 1};
    struct outcome outcome = {.step = TG_CHUNKED_MORE, .body = malloc(text.len + 1)};
    size_t at = 0;
    ssize_t rc = -2;

    while (at < text.len && rc == -2) {
        size_t n = text.len - at < step ? text.len - at : step, len = n;
        memcpy(outcome.body + outcome.body_len, text.base + at, n);
        at += n;
        rc = phr_decode_chunked(&decoder, outcome.body + outcome.body_len, &len);
        assert(len <= n && (rc < 0 || (size_t)rc <= n - len));
        outcome.body_len += len;
    }
    if (rc >= 0)
        assert(memcmp(outcome.body + outcome.body_len, text.base + at - (size_t)rc, (size_t)rc) ==
               0);
    outcome.step = rc == -1 ? TG_CHUNKED_WRONG : rc == -2 ? TG_CHUNKED_MORE : TG_CHUNKED_END;
    outcome.left = text.len - at + (rc > 0 ? (size_t)rc : 0);
    return outcome;
}

static void expect_same(const struct outcome *a, const struct outcome *b)
{
    assert(a->step == b->step);
    if (a->step == TG_CHUNKED_WRONG)
        return;
    assert(tg_text_is(tg_text(a->body, a->body_len), tg_text(b->body, b->body_len)));
    assert(a->step != TG_CHUNKED_END || a->left == b->left);
}

/* ---- the plain decoder: whole lines, nothing but what the grammar says */

static const char *end_of_line(const char *at, const char *end)
{
    const char *lf = memchr(at, '\n', (size_t)(end - at));

    return lf != NULL && lf > at && lf[-1] == '\r' ? lf - 1 : NULL;
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Must find the same body in what has been accepted to its end. */
static void check_plainly(struct tg_text text, const struct outcome *outcome)
{
    const char *at = text.base, *end = text.base + text.len;
    size_t len = 0;

    for (;;) {
        const char *stop = end_of_line(at, end);
        uint64_t chunk = 0;
        assert(stop != NULL && digit(*at) >= 0);
        for (; at < stop && digit(*at) >= 0; at++)
            chunk = chunk * 16 + (uint64_t)digit(*at);
        assert(at == stop || *at == ';');
        at = stop + 2;
        if (chunk == 0)
            break;
        assert(chunk + 2 <= (uint64_t)(end - at));
        assert(len + chunk <= outcome->body_len && memcmp(outcome->body + len, at, chunk) == 0);
        len += chunk;
        at += chunk;
        assert(at[0] == '\r' && at[1] == '\n');
        at += 2;
    }
    for (const char *stop; (stop = end_of_line(at, end)) != at; at = stop + 2)
        assert(stop != NULL);
    assert(len == outcome->body_len && (size_t)(end - at - 2) == outcome->left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 65536)
        return 0;
    char *copy = malloc(size - 1); /* its very size, so that a byte too far is seen */
    memcpy(copy, data + 1, size - 1);
    struct tg_text text = {copy, size - 1};
    size_t step = data[0] % 64 + 1;

    struct outcome strict = by_pieces(text, size, true), cut = by_pieces(text, step, true);
    struct outcome seam = in_place(text, size), seam_cut = in_place(text, step);
    struct outcome whole = by_pieces(text, size, false), pieces = by_pieces(text, step, false);
    expect_same(&strict, &cut);
    expect_same(&strict, &seam);
    expect_same(&strict, &seam_cut);
    expect_same(&whole, &pieces);
    if (strict.step == TG_CHUNKED_END) {
        check_plainly(text, &strict);
        expect_same(&strict, &whole);
    }
    free(strict.body);
    free(cut.body);
    free(seam.body);
    free(seam_cut.body);
    free(whole.body);
    free(pieces.body);
    free(copy);
    return 0;
}
