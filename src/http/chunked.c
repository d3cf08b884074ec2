#include "http/chunked.h"

#include "http/escape.h"

enum state {
    SIZE,         /* among the digits */
    SPACE,        /* behind them: white space may stand before ';' or the line's end */
    EXTENSION,    /* behind the ';' */
    SIZE_LF,      /* the line's CR is read */
    DATA,         /* `left` bytes of the body follow */
    DATA_CR,      /* all of the chunk is read */
    DATA_LF,      /* and its CR */
    TRAILER,      /* at the start of a line behind the last chunk */
    TRAILER_LINE, /* inside such a line */
    TRAILER_LF,   /* its CR is read */
    END_LF,       /* the CR of the empty line is read */
    END,
};

enum { WRONG = -1 };

static int on_size(struct tg_chunked *chunked, char c)
{
    int digit = tg_hex_value(c);

    if (digit >= 0) {
        if (chunked->digits == 15)
            return WRONG;
        chunked->digits++;
        chunked->left = chunked->left << 4 | (uint64_t)digit;
        return SIZE;
    }
    if (chunked->digits == 0)
        return WRONG;
    switch (c) {
    case ' ':
    case '\t':
        return chunked->no_space ? WRONG : SPACE;
    case ';':
        return EXTENSION;
    case '\r':
        return SIZE_LF;
    default:
        return WRONG;
    }
}

static int on_space(char c)
{
    if (c == ' ' || c == '\t')
        return SPACE;
    return c == ';' ? EXTENSION : c == '\r' ? SIZE_LF : WRONG;
}

static bool is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

static int on_size_end(struct tg_chunked *chunked, char c)
{
    chunked->digits = 0;
    chunked->seen = 0;
    if (c != '\n')
        return WRONG;
    return chunked->left != 0 ? DATA : TRAILER;
}

/* The state after one byte of what is not data, or WRONG. */
static int step(struct tg_chunked *chunked, char c)
{
    switch ((enum state)chunked->state) {
    case SIZE:
        return on_size(chunked, c);
    case SPACE:
        return on_space(c);
    case EXTENSION:
        return c == '\r' ? SIZE_LF : is_control(c) ? WRONG : EXTENSION;
    case SIZE_LF:
        return on_size_end(chunked, c);
    case DATA_CR:
        return c == '\r' ? DATA_LF : WRONG;
    case DATA_LF:
        chunked->seen = 0;
        return c == '\n' ? SIZE : WRONG;
    case TRAILER:
        return c == '\r' ? END_LF : is_control(c) ? WRONG : TRAILER_LINE;
    case TRAILER_LINE:
        return c == '\r' ? TRAILER_LF : is_control(c) ? WRONG : TRAILER_LINE;
    case TRAILER_LF:
        return c == '\n' ? TRAILER : WRONG;
    case END_LF:
        return c == '\n' ? END : WRONG;
    case DATA:
    case END:
        break;
    }
    return WRONG;
}

static struct tg_text take(struct tg_text *in, size_t n)
{
    struct tg_text taken = {in->base, n};

    *in = tg_text(in->base + n, in->len - n);
    return taken;
}

static bool is_too_long(const struct tg_chunked *chunked)
{
    return chunked->seen > (chunked->state < DATA ? TG_CHUNKED_LINE : TG_CHUNKED_TRAILER);
}

enum tg_chunked_step tg_chunked_next(struct tg_chunked *chunked, struct tg_text *in,
                                     struct tg_text *piece)
{
    while (chunked->state != END) {
        if (in->len == 0)
            return TG_CHUNKED_MORE;
        if (chunked->state == DATA) {
            *piece = take(in, chunked->left < in->len ? (size_t)chunked->left : in->len);
            chunked->left -= piece->len;
            if (chunked->left == 0)
                chunked->state = DATA_CR;
            return TG_CHUNKED_PIECE;
        }
        chunked->seen++;
        int next = is_too_long(chunked) ? WRONG : step(chunked, *take(in, 1).base);
        if (next == WRONG)
            return TG_CHUNKED_WRONG;
        chunked->state = (uint8_t)next;
    }
    return TG_CHUNKED_END;
}

bool tg_chunked_is_in_data(const struct tg_chunked *chunked)
{
    return chunked->state == DATA;
}
