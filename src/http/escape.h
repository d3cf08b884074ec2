/* Percent-encoding, and the classes of characters that decide what needs it (RFC 3986). */
#ifndef TG_HTTP_ESCAPE_H
#define TG_HTTP_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"

enum {
    TG_CHAR_UNRESERVED = 1, /* stands for itself everywhere in a URI */
    TG_CHAR_SEGMENT = 2,    /* may stand raw in a path segment: pchar */
    TG_CHAR_TOKEN = 4,      /* may stand in a method or a field name (RFC 9110) */
    TG_CHAR_HOST = 8,       /* may stand raw in a registered name */
};

/* The classes of each byte. */
extern const uint8_t tg_char_class[256];

static inline bool tg_char_is(char c, int class)
{
    return (tg_char_class[(unsigned char)c] & class) != 0;
}

/* The value of a hexadecimal digit, or -1. */
static inline int tg_hex_value(char c)
{
    if ('0' <= c && c <= '9')
        return c - '0';
    c |= 0x20;
    return 'a' <= c && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the escape at `at` stands for, or -1 when it is broken or passes `end`. */
static inline int tg_escape_value(const char *at, const char *end)
{
    if (end - at < 3 || tg_hex_value(at[1]) < 0 || tg_hex_value(at[2]) < 0)
        return -1;
    return tg_hex_value(at[1]) << 4 | tg_hex_value(at[2]);
}

/* Writes c as %XX in upper case; returns the end. */
char *tg_escape_put(char *out, char c);

/* Decodes into `out`, which has room for raw.len bytes and may be raw.base; returns the length.
 * A broken escape stays as it is written; with `plus` a '+' becomes a space. */
size_t tg_escape_decode(struct tg_text raw, char *out, bool plus);

/* Appends the text, with every character escaped that is in none of the classes of `keep`. */
void tg_escape_encode(struct tg_buffer *out, struct tg_text text, int keep);

#endif
