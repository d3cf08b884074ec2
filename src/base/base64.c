#include "base/base64.h"

#include <stdint.h>

static const char alphabet[2][65] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

void tg_base64_encode(struct tg_buffer *out, struct tg_text in, struct tg_base64 form)
{
    const char *digits = alphabet[form.url];
    const unsigned char *p = (const unsigned char *)in.base;
    char *to = tg_buffer_reserve(out, (in.len + 2) / 3 * 4);
    size_t i = 0;

    if (to == NULL)
        return;
    char *start = to;
    for (; in.len - i >= 3; i += 3) {
        uint32_t bits = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
        *to++ = digits[bits >> 18];
        *to++ = digits[bits >> 12 & 63];
        *to++ = digits[bits >> 6 & 63];
        *to++ = digits[bits & 63];
    }
    if (i < in.len) {
        bool two = in.len - i == 2;
        uint32_t bits = (uint32_t)p[i] << 16 | (two ? (uint32_t)p[i + 1] << 8 : 0);
        *to++ = digits[bits >> 18];
        *to++ = digits[bits >> 12 & 63];
        if (two)
            *to++ = digits[bits >> 6 & 63];
        for (int n = two ? 1 : 2; form.pad && n > 0; n--)
            *to++ = '=';
    }
    out->len += (size_t)(to - start);
}

static int value_of(unsigned char c, bool url)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (url ? '-' : '+'))
        return 62;
    if (c == (url ? '_' : '/'))
        return 63;
    return -1;
}

/* Takes the padding off the text; says what is wrong with it. */
static const char *strip(struct tg_text *in, bool pad)
{
    size_t len = in->len;

    while (len > 0 && in->len - len < 2 && in->base[len - 1] == '=')
        len--;
    size_t padding = in->len - len;
    if (len % 4 == 1)
        return "its length can't be that of base64";
    if (padding != 0 ? (len + padding) % 4 != 0 : pad && len % 4 != 0)
        return "its padding is not right";
    in->len = len;
    return NULL;
}

const char *tg_base64_decode(struct tg_buffer *out, struct tg_text in, struct tg_base64 form)
{
    const char *wrong = strip(&in, form.pad);
    uint32_t bits = 0;
    int held = 0; /* bits of `bits` that are not written yet */

    if (wrong != NULL)
        return wrong;
    unsigned char *start = (unsigned char *)tg_buffer_reserve(out, in.len / 4 * 3 + 3);
    unsigned char *to = start;
    if (start == NULL)
        return "it is too large";
    for (size_t i = 0; i < in.len; i++) {
        int value = value_of((unsigned char)in.base[i], form.url);
        if (value < 0)
            return "it has a character that is not in the alphabet";
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            *to++ = (unsigned char)(bits >> held);
        }
    }
    if ((bits & ((1u << held) - 1)) != 0)
        return "its last character has bits that no byte takes";
    out->len += (size_t)(to - start);
    return NULL;
}
