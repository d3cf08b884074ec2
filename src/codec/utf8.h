/* Checks text: well-formed UTF-8, and the characters that XML allows. */
#ifndef TG_CODEC_UTF8_H
#define TG_CODEC_UTF8_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

/* The length of the well-formed sequence of two to four bytes at p, of which `left` may be read;
 * 0 when there is none. */
size_t tg_utf8_sequence(const char *p, size_t left);

/* Passes well-formed sequences of two and three bytes, as nearly all are, as long as four bytes are
 * there to be read: bits of the first two tell overlong forms and surrogates. What stops it may be
 * a sequence all the same. */
static inline const char *tg_utf8_skip(const char *p, const char *end)
{
    while (end - p >= 4) {
        uint32_t four;
        memcpy(&four, p, sizeof(four));
        four = le32toh(four);
        if ((four & 0xc0c0f0) == 0x8080e0 && (four & 0x200f) != 0 && (four & 0x200f) != 0x200d)
            p += 3;
        else if ((four & 0xc0e0) == 0x80c0 && (four & 0x1e) != 0)
            p += 2;
        else
            break;
    }
    return p;
}

/* The offset of the first byte that is not part of well-formed UTF-8; text.len when all is. */
size_t tg_utf8_check(struct tg_text text);

/* The same for UTF-8 made of XML 1.0 characters only. Sets *cr when there is a carriage return. */
size_t tg_utf8_check_xml(struct tg_text text, bool *cr);

/* Writes a code point below 0x110000 and returns the end of what it wrote, four bytes at most. */
char *tg_utf8_write(char *out, uint32_t code);

/* Reads the sequence at p of text known to be well-formed; *n is its length. */
uint32_t tg_utf8_read(const char *p, size_t *n);

/* Whether XML 1.0 allows the character. */
bool tg_utf8_is_xml(uint32_t code);

#endif
