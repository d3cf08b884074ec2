/* Paths: the normal form is normal, safe to send on, and its segments are what they say. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "http/escape.h"
#include "http/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_segment(const struct tg_path_segment *segment, bool last)
{
    char *plain = malloc(segment->encoded.len + 1);
    size_t len = tg_escape_decode(segment->encoded, plain, false);

    assert(tg_text_is(tg_text(plain, len), segment->decoded));
    assert(last || len != 0);
    assert(!tg_text_is(segment->decoded, TG_TEXT(".")));
    assert(!tg_text_is(segment->decoded, TG_TEXT("..")));
    for (size_t i = 0; i < segment->encoded.len; i++)
        assert(segment->encoded.base[i] == '%' ||
               tg_char_is(segment->encoded.base[i], TG_CHAR_SEGMENT));
    free(plain);
}

/* Reading the normal form again changes nothing. */
static void check_again(const struct tg_path *path)
{
    char *space = malloc(TG_PATH_SPACE(path->normal.len));
    struct tg_path again;

    assert(tg_path_parse(path->normal, space, &again) == NULL);
    assert(tg_text_is(again.normal, path->normal));
    assert(again.count == path->count);
    free(space);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *space = malloc(TG_PATH_SPACE(size));
    struct tg_path path;
    size_t len = 0;

    if (tg_path_parse(tg_text((const char *)data, size), space, &path) == NULL) {
        for (size_t i = 0; i < path.count; i++) {
            check_segment(&path.segments[i], i + 1 == path.count);
            assert(path.segments[i].encoded.base == path.normal.base + len + 1);
            len += path.segments[i].encoded.len + 1;
        }
        assert(len == path.normal.len);
        check_again(&path);
    }
    free(space);
    return 0;
}
