#include "codec/json_write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Long text goes in pieces, so that the room for escapes stays in proportion. */
#define PIECE 4096

char *tg_json_escape_byte(char *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "btn?fr"; /* of 8 to 13 */

    *out++ = '\\';
    if (c == '"' || c == '\\') {
        *out++ = (char)c;
    } else if (c >= 8 && c <= 13 && c != 11) {
        *out++ = letters[c - 8];
    } else {
        *out++ = 'u';
        *out++ = '0';
        *out++ = '0';
        *out++ = hex[c >> 4];
        *out++ = hex[c & 15];
    }
    return out;
}

bool tg_json_write_long_string(struct tg_buffer *out, struct tg_text text, uint64_t *high)
{
    const char *p = text.base;
    size_t left = text.len;

    if (!tg_buffer_put(out, '"'))
        return false;
    do {
        size_t n = left < PIECE ? left : PIECE;
        char *room = tg_buffer_reserve(out, TG_JSON_ROOM(n));
        if (room == NULL)
            return false;
        out->len += (size_t)(tg_json_escape(room, p, n, high) - room);
        left -= n;
        p = left != 0 ? p + n : p; /* an empty text may have no base */
    } while (left != 0);
    return tg_buffer_put(out, '"');
}

bool tg_json_write_text(struct tg_buffer *out, struct tg_text text)
{
    uint64_t high = 0;

    return tg_json_write_string(out, text, &high);
}

const char tg_json_pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233"
                             "34353637383940414243444546474849505152535455565758596061626364656667"
                             "6869707172737475767778798081828384858687888990919293949596979899";

static size_t format_whole(char *text, double number)
{
    char *out = text;

    if (signbit(number))
        *out++ = '-';
    return (size_t)(tg_json_put_whole(out, (uint64_t)fabs(number)) - text);
}

/* A number with few decimals, by whole numbers: n / 10^k, which is the double when it divides to
 * it. With up to fifteen digits there is only one such decimal. False when there is none. */
static bool find_decimals(double number, uint64_t *n, unsigned *decimals)
{
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

    for (unsigned k = 1; k < sizeof(powers) / sizeof(*powers); k++) {
        double scaled = number * powers[k];
        if (scaled >= 1e15)
            return false;
        *n = (uint64_t)(scaled + 0.5);
        if ((double)*n / powers[k] == number) {
            *decimals = k;
            return true;
        }
    }
    return false;
}

/* The digits are moved behind the point; below one there are zeros in front of them. */
static size_t format_decimals(char *text, double number, uint64_t n, unsigned decimals)
{
    static const uint32_t powers[] = {1,      10,      100,      1000,      10000,
                                      100000, 1000000, 10000000, 100000000, 1000000000};
    uint32_t fraction = (uint32_t)(n % powers[decimals]);
    char *out = text, digits[16] = "", *end;

    if (signbit(number))
        *out++ = '-';
    out = tg_json_put_whole(out, n / powers[decimals]);
    *out++ = '.';
    end = tg_json_put_whole(digits, fraction);
    for (size_t zeros = decimals - (size_t)(end - digits); zeros > 0; zeros--)
        *out++ = '0';
    memcpy(out, digits, sizeof(digits)); /* of a known size: no call */
    return (size_t)(out - text) + (size_t)(end - digits);
}

/* The point is a point, whatever the locale of the process. */
static size_t format_general(char *text, double number)
{
    int n = 0;

    for (int precision = 15; precision <= 17; precision++) {
        n = snprintf(text, TG_JSON_NUMBER_ROOM, "%.*g", precision, number);
        if (strtod(text, NULL) == number)
            break;
    }
    for (int i = 0; i < n; i++) {
        if (text[i] == ',')
            text[i] = '.';
    }
    return (size_t)n;
}

size_t tg_json_format_number(char text[TG_JSON_NUMBER_ROOM], double number)
{
    double size = fabs(number);
    uint64_t n;
    unsigned decimals;

    if (size < TG_JSON_WHOLE && size == (double)(uint64_t)size)
        return format_whole(text, number);
    if (size > 1e-5 && size < 1e15 && find_decimals(size, &n, &decimals))
        return format_decimals(text, number, n, decimals);
    return format_general(text, number);
}

bool tg_json_write_number(struct tg_buffer *out, double number)
{
    char *room = tg_buffer_reserve(out, TG_JSON_NUMBER_ROOM), text[TG_JSON_NUMBER_ROOM];

    if (room == NULL)
        return tg_buffer_append(out, text, tg_json_format_number(text, number));
    out->len += tg_json_format_number(room, number);
    return true;
}
