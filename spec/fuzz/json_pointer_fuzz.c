/* A pointer and, behind a newline, JSON: what is found is JSON of the same value, without commas
 * where they would be. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "codec/json_pointer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As the reader of site.lua lets them pass. */
static bool is_pointer(struct tg_text text)
{
    if (text.len != 0 && text.base[0] != '/')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.base[i] == '~' &&
            (i + 1 == text.len || (text.base[i + 1] != '0' && text.base[i + 1] != '1')))
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *end = size != 0 ? memchr(text, '\n', size) : NULL;
    struct tg_buffer out = {.limit = 0}, again = {.limit = 0};
    struct tg_parse_error error;

    if (end == NULL || !is_pointer(tg_text(text, (size_t)(end - text))))
        return 0;
    struct tg_text pointer = tg_text(text, (size_t)(end - text));
    struct tg_text json = tg_text(end + 1, size - pointer.len - 1);
    bool well = tg_json_pointer(json, pointer, &out);
    if (!tg_json_validate(json, 0, &error))
        assert(!well);
    assert(well || out.len == 0);
    assert(tg_json_pointer(json, pointer, &again) == well);
    assert(out.len == again.len && (out.len == 0 || memcmp(out.base, again.base, out.len) == 0));
    tg_buffer_dispose(&out);
    tg_buffer_dispose(&again);
    return 0;
}
