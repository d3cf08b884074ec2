/* Base64 (RFC 4648), standard and URL-safe, read strictly: one text for each run of bytes. */
#ifndef TG_BASE_BASE64_H
#define TG_BASE_BASE64_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/text.h"

struct tg_base64 {
    bool url; /* '-' and '_' instead of '+' and '/' */
    bool pad; /* encode: end with '='; decode: the padding must be there, else it may be */
};

/* Appends the encoded bytes. */
void tg_base64_encode(struct tg_buffer *out, struct tg_text in, struct tg_base64 form);

/* Appends the decoded bytes. NULL when well, else a constant that says what is wrong, and then
 * nothing is appended. White space, characters of the other alphabet, padding that is not
 * right and unused bits that are not zero are refused. */
const char *tg_base64_decode(struct tg_buffer *out, struct tg_text in, struct tg_base64 form);

#endif
