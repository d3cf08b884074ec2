#include "codec/json_number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/json_write.h"

/* No double needs more to be told from its neighbours. */
#define DIGITS 17

/* 0.<digits> times ten to the power of `exponent`, without zeros at either end of the digits. */
struct decimal {
    char digits[DIGITS + 1];
    size_t count;
    bool more; /* than fit into digits */
    bool negative;
    long exponent;
};

static void add_digit(struct decimal *d, char c, size_t *zeros)
{
    if (c == '0') {
        *zeros += d->count != 0;
        return;
    }
    for (; *zeros != 0 && d->count < DIGITS; --*zeros)
        d->digits[d->count++] = '0';
    if (*zeros != 0 || d->count == DIGITS)
        d->more = true;
    else
        d->digits[d->count++] = c;
}

/* Exponents are cut where no double reaches, so that they can't overflow. */
static long read_exponent(const char *p, const char *end)
{
    bool negative = *p == '-';
    long value = 0;

    for (p += *p == '-' || *p == '+'; p < end; p++) {
        if (value < 100000000)
            value = value * 10 + (*p - '0');
    }
    return negative ? -value : value;
}

static struct decimal read_decimal(struct tg_text text)
{
    struct decimal d = {0};
    const char *p = text.base, *end = p + text.len;
    bool fraction = false;
    size_t zeros = 0;

    d.negative = *p == '-';
    for (p += d.negative; p < end && (*p | 0x20) != 'e'; p++) {
        if (*p == '.') {
            fraction = true;
            continue;
        }
        add_digit(&d, *p, &zeros);
        if (!fraction && (d.count != 0 || d.more))
            d.exponent++;
        else if (fraction && d.count == 0)
            d.exponent--;
    }
    if (p < end)
        d.exponent += read_exponent(p + 1, end);
    d.digits[d.count] = '\0';
    return d;
}

/* strtod in the C locale, which glibc keeps ready. */
static double value_of(const char *text)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double value = strtod_l(text, NULL, c);

    freelocale(c);
    return value;
}

static double value_of_decimal(const struct decimal *d)
{
    char text[DIGITS + 32];

    snprintf(text, sizeof(text), "%s0%c%se%ld", d->negative ? "-" : "", '.', d->digits,
             d->exponent);
    return value_of(text);
}

/* Whether the text that we would write for the value has these digits. */
static bool is_written_so(const struct decimal *d, double value)
{
    char text[TG_JSON_NUMBER_ROOM];
    struct decimal written = read_decimal(tg_text(text, tg_json_format_number(text, value)));

    return written.count == d->count && written.exponent == d->exponent &&
           memcmp(written.digits, d->digits, d->count) == 0;
}

void tg_json_number_weigh(struct tg_json_number *number)
{
    struct decimal d = read_decimal(number->text);

    number->exact = true;
    if (d.count == 0 && !d.more) {
        number->value = d.negative ? -0.0 : 0.0;
        return;
    }
    number->value = value_of_decimal(&d);
    number->exact = !d.more && isfinite(number->value) && number->value != 0 &&
                    is_written_so(&d, number->value);
}
