#include "http/range.h"

#include <inttypes.h>
#include <stdio.h>

#include "http/list.h"

/* Digits only; what is too large is the largest. */
static bool read_number(struct tg_text text, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(text.base[i] - '0');
        *value = *value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *value * 10 + digit;
    }
    return text.len != 0;
}

enum one { BROKEN, PART, OUTSIDE };

/* `5-9`, `5-` or `-5` */
static enum one read_one(struct tg_text text, uint64_t length, struct tg_range *range)
{
    const char *dash = memchr(text.base, '-', text.len);
    uint64_t number;

    if (dash == NULL)
        return BROKEN;
    struct tg_text before = tg_text(text.base, (size_t)(dash - text.base));
    struct tg_text after = tg_text(dash + 1, text.len - before.len - 1);
    if (before.len == 0) {
        if (!read_number(after, &number))
            return BROKEN;
        *range = (struct tg_range){number < length ? length - number : 0, length - 1};
        return number != 0 && length != 0 ? PART : OUTSIDE;
    }
    *range = (struct tg_range){.last = UINT64_MAX};
    if (!read_number(before, &range->first) ||
        (after.len != 0 && !read_number(after, &range->last)) || range->first > range->last)
        return BROKEN;
    if (range->first >= length)
        return OUTSIDE;
    if (range->last >= length)
        range->last = length - 1;
    return PART;
}

enum tg_range_answer tg_range_read(struct tg_text value, uint64_t length, struct tg_range *range)
{
    const struct tg_text unit = TG_TEXT("bytes=");
    struct tg_text rest, text;
    size_t parts = 0, outside = 0;

    value = tg_list_trim(value);
    if (value.len < unit.len || !tg_text_is_nocase(tg_text(value.base, unit.len), unit))
        return TG_RANGE_WHOLE;
    rest = tg_text(value.base + unit.len, value.len - unit.len);
    while (tg_list_next(&rest, &text)) {
        struct tg_range one;
        switch (read_one(text, length, &one)) {
        case BROKEN:
            return TG_RANGE_WHOLE;
        case PART:
            *range = one;
            parts++;
            break;
        case OUTSIDE:
            outside++;
            break;
        }
    }
    if (parts == 1)
        return TG_RANGE_PART;
    return parts == 0 && outside != 0 && length != 0 ? TG_RANGE_UNSATISFIABLE : TG_RANGE_WHOLE;
}

enum tg_range_answer tg_range_answer(struct tg_headers request,
                                     const struct tg_validators *validators, uint64_t length,
                                     int64_t now, struct tg_range *range)
{
    size_t at = 0;
    const struct tg_header *header = tg_headers_next(request, TG_TEXT("range"), &at);

    if (header == NULL || tg_headers_next(request, TG_TEXT("range"), &at) != NULL ||
        !tg_condition_allows_range(request, validators, now))
        return TG_RANGE_WHOLE;
    return tg_range_read(header->value, length, range);
}

size_t tg_range_write(char out[TG_RANGE_TEXT], const struct tg_range *range, uint64_t length)
{
    int len = range == NULL ? snprintf(out, TG_RANGE_TEXT, "bytes */%" PRIu64, length)
                            : snprintf(out, TG_RANGE_TEXT, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
                                       range->first, range->last, length);
    return (size_t)len;
}
