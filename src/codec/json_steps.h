/* The steps of the JSON reader, for those who want them in their own loop. */
#ifndef TG_CODEC_JSON_STEPS_H
#define TG_CODEC_JSON_STEPS_H

#include "codec/block.h"
#include "codec/json_read.h"

/* json_read.c: the string continues at p behind plain bytes from `start`. */
bool tg_json_string_slow(struct tg_json_reader *reader, const char *start, const char *p);

static inline const char *tg_json_skip_plain(const char *p, const char *end)
{
    while (end - p >= TG_BLOCK) {
        struct tg_block block = tg_block_load(p);
        unsigned stops = tg_block_is(block, '"') | tg_block_is(block, '\\') |
                         tg_block_upto(block, 0x1f) | tg_block_high(block);
        if (stops != 0)
            return p + tg_block_first(stops);
        p += TG_BLOCK;
    }
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 &&
           (unsigned char)*p < 0x80)
        p++;
    return p;
}

/* The string whose quote is at p. */
static inline bool tg_json_read_string(struct tg_json_reader *reader, const char *p)
{
    const char *start = p + 1;

    p = tg_json_skip_plain(start, reader->end);
    if (p == reader->end || *p != '"')
        return tg_json_string_slow(reader, start, p);
    reader->text = tg_text(start, (size_t)(p - start));
    reader->at = p + 1;
    return true;
}

/* Numbers */

static inline bool tg_json_digit_at(const char *p, const char *end)
{
    return p < end && (unsigned char)(*p - '0') < 10;
}

static const double tg_json_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                        1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* A mantissa of at most fifteen digits, or a whole number up to 2^53, and a small power of ten are
 * doubles, so one operation on them rounds once and right. */
static inline bool tg_json_weigh_simply(struct tg_json_number *number, bool negative,
                                        uint64_t mantissa, int exponent)
{
    double value;

    if (exponent == 0 && mantissa <= (UINT64_C(1) << 53))
        value = (double)mantissa;
    else if (mantissa >= UINT64_C(1000000000000000) || exponent > 22 || exponent < -22)
        return false;
    else if (exponent < 0)
        value = (double)mantissa / tg_json_powers[-exponent];
    else
        value = (double)mantissa * tg_json_powers[exponent];
    number->value = negative ? -value : value;
    number->exact = true;
    return true;
}

static inline const char *tg_json_read_exponent(const char *p, const char *end, int *exponent)
{
    bool negative = p < end && *p == '-';
    int value = 0;

    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (!tg_json_digit_at(p, end))
        return NULL;
    for (; tg_json_digit_at(p, end); p++)
        value = value < 100000 ? value * 10 + (*p - '0') : value;
    *exponent += negative ? -value : value;
    return p;
}

static inline enum tg_json_event tg_json_read_number(struct tg_json_reader *reader,
                                                     const char *start)
{
    const char *p = start, *end = reader->end;
    bool negative = *p == '-';
    uint64_t mantissa = 0;
    int exponent = 0;

    p += negative;
    const char *digits = p;
    if (!tg_json_digit_at(p, end))
        return tg_json_fail(reader, p, "expected a digit");
    for (; tg_json_digit_at(p, end); p++)
        mantissa = mantissa * 10 + (uint64_t)(*p - '0');
    if (*digits == '0' && p - digits > 1)
        return tg_json_fail(reader, digits, "a number that begins with 0");
    ptrdiff_t count = p - digits;
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        for (; tg_json_digit_at(p, end); p++)
            mantissa = mantissa * 10 + (uint64_t)(*p - '0');
        if (p == fraction)
            return tg_json_fail(reader, p, "expected a digit");
        count += p - fraction;
        exponent = p - fraction < 100000 ? -(int)(p - fraction) : -100000;
    }
    if (p < end && (*p | 0x20) == 'e') {
        p = tg_json_read_exponent(p + 1, end, &exponent);
        if (p == NULL)
            return tg_json_fail(reader, start, "a number without its exponent");
    }
    reader->at = p;
    reader->number.text = tg_text(start, (size_t)(p - start));
    /* Nineteen digits fit into the mantissa. */
    if (count > 19 || !tg_json_weigh_simply(&reader->number, negative, mantissa, exponent))
        reader->number.exact = false;
    return TG_JSON_NUMBER;
}

/* Structure */

