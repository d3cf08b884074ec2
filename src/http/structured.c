#include "http/structured.h"

#include "http/escape.h"

static bool is_digit(char c)
{
    return '0' <= c && c <= '9';
}

static bool is_lower(char c)
{
    return 'a' <= c && c <= 'z';
}

static bool is_alpha(char c)
{
    return is_lower((char)(c | 0x20));
}

/* The next byte, or NUL at the end; a NUL in the text fits nowhere either. */
static char peek(const struct tg_text *rest)
{
    return rest->len != 0 ? *rest->base : '\0';
}

static void skip(struct tg_text *rest, size_t n)
{
    *rest = tg_text(rest->base + n, rest->len - n);
}

static void skip_while(struct tg_text *rest, const char *set)
{
    while (rest->len != 0 && peek(rest) != '\0' && strchr(set, peek(rest)) != NULL)
        skip(rest, 1);
}

static bool read_key(struct tg_text *rest, struct tg_text *key)
{
    size_t n = 0;

    if (!is_lower(peek(rest)) && peek(rest) != '*')
        return false;
    while (n < rest->len) {
        char c = rest->base[n];
        if (!is_lower(c) && !is_digit(c) && c != '_' && c != '-' && c != '.' && c != '*')
            break;
        n++;
    }
    *key = tg_text(rest->base, n);
    skip(rest, n);
    return true;
}

/* At most 15 digits, or 12 before the point and 1 to 3 behind it. */
static bool read_number(struct tg_text *rest, struct tg_sf_member *member)
{
    bool negative = peek(rest) == '-';
    size_t before = 0, after = 0;
    int64_t value = 0;

    if (negative)
        skip(rest, 1);
    for (; is_digit(peek(rest)); skip(rest, 1)) {
        if (++before > 15)
            return false;
        value = value * 10 + (peek(rest) - '0');
    }
    member->type = TG_SF_INTEGER;
    member->integer = negative ? -value : value;
    if (before == 0 || peek(rest) != '.')
        return before != 0;
    member->type = TG_SF_DECIMAL;
    skip(rest, 1);
    for (; is_digit(peek(rest)); skip(rest, 1))
        after++;
    return before <= 12 && after >= 1 && after <= 3;
}

static bool read_string(struct tg_text *rest)
{
    for (skip(rest, 1); rest->len != 0; skip(rest, 1)) {
        char c = peek(rest);
        if (c == '"') {
            skip(rest, 1);
            return true;
        }
        if (c < 0x20 || c > 0x7e)
            return false;
        if (c == '\\') {
            skip(rest, 1);
            if (peek(rest) != '"' && peek(rest) != '\\')
                return false;
        }
    }
    return false;
}

static bool is_of_token(char c)
{
    return tg_char_is(c, TG_CHAR_TOKEN) || c == ':' || c == '/';
}

static bool read_token(struct tg_text *rest)
{
    while (rest->len != 0 && is_of_token(peek(rest)))
        skip(rest, 1);
    return true;
}

static bool is_base64(char c)
{
    return is_alpha(c) || is_digit(c) || c == '+' || c == '/' || c == '=';
}

static bool read_bytes(struct tg_text *rest)
{
    for (skip(rest, 1); rest->len != 0 && is_base64(peek(rest));)
        skip(rest, 1);
    if (peek(rest) != ':')
        return false;
    skip(rest, 1);
    return true;
}

static bool read_boolean(struct tg_text *rest, struct tg_sf_member *member)
{
    skip(rest, 1);
    if (peek(rest) != '0' && peek(rest) != '1')
        return false;
    member->integer = peek(rest) - '0';
    skip(rest, 1);
    return true;
}

/* Reads a bare item; its text is set by the caller. */
static bool read_bare(struct tg_text *rest, struct tg_sf_member *member)
{
    char c = peek(rest);

    member->integer = 0;
    if (c == '-' || is_digit(c))
        return read_number(rest, member);
    if (c == '"') {
        member->type = TG_SF_STRING;
        return read_string(rest);
    }
    if (c == '*' || is_alpha(c)) {
        member->type = TG_SF_TOKEN;
        return read_token(rest);
    }
    if (c == ':') {
        member->type = TG_SF_BYTES;
        return read_bytes(rest);
    }
    member->type = TG_SF_BOOLEAN;
    return c == '?' && read_boolean(rest, member);
}

static bool read_parameters(struct tg_text *rest)
{
    struct tg_sf_member ignored;

    while (peek(rest) == ';') {
        skip(rest, 1);
        skip_while(rest, " ");
        if (!read_key(rest, &ignored.key))
            return false;
        if (peek(rest) != '=')
            continue;
        skip(rest, 1);
        if (!read_bare(rest, &ignored))
            return false;
    }
    return true;
}

static bool read_inner_list(struct tg_text *rest)
{
    struct tg_sf_member ignored;

    skip(rest, 1);
    for (;;) {
        skip_while(rest, " ");
        if (peek(rest) == ')') {
            skip(rest, 1);
            return true;
        }
        if (!read_bare(rest, &ignored) || !read_parameters(rest))
            return false;
        if (peek(rest) != ' ' && peek(rest) != ')')
            return false;
    }
}

static bool read_value(struct tg_text *rest, struct tg_sf_member *member)
{
    const char *start = rest->base;
    bool well;

    if (peek(rest) == '(') {
        member->type = TG_SF_INNER_LIST;
        member->integer = 0;
        well = read_inner_list(rest);
    } else {
        well = read_bare(rest, member);
    }
    member->text = tg_text(start, (size_t)(rest->base - start));
    return well;
}

static enum tg_sf_next read_member(struct tg_text *rest, struct tg_sf_member *member)
{
    if (!read_key(rest, &member->key))
        return TG_SF_BROKEN;
    if (peek(rest) == '=') {
        skip(rest, 1);
        if (!read_value(rest, member))
            return TG_SF_BROKEN;
    } else {
        member->type = TG_SF_BOOLEAN;
        member->integer = 1;
        member->text = tg_text("", 0);
    }
    return read_parameters(rest) ? TG_SF_MEMBER : TG_SF_BROKEN;
}

enum tg_sf_next tg_sf_dictionary_next(struct tg_text *rest, struct tg_sf_member *member)
{
    skip_while(rest, " ");
    if (rest->len == 0)
        return TG_SF_END;
    if (read_member(rest, member) == TG_SF_BROKEN)
        return TG_SF_BROKEN;
    skip_while(rest, " \t");
    if (rest->len == 0)
        return TG_SF_MEMBER;
    if (peek(rest) != ',')
        return TG_SF_BROKEN;
    skip(rest, 1);
    skip_while(rest, " \t");
    return rest->len != 0 ? TG_SF_MEMBER : TG_SF_BROKEN; /* no comma at the end */
}

bool tg_sf_is_token(struct tg_text text)
{
    if (text.len == 0 || (!is_alpha(*text.base) && *text.base != '*'))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!is_of_token(text.base[i]))
            return false;
    return true;
}

void tg_sf_put_string(struct tg_buffer *out, struct tg_text text)
{
    tg_buffer_put(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.base[i];
        if (c == '"' || c == '\\')
            tg_buffer_put(out, '\\');
        tg_buffer_put(out, c < 0x20 || c > 0x7e ? '?' : c);
    }
    tg_buffer_put(out, '"');
}
