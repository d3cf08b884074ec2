#include "http/escape.h"

enum {
    U = TG_CHAR_UNRESERVED | TG_CHAR_SEGMENT | TG_CHAR_HOST, /* '~' */
    A = U | TG_CHAR_TOKEN,                                   /* letters, digits and "-._" */
    S = TG_CHAR_SEGMENT | TG_CHAR_HOST,                      /* sub-delims that are no token */
    B = S | TG_CHAR_TOKEN,                                   /* sub-delims that are */
    P = TG_CHAR_SEGMENT,                                     /* ":@" */
    T = TG_CHAR_TOKEN,
};

const uint8_t tg_char_class[256] = {
    ['!'] = B, ['#'] = T, ['$'] = B, ['%'] = T,     ['&'] = B, ['\''] = B, ['('] = S, [')'] = S,
    ['*'] = B, ['+'] = B, [','] = S, ['-'] = A,     ['.'] = A, ['0'] = A,  ['1'] = A, ['2'] = A,
    ['3'] = A, ['4'] = A, ['5'] = A, ['6'] = A,     ['7'] = A, ['8'] = A,  ['9'] = A, [':'] = P,
    [';'] = S, ['='] = S, ['@'] = P, ['A'] = A,     ['B'] = A, ['C'] = A,  ['D'] = A, ['E'] = A,
    ['F'] = A, ['G'] = A, ['H'] = A, ['I'] = A,     ['J'] = A, ['K'] = A,  ['L'] = A, ['M'] = A,
    ['N'] = A, ['O'] = A, ['P'] = A, ['Q'] = A,     ['R'] = A, ['S'] = A,  ['T'] = A, ['U'] = A,
    ['V'] = A, ['W'] = A, ['X'] = A, ['Y'] = A,     ['Z'] = A, ['^'] = T,  ['_'] = A, ['`'] = T,
    ['a'] = A, ['b'] = A, ['c'] = A, ['d'] = A,     ['e'] = A, ['f'] = A,  ['g'] = A, ['h'] = A,
    ['i'] = A, ['j'] = A, ['k'] = A, ['l'] = A,     ['m'] = A, ['n'] = A,  ['o'] = A, ['p'] = A,
    ['q'] = A, ['r'] = A, ['s'] = A, ['t'] = A,     ['u'] = A, ['v'] = A,  ['w'] = A, ['x'] = A,
    ['y'] = A, ['z'] = A, ['|'] = T, ['~'] = U | T,
};

char *tg_escape_put(char *out, char c)
{
    static const char digits[] = "0123456789ABCDEF";

    *out++ = '%';
    *out++ = digits[(unsigned char)c >> 4];
    *out++ = digits[(unsigned char)c & 15];
    return out;
}

size_t tg_escape_decode(struct tg_text raw, char *out, bool plus)
{
    const char *in = raw.base, *end = raw.base + raw.len;
    char *start = out;

    while (in < end) {
        int value = *in == '%' ? tg_escape_value(in, end) : -1;
        if (value >= 0) {
            *out++ = (char)value;
            in += 3;
        } else {
            *out++ = plus && *in == '+' ? ' ' : *in;
            in++;
        }
    }
    return (size_t)(out - start);
}

void tg_escape_encode(struct tg_buffer *out, struct tg_text text, int keep)
{
    char *room = tg_buffer_reserve(out, text.len * 3);
    char *end = room;

    if (room == NULL)
        return;
    for (size_t i = 0; i < text.len; i++) {
        if (tg_char_is(text.base[i], keep))
            *end++ = text.base[i];
        else
            end = tg_escape_put(end, text.base[i]);
    }
    out->len += (size_t)(end - room);
}
