#include "codec/uri.h"

static bool is_alpha(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* Takes unreserved characters, sub-delims, escapes and what `more` lists. */
static const char *take(const char *p, const char *end, const char *more)
{
    while (p < end) {
        if (is_alpha(*p) || is_digit(*p) || is_one_of(*p, "-._~!$&'()*+,;=") || is_one_of(*p, more))
            p++;
        else if (*p == '%' && end - p > 2 && is_hex(p[1]) && is_hex(p[2]))
            p += 3;
        else
            break;
    }
    return p;
}

static const char *take_digits(const char *p, const char *end)
{
    while (p < end && is_digit(*p))
        p++;
    return p;
}

/* An address in brackets: only its characters are looked at. */
static const char *take_literal(const char *p, const char *end)
{
    const char *start = ++p;

    while (p < end && (is_hex(*p) || *p == ':' || *p == '.'))
        p++;
    return p > start && p < end && *p == ']' ? p + 1 : NULL;
}

/* What follows "//", up to the path; NULL when it is broken. */
static const char *take_authority(const char *p, const char *end)
{
    const char *user = take(p, end, ":");

    if (user < end && *user == '@')
        p = user + 1;
    if (p < end && *p == '[') {
        p = take_literal(p, end);
        if (p == NULL)
            return NULL;
    } else {
        p = take(p, end, "");
    }
    if (p < end && *p == ':') {
        const char *port = p + 1;
        p = take_digits(port, end);
        if (p == port || p - port > 5)
            return NULL;
    }
    return p == end || is_one_of(*p, "/?#") ? p : NULL;
}

/* The end of "scheme:", or the start when there is none. */
static const char *take_scheme(const char *start, const char *end)
{
    const char *p = start;

    if (p == end || !is_alpha(*p))
        return start;
    while (p < end && (is_alpha(*p) || is_digit(*p) || is_one_of(*p, "+-.")))
        p++;
    return p < end && *p == ':' ? p + 1 : start;
}

bool tg_uri_is_reference(struct tg_text text)
{
    const char *end = text.base + text.len;
    const char *p = take_scheme(text.base, end);

    if (end - p >= 2 && p[0] == '/' && p[1] == '/') {
        p = take_authority(p + 2, end);
        if (p == NULL)
            return false;
    } else if (p == text.base) {
        /* A relative reference has no colon in its first segment: it would be a scheme. */
        p = take(p, end, "@");
        if (p < end && *p == ':')
            return false;
    }
    p = take(p, end, ":@/");
    if (p < end && *p == '?')
        p = take(p + 1, end, ":@/?");
    if (p < end && *p == '#')
        p = take(p + 1, end, ":@/?");
    return p == end;
}
