/* Queries and cookies: nothing is read or written outside, and encoding can be undone. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "http/cookie.h"
#include "http/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is decoded must come back when it is encoded and decoded once more. */
static void check(struct tg_text raw)
{
    char *plain = malloc(raw.len + 1);
    struct tg_text text = {plain, tg_query_decode(raw, plain)};
    struct tg_buffer encoded = {0};

    assert(text.len <= raw.len);
    tg_query_encode(&encoded, text);
    char *again = malloc(encoded.len + 1);
    size_t len = tg_query_decode(tg_text(encoded.base, encoded.len), again);
    assert(tg_text_is(tg_text(again, len), text));
    free(again);
    free(plain);
    tg_buffer_dispose(&encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_text rest = {(const char *)data, size};
    struct tg_query_pair pair;
    struct tg_cookie cookie;

    while (tg_query_next(&rest, &pair)) {
        check(pair.name);
        check(pair.value);
    }
    rest = tg_text((const char *)data, size);
    while (tg_cookie_next(&rest, &cookie)) {
        char *plain = malloc(cookie.value.len + 1);
        assert(cookie.name.len != 0);
        assert(tg_cookie_decode(cookie.value, plain) <= cookie.value.len);
        free(plain);
    }
    return 0;
}
