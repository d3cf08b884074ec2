#include "codec/json_read.h"

#include <stdarg.h>
#include <stdio.h>

#include "codec/json_escape.h"
#include "codec/json_number.h"
#include "codec/json_steps.h"
#include "codec/utf8.h"

void tg_json_begin(struct tg_json_reader *reader, struct tg_text input, size_t depth,
                   struct tg_buffer *scratch, struct tg_parse_error *error)
{
    if (input.len == 0)
        input.base = "";
    reader->text = tg_text(NULL, 0);
    reader->depth = 0;
    reader->state = TG_JSON_AT_VALUE;
    reader->at = reader->start = reader->token = input.base;
    reader->end = input.base + input.len;
    reader->most = depth == 0 ? TG_JSON_DEPTH : depth;
    if (reader->most > TG_JSON_MAX_DEPTH)
        reader->most = TG_JSON_MAX_DEPTH;
    reader->scratch = scratch;
    reader->error = error;
    memset(reader->objects, 0, sizeof(reader->objects));
}

enum tg_json_event tg_json_fail(struct tg_json_reader *reader, const char *at, const char *format,
                                ...)
{
    struct tg_parse_error *error = reader->error;
    const char *line = reader->start;
    char reason[160];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    *error = (struct tg_parse_error){.line = 1};
    for (const char *p; (p = memchr(line, '\n', (size_t)(at - line))) != NULL; line = p + 1)
        error->line++;
    error->column = (size_t)(at - line) + 1;
    snprintf(error->text, sizeof(error->text), "json: line %zu, column %zu: %s", error->line,
             error->column, reason);
    return TG_JSON_ERROR;
}

/* Strings */

/* Takes one odd thing at p: an escape, decoded to *out, or a sequence of UTF-8. NULL: an error. */
static const char *read_odd(struct tg_json_reader *reader, const char *p, char **out)
{
    if (p == reader->end) {
        tg_json_fail(reader, p, "a string without its end");
        return NULL;
    }
    if (*p == '\\') {
        uint32_t code;
        const char *behind = tg_json_read_escape(p, reader->end, &code);
        if (behind == NULL)
            tg_json_fail(reader, p, "a broken escape");
        else
            *out = tg_utf8_write(*out, code);
        return behind;
    }
    size_t n = (unsigned char)*p < 0x20 ? 0 : tg_utf8_sequence(p, (size_t)(reader->end - p));
    if (n == 0)
        tg_json_fail(reader, p, "%s",
                     (unsigned char)*p < 0x20 ? "a control character in a string"
                                              : "the text is not UTF-8");
    return n != 0 ? p + n : NULL;
}

/* The same for an escape in a text that is built in scratch: *copied is what the last one left. */
static const char *read_escape(struct tg_json_reader *reader, const char *p, const char **copied,
                               char **out)
{
    if (*out == NULL) {
        reader->scratch->len = 0;
        *out = tg_buffer_reserve(reader->scratch, (size_t)(reader->end - *copied));
    }
    memcpy(*out, *copied, (size_t)(p - *copied));
    *out += p - *copied;
    return *copied = read_odd(reader, p, out);
}

/* The string continues at p behind plain bytes from `start`. What has escapes is built in scratch;
 * it never gets longer than it was written. */
bool tg_json_string_slow(struct tg_json_reader *reader, const char *start, const char *p)
{
    char *out = NULL, dummy[4];
    const char *copied = start, *end = reader->end;

    while (p == end || *p != '"') {
        char *none = dummy;
        const char *behind = tg_utf8_skip(p, end);
        if (behind == p && p < end && *p == '\\' && reader->scratch != NULL)
            behind = read_escape(reader, p, &copied, &out);
        else if (behind == p)
            behind = read_odd(reader, p, &none);
        if (behind == NULL)
            return false;
        p = tg_json_skip_plain(behind, end);
    }
    reader->at = p + 1;
    reader->text = tg_text(start, (size_t)(p - start));
    if (out != NULL) {
        memcpy(out, copied, (size_t)(p - copied));
        out += p - copied;
        reader->text = tg_text(reader->scratch->base, (size_t)(out - reader->scratch->base));
    }
    return true;
}

/* Numbers */

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* A mantissa of at most fifteen digits, or a whole number up to 2^53, and a small power of ten are
 * doubles, so one operation on them rounds once and right. */
static bool weigh_simply(struct tg_json_number *number, bool negative, uint64_t mantissa,
                         int exponent)
{
    double value;

    if (exponent == 0 && mantissa <= (UINT64_C(1) << 53))
        value = (double)mantissa;
    else if (mantissa >= UINT64_C(1000000000000000) || exponent > 22 || exponent < -22)
        return false;
    else if (exponent < 0)
        value = (double)mantissa / powers[-exponent];
    else
        value = (double)mantissa * powers[exponent];
    number->value = negative ? -value : value;
    number->exact = true;
    return true;
}

static const char *read_exponent(const char *p, const char *end, int *exponent)
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

enum tg_json_event tg_json_read_fraction(struct tg_json_reader *reader, const char *start,
                                         const char *p, uint64_t mantissa)
{
    const char *end = reader->end, *digits = start + (*start == '-');
    ptrdiff_t count = p - digits;
    int exponent = 0;

    if (*digits == '0' && count > 1)
        return tg_json_fail(reader, digits, "a number that begins with 0");
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        p = tg_json_read_digits(p, end, &mantissa);
        if (p == fraction)
            return tg_json_fail(reader, p, "expected a digit");
        count += p - fraction;
        exponent = p - fraction < 100000 ? -(int)(p - fraction) : -100000;
    }
    if (p < end && (*p | 0x20) == 'e') {
        p = read_exponent(p + 1, end, &exponent);
        if (p == NULL)
            return tg_json_fail(reader, start, "a number without its exponent");
    }
    reader->at = p;
    reader->number.text = tg_text(start, (size_t)(p - start));
    /* Nineteen digits fit into the mantissa. */
    if (count > 19 || !weigh_simply(&reader->number, *start == '-', mantissa, exponent))
        reader->number.exact = false;
    return TG_JSON_NUMBER;
}

enum tg_json_event tg_json_next(struct tg_json_reader *reader)
{
    enum tg_json_event event = tg_json_step(reader);

    if (event == TG_JSON_NUMBER && !reader->number.exact)
        tg_json_number_weigh(&reader->number);
    return event;
}

enum tg_json_event tg_json_next_plain(struct tg_json_reader *reader)
{
    return tg_json_step(reader);
}

bool tg_json_validate(struct tg_text text, size_t depth, struct tg_parse_error *error)
{
    struct tg_json_reader reader;

    tg_json_begin(&reader, text, depth, NULL, error);
    for (;;) {
        enum tg_json_event event = tg_json_step(&reader);
        if (event == TG_JSON_DONE || event == TG_JSON_ERROR)
            return event == TG_JSON_DONE;
    }
}
