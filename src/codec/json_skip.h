/* Steps over pieces of JSON. Each takes where the text goes on and gives where it goes on behind
 * what it has read; NULL when that is no JSON. The text ends with a byte that fits nowhere in them,
 * or is followed by one, so that every loop ends by itself. */
#ifndef TG_CODEC_JSON_SKIP_H
#define TG_CODEC_JSON_SKIP_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Nearly always there is none. */
static inline const char *tg_json_skip_space(const char *p)
{
    if ((unsigned char)*p > ' ')
        return p;
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
        p++;
    return p;
}

static inline bool tg_json_is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static inline const char *tg_json_skip_digits(const char *p)
{
    if (!tg_json_is_digit(*p))
        return NULL;
    do
        p++;
    while (tg_json_is_digit(*p));
    return p;
}

static inline const char *tg_json_skip_fraction(const char *p)
{
    if (*p == '.' && (p = tg_json_skip_digits(p + 1)) == NULL)
        return NULL;
    if ((*p | 0x20) != 'e')
        return p;
    p++;
    if (*p == '+' || *p == '-')
        p++;
    return tg_json_skip_digits(p);
}

static inline const char *tg_json_skip_number(const char *p)
{
    if (*p == '-')
        p++;
    if (*p == '0')
        p++;
    else if ((p = tg_json_skip_digits(p)) == NULL)
        return NULL;
    return *p == '.' || (*p | 0x20) == 'e' ? tg_json_skip_fraction(p) : p;
}

static inline const char *tg_json_skip_word(const char *p, const char *end, const char *word,
                                            size_t len)
{
    return (size_t)(end - p) >= len && memcmp(p, word, len) == 0 ? p + len : NULL;
}

/* A number, true, false or null. */
static inline const char *tg_json_skip_bare(const char *p, const char *end)
{
    if (*p == 't')
        return tg_json_skip_word(p, end, "true", 4);
    if (*p == 'f')
        return tg_json_skip_word(p, end, "false", 5);
    if (*p == 'n')
        return tg_json_skip_word(p, end, "null", 4);
    return tg_json_skip_number(p);
}

#endif
