#include "http/cookie.h"

#include "http/escape.h"

static struct tg_text trim(struct tg_text text)
{
    while (text.len != 0 && (text.base[0] == ' ' || text.base[0] == '\t'))
        text = tg_text(text.base + 1, text.len - 1);
    while (text.len != 0 && (text.base[text.len - 1] == ' ' || text.base[text.len - 1] == '\t'))
        text.len--;
    return text;
}

static struct tg_text unquote(struct tg_text text)
{
    if (text.len >= 2 && text.base[0] == '"' && text.base[text.len - 1] == '"')
        return tg_text(text.base + 1, text.len - 2);
    return text;
}

/* The quotes of a value do not protect a ';' in it: browsers cut there too. */
bool tg_cookie_next(struct tg_text *rest, struct tg_cookie *cookie)
{
    while (rest->len != 0) {
        const char *end = memchr(rest->base, ';', rest->len);
        struct tg_text one = {rest->base, end != NULL ? (size_t)(end - rest->base) : rest->len};
        size_t used = one.len + (end != NULL);
        *rest = tg_text(rest->base + used, rest->len - used);

        const char *equals = one.len != 0 ? memchr(one.base, '=', one.len) : NULL;
        if (equals == NULL)
            continue;
        size_t name_len = (size_t)(equals - one.base);
        cookie->name = trim(tg_text(one.base, name_len));
        cookie->value = unquote(trim(tg_text(equals + 1, one.len - name_len - 1)));
        if (cookie->name.len != 0)
            return true;
    }
    return false;
}

size_t tg_cookie_decode(struct tg_text raw, char *out)
{
    return tg_escape_decode(raw, out, false);
}
