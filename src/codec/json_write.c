#include "codec/json_write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Long text goes in pieces, so that the room for escapes stays in proportion. */
#define PIECE 4096

/* 2^53: up to it every integer is a double. */
#define EXACT 9007199254740992.0

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

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233"
                            "34353637383940414243444546474849505152535455565758596061626364656667"
                            "6869707172737475767778798081828384858687888990919293949596979899";

/* Writes the digits so that they end at `end`; returns where they begin. */
static char *digits_before(char *end, uint64_t n)
{
    while (n >= 100) {
        end -= 2;
        memcpy(end, pairs + n % 100 * 2, 2);
        n /= 100;
    }
    if (n >= 10) {
        end -= 2;
        memcpy(end, pairs + n * 2, 2);
    } else {
        *--end = (char)('0' + n);
    }
    return end;
}

enum { INTEGER_ROOM = 24 };

static size_t format_integer(char *text, double number)
{
    char digits[2 * INTEGER_ROOM] = "", *end = digits + INTEGER_ROOM;
    char *start = digits_before(end, (uint64_t)fabs(number));

    if (signbit(number))
        *--start = '-';
    memcpy(text, start, INTEGER_ROOM); /* of a known size: no call */
    return (size_t)(end - start);
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

static size_t format_decimals(char *text, double number, uint64_t n, unsigned decimals)
{
    char digits[40], *end = digits + sizeof(digits), *start = digits_before(end, n), *out = text;

    while (end - start <= (ptrdiff_t)decimals)
        *--start = '0';
    size_t whole = (size_t)(end - start) - decimals;
    if (signbit(number))
        *out++ = '-';
    memcpy(out, start, whole);
    out[whole] = '.';
    memcpy(out + whole + 1, start + whole, decimals);
    return (size_t)(out - text) + whole + 1 + decimals;
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

    if (size < EXACT && size == (double)(uint64_t)size)
        return format_integer(text, number);
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
