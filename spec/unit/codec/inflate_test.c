#include "codec/inflate.h"

#include "unit.h"

#include <stdlib.h>
#include <zlib.h>

enum { GZIP = 15 + 16, ZLIB = 15, BARE = -15 };

static struct tg_text pack(struct tg_text plain, int bits)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)plain.base, .avail_in = (uInt)plain.len};

    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t size = deflateBound(&stream, (uLong)plain.len);
    char *packed = malloc(size);
    stream.next_out = (Bytef *)packed;
    stream.avail_out = (uInt)size;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t len = size - stream.avail_out;
    deflateEnd(&stream);
    return tg_text(packed, len);
}

static void expect(const char *coding, struct tg_text packed, enum tg_inflate_result result,
                   size_t limit, const char *plain)
{
    struct tg_buffer out = {.limit = limit};

    assert_int_equal(tg_inflate(tg_text_of(coding), packed, &out), result);
    if (result == TG_INFLATE_DONE) {
        assert_int_equal(out.len, strlen(plain));
        assert_memory_equal(out.base, plain, out.len);
    }
    tg_buffer_dispose(&out);
}

static void undoes_its_codings(void **state)
{
    (void)state;
    struct tg_text gzip = pack(TG_TEXT("hello hello"), GZIP);
    struct tg_text zlib = pack(TG_TEXT("hello hello"), ZLIB);
    struct tg_text bare = pack(TG_TEXT("hello hello"), BARE);

    assert_true(tg_inflate_knows(TG_TEXT("GZip")) && tg_inflate_knows(TG_TEXT("x-gzip")));
    assert_true(tg_inflate_knows(TG_TEXT("deflate")));
    assert_false(tg_inflate_knows(TG_TEXT("br")) || tg_inflate_knows(TG_TEXT("gzip, gzip")));
    expect("gzip", gzip, TG_INFLATE_DONE, 0, "hello hello");
    expect("deflate", zlib, TG_INFLATE_DONE, 0, "hello hello");
    expect("deflate", bare, TG_INFLATE_DONE, 0, "hello hello");
    free((char *)(uintptr_t)gzip.base);
    free((char *)(uintptr_t)zlib.base);
    free((char *)(uintptr_t)bare.base);
}

static void takes_several_members(void **state)
{
    (void)state;
    struct tg_text gzip = pack(TG_TEXT("hello"), GZIP);
    struct tg_buffer twice = {0};

    tg_buffer_append(&twice, gzip.base, gzip.len);
    tg_buffer_append(&twice, gzip.base, gzip.len);
    expect("gzip", tg_text(twice.base, twice.len), TG_INFLATE_DONE, 0, "hellohello");
    tg_buffer_put(&twice, 'x');
    expect("gzip", tg_text(twice.base, twice.len), TG_INFLATE_DAMAGED, 0, NULL);
    tg_buffer_dispose(&twice);
    free((char *)(uintptr_t)gzip.base);
}

static void refuses_what_is_damaged(void **state)
{
    (void)state;
    struct tg_text gzip = pack(TG_TEXT("hello hello hello"), GZIP);
    char *bytes = (char *)(uintptr_t)gzip.base;

    for (size_t len = 0; len < gzip.len; len++)
        expect("gzip", tg_text(bytes, len), TG_INFLATE_DAMAGED, 0, NULL);
    bytes[gzip.len - 6] ^= 1; /* of the checksum */
    expect("gzip", gzip, TG_INFLATE_DAMAGED, 0, NULL);
    expect("gzip", TG_TEXT("hello"), TG_INFLATE_DAMAGED, 0, NULL);
    expect("deflate", TG_TEXT("hello"), TG_INFLATE_DAMAGED, 0, NULL);
    expect("deflate", TG_TEXT(""), TG_INFLATE_DAMAGED, 0, NULL);
    free(bytes);
}

static void holds_the_limit(void **state)
{
    (void)state;
    size_t len = 100000;
    char *plain = calloc(1, len + 1);

    memset(plain, 'x', len);
    struct tg_text gzip = pack(tg_text(plain, len), GZIP);
    expect("gzip", gzip, TG_INFLATE_DONE, len, plain);
    expect("gzip", gzip, TG_INFLATE_TOO_LARGE, len - 1, NULL);
    free((char *)(uintptr_t)gzip.base);
    free(plain);
}

/* A run of one byte shrinks 1000 times. */
static void stops_a_bomb(void **state)
{
    (void)state;
    for (size_t len = TG_INFLATE_FREE; len <= TG_INFLATE_FREE * 4; len *= 4) {
        char *plain = calloc(1, len + 1);
        memset(plain, 'x', len);
        struct tg_text gzip = pack(tg_text(plain, len), GZIP);
        expect("gzip", gzip, len == TG_INFLATE_FREE ? TG_INFLATE_DONE : TG_INFLATE_TOO_LARGE, 0,
               plain);
        free((char *)(uintptr_t)gzip.base);
        free(plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undoes_its_codings),
        cmocka_unit_test(takes_several_members),
        cmocka_unit_test(refuses_what_is_damaged),
        cmocka_unit_test(holds_the_limit),
        cmocka_unit_test(stops_a_bomb),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
