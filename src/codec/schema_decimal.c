/* Decimals as XML Schema has them: of any length, compared as they are written. */

#include "codec/schema_model.h"

struct decimal {
    bool minus;
    struct tg_text whole, fraction; /* without zeros that say nothing */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_decimal(struct tg_text text, struct decimal *d)
{
    const char *p = text.base, *end = p + text.len, *start;

    *d = (struct decimal){.fraction = {"", 0}};
    if (p < end && (*p == '-' || *p == '+'))
        d->minus = *p++ == '-';
    for (start = p; p < end && is_digit(*p); p++)
        ;
    size_t digits = (size_t)(p - start);
    d->whole = tg_text(start, digits);
    if (p < end && *p == '.') {
        for (start = ++p; p < end && is_digit(*p); p++)
            ;
        d->fraction = tg_text(start, (size_t)(p - start));
        digits += d->fraction.len;
    }
    while (d->whole.len != 0 && d->whole.base[0] == '0')
        d->whole = tg_text(d->whole.base + 1, d->whole.len - 1);
    while (d->fraction.len != 0 && d->fraction.base[d->fraction.len - 1] == '0')
        d->fraction.len--;
    if (d->whole.len == 0 && d->fraction.len == 0)
        d->minus = false;
    return digits != 0 && p == end;
}

static int compare_size(const struct decimal *a, const struct decimal *b)
{
    if (a->whole.len != b->whole.len)
        return a->whole.len < b->whole.len ? -1 : 1;
    int order = memcmp(a->whole.base, b->whole.base, a->whole.len);
    if (order != 0)
        return order;
    size_t both = a->fraction.len < b->fraction.len ? a->fraction.len : b->fraction.len;
    order = both != 0 ? memcmp(a->fraction.base, b->fraction.base, both) : 0;
    if (order != 0)
        return order;
    return a->fraction.len == b->fraction.len ? 0 : a->fraction.len < b->fraction.len ? -1 : 1;
}

static int compare_decimals(const struct decimal *a, const struct decimal *b)
{
    if (a->minus != b->minus)
        return a->minus ? -1 : 1;
    return a->minus ? compare_size(b, a) : compare_size(a, b);
}

static int compare_with(const struct decimal *value, const struct tg_schema_limit *limit)
{
    struct decimal other;

    read_decimal(limit->text, &other);
    return compare_decimals(value, &other);
}

/* Most integers are short and plain: true when it is such a one, and *reason tells of it. */
static bool check_short(const struct tg_schema_simple *type, struct tg_text text,
                        const char **reason)
{
    int64_t value = 0;

    if (text.len == 0 || !tg_schema_is_whole(type, text.len))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.base[i]))
            return false;
        value = value * 10 + (text.base[i] - '0');
    }
    *reason = NULL;
    if (tg_schema_is_below(type, value))
        *reason = "is too small for";
    if (tg_schema_is_above(type, value))
        *reason = "is too big for";
    return true;
}

/* Digits, and a point with digits behind it. */
static bool is_plain_decimal(struct tg_text text)
{
    const char *p = text.base, *end = p + text.len;

    for (; p < end && is_digit(*p); p++)
        ;
    if (p == text.base || p == end)
        return p != text.base;
    if (*p++ != '.' || p == end)
        return false;
    for (; p < end && is_digit(*p); p++)
        ;
    return p == end;
}

const char *tg_schema_check_decimal(const struct tg_schema_simple *type, struct tg_text text)
{
    struct decimal d;
    const char *reason;

    if (check_short(type, text, &reason))
        return reason;
    if (type->any_decimal && is_plain_decimal(text))
        return NULL;
    if (!read_decimal(text, &d) || (type->integer && memchr(text.base, '.', text.len) != NULL))
        return "is not a value of";
    if (type->low.set) {
        int order = compare_with(&d, &type->low);
        if (order < 0 || (order == 0 && type->low.exclusive))
            return "is too small for";
    }
    if (type->high.set) {
        int order = compare_with(&d, &type->high);
        if (order > 0 || (order == 0 && type->high.exclusive))
            return "is too big for";
    }
    if (d.fraction.len > type->fraction_digits || d.whole.len + d.fraction.len > type->total_digits)
        return "has too many digits for";
    return NULL;
}

bool tg_schema_same_decimal(struct tg_text a, struct tg_text b)
{
    struct decimal one, other;

    return read_decimal(a, &one) && read_decimal(b, &other) && compare_decimals(&one, &other) == 0;
}
