#include "http/media_type.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct tg_text trim(struct tg_text text)
{
    while (text.len != 0 && is_blank(*text.base))
        text = tg_text(text.base + 1, text.len - 1);
    while (text.len != 0 && is_blank(text.base[text.len - 1]))
        text.len--;
    return text;
}

/* What stands before the next semicolon that is not in quotes. */
static struct tg_text take_part(struct tg_text *rest)
{
    bool quoted = false;
    size_t n = 0;

    for (; n < rest->len && (quoted || rest->base[n] != ';'); n++) {
        if (rest->base[n] == '\\' && quoted && n + 1 < rest->len)
            n++;
        else if (rest->base[n] == '"')
            quoted = !quoted;
    }
    struct tg_text part = tg_text(rest->base, n);
    n += n < rest->len;
    *rest = tg_text(rest->base + n, rest->len - n);
    return part;
}

struct tg_text tg_media_type_parameter(struct tg_text type, struct tg_text name)
{
    if (type.len != 0) /* without a field there is nothing at all */
        take_part(&type);
    while (type.len != 0) {
        struct tg_text part = take_part(&type);
        const char *equals = part.len != 0 ? memchr(part.base, '=', part.len) : NULL;
        if (equals == NULL)
            continue;
        size_t before = (size_t)(equals - part.base);
        struct tg_text value = trim(tg_text(equals + 1, part.len - before - 1));
        if (!tg_text_is_nocase(trim(tg_text(part.base, before)), name))
            continue;
        if (value.len > 1 && *value.base == '"' && value.base[value.len - 1] == '"')
            value = tg_text(value.base + 1, value.len - 2);
        return value;
    }
    return tg_text("", 0);
}