/* Nearly always there is none. */
static inline const char *tg_json_skip_blanks(const char *p, const char *end)
{
    if (p < end && (unsigned char)*p > ' ')
        return p;
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

static inline bool tg_json_is_object(const struct tg_json_reader *reader)
{
    return reader->objects[(reader->depth - 1) / 64] >> ((reader->depth - 1) % 64) & 1;
}

static inline enum tg_json_event tg_json_open(struct tg_json_reader *reader, const char *p,
                                              bool object)
{
    size_t word = reader->depth / 64;
    uint64_t bit = UINT64_C(1) << (reader->depth % 64);

    if (reader->depth == reader->most) {
        tg_json_fail(reader, p, "more than %zu levels (limit depth)", reader->most);
        reader->error->limit = "depth";
        return TG_JSON_ERROR;
    }
    reader->objects[word] = object ? reader->objects[word] | bit : reader->objects[word] & ~bit;
    reader->depth++;
    reader->at = p + 1;
    reader->state = object ? TG_JSON_AT_FIRST_KEY : TG_JSON_AT_FIRST_ITEM;
    return object ? TG_JSON_OBJECT : TG_JSON_ARRAY;
}

static inline enum tg_json_event tg_json_close(struct tg_json_reader *reader, const char *p)
{
    reader->depth--;
    reader->token = p;
    reader->at = p + 1;
    reader->state = TG_JSON_AFTER_VALUE;
    return TG_JSON_END;
}

static inline enum tg_json_event tg_json_read_word(struct tg_json_reader *reader, const char *p,
                                                   const char *word, size_t n,
                                                   enum tg_json_event event)
{
    if ((size_t)(reader->end - p) < n || memcmp(p, word, n) != 0)
        return tg_json_fail(reader, p, "expected a value");
    reader->at = p + n;
    return event;
}

static inline enum tg_json_event tg_json_read_value(struct tg_json_reader *reader, const char *p)
{
    reader->token = p;
    reader->state = TG_JSON_AFTER_VALUE;
    switch (p < reader->end ? *p : '\0') {
    case '"':
        return tg_json_read_string(reader, p) ? TG_JSON_STRING : TG_JSON_ERROR;
    case '{':
        return tg_json_open(reader, p, true);
    case '[':
        return tg_json_open(reader, p, false);
    case 't':
        return tg_json_read_word(reader, p, "true", 4, TG_JSON_TRUE);
    case 'f':
        return tg_json_read_word(reader, p, "false", 5, TG_JSON_FALSE);
    case 'n':
        return tg_json_read_word(reader, p, "null", 4, TG_JSON_NULL);
    default:
        if (p < reader->end && (*p == '-' || tg_json_digit_at(p, reader->end)))
            return tg_json_read_number(reader, p);
        return tg_json_fail(reader, p, "expected a value");
    }
}

/* The key at p with its colon. */
static inline enum tg_json_event tg_json_read_key(struct tg_json_reader *reader, const char *p)
{
    reader->token = p;
    if (p == reader->end || *p != '"')
        return tg_json_fail(reader, p, "expected a key");
    if (!tg_json_read_string(reader, p))
        return TG_JSON_ERROR;
    p = tg_json_skip_blanks(reader->at, reader->end);
    if (p == reader->end || *p != ':')
        return tg_json_fail(reader, p, "expected \":\"");
    reader->at = p + 1;
    reader->state = TG_JSON_AT_VALUE;
    return TG_JSON_KEY;
}

static inline enum tg_json_event tg_json_go_on(struct tg_json_reader *reader, const char *p)
{
    if (reader->depth == 0) {
        reader->at = p;
        return p == reader->end ? TG_JSON_DONE : tg_json_fail(reader, p, "text behind the value");
    }
    bool object = tg_json_is_object(reader);
    if (p < reader->end && *p == ',') {
        p = tg_json_skip_blanks(p + 1, reader->end);
        return object ? tg_json_read_key(reader, p) : tg_json_read_value(reader, p);
    }
    if (p < reader->end && *p == (object ? '}' : ']'))
        return tg_json_close(reader, p);
    return tg_json_fail(reader, p, object ? "expected \",\" or \"}\"" : "expected \",\" or \"]\"");
}

/* The next event; a number may still have to be weighed. */
static inline enum tg_json_event tg_json_step(struct tg_json_reader *reader)
{
    const char *p = tg_json_skip_blanks(reader->at, reader->end);

    switch (reader->state) {
    case TG_JSON_AFTER_VALUE:
        return tg_json_go_on(reader, p);
    case TG_JSON_AT_FIRST_KEY:
        return p < reader->end && *p == '}' ? tg_json_close(reader, p)
                                            : tg_json_read_key(reader, p);
    case TG_JSON_AT_FIRST_ITEM:
        return p < reader->end && *p == ']' ? tg_json_close(reader, p)
                                            : tg_json_read_value(reader, p);
    case TG_JSON_AT_VALUE:
        break;
    }
    return tg_json_read_value(reader, p);
}

#endif
