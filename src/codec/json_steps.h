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
        unsigned stops = tg_block_mask(tg_block_or(block, tg_block_quoted(block)));
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

/* Up to eight digits at once, where eight bytes are there: each byte of the word becomes a digit,
 * what is none is shifted out, and pairs are put together until one number is left. */
static inline const char *tg_json_read_eight(const char *p, uint64_t *mantissa)
{
    static const uint64_t powers[] = {1,      10,      100,      1000,     10000,
                                      100000, 1000000, 10000000, 100000000};
    uint64_t word;

    memcpy(&word, p, sizeof(word));
    word ^= UINT64_C(0x3030303030303030);
    uint64_t others = ((word + UINT64_C(0x7676767676767676)) | word) & UINT64_C(0x8080808080808080);
    unsigned n = others != 0 ? (unsigned)__builtin_ctzll(others) / 8 : 8;
    if (n == 0)
        return p;
    word <<= 64 - 8 * n;
    word = word * 10 + (word >> 8);
    word = ((word & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064) +
            ((word >> 16) & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001)) >>
           32;
    *mantissa = *mantissa * powers[n] + word;
    return p + n;
}

static inline const char *tg_json_read_digits(const char *p, const char *end, uint64_t *mantissa)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    while (end - p >= 8) {
        const char *behind = tg_json_read_eight(p, mantissa);
        if (behind - p < 8)
            return behind;
        p = behind;
    }
#endif
    for (; tg_json_digit_at(p, end); p++)
        *mantissa = *mantissa * 10 + (uint64_t)(*p - '0');
    return p;
}

/* json_read.c: the number goes on at p, behind its whole digits. */
enum tg_json_event tg_json_read_fraction(struct tg_json_reader *reader, const char *start,
                                         const char *p, uint64_t mantissa);

/* Most are whole numbers with few digits. */
static inline enum tg_json_event tg_json_read_number(struct tg_json_reader *reader,
                                                     const char *start)
{
    const char *end = reader->end, *digits = start + (*start == '-');
    uint64_t mantissa = 0;
    const char *p = tg_json_read_digits(digits, end, &mantissa);

    if (p == digits)
        return tg_json_fail(reader, p, "expected a digit");
    if (p - digits > 15 || (*digits == '0' && p - digits > 1) ||
        (p < end && (*p == '.' || (*p | 0x20) == 'e')))
        return tg_json_read_fraction(reader, start, p, mantissa);
    reader->at = p;
    reader->number.text = tg_text(start, (size_t)(p - start));
    reader->number.value = digits != start ? -(double)mantissa : (double)mantissa;
    reader->number.exact = true;
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

/* The key whose quote is at p has n bytes without escapes, and its colon follows at once. */
static inline void tg_json_pass_key(struct tg_json_reader *reader, const char *p, size_t n)
{
    reader->token = p;
    reader->at = p + n + 3;
    reader->state = TG_JSON_AT_VALUE;
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

/* The value behind the key that was the last event; a number may still have to be weighed. */
static inline enum tg_json_event tg_json_step_value(struct tg_json_reader *reader)
{
    const char *p = tg_json_skip_blanks(reader->at, reader->end);

    if (!tg_json_digit_at(p, reader->end))
        return tg_json_read_value(reader, p);
    reader->token = p;
    reader->state = TG_JSON_AFTER_VALUE;
    return tg_json_read_number(reader, p);
}

/* The next event, likewise. */
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
