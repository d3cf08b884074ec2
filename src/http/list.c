#include "http/list.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct tg_text tg_list_trim(struct tg_text text)
{
    while (text.len != 0 && is_blank(*text.base))
        text = tg_text(text.base + 1, text.len - 1);
    while (text.len != 0 && is_blank(text.base[text.len - 1]))
        text.len--;
    return text;
}

struct tg_text tg_list_take(struct tg_text *rest, char separator)
{
    bool quoted = false;
    size_t n = 0;

    for (; n < rest->len && (quoted || rest->base[n] != separator); n++) {
        if (quoted && rest->base[n] == '\\' && n + 1 < rest->len)
            n++;
        else if (rest->base[n] == '"')
            quoted = !quoted;
    }
    struct tg_text part = tg_text(rest->base, n);
    n += n < rest->len;
    if (n != 0)
        *rest = tg_text(rest->base + n, rest->len - n);
    return tg_list_trim(part);
}

bool tg_list_next(struct tg_text *rest, struct tg_text *member)
{
    while (rest->len != 0) {
        *member = tg_list_take(rest, ',');
        if (member->len != 0)
            return true;
    }
    return false;
}

bool tg_list_names(struct tg_text list, struct tg_text name)
{
    struct tg_text member;

    while (tg_list_next(&list, &member))
        if (tg_text_is_nocase(member, name))
            return true;
    return false;
}

bool tg_list_unquote(struct tg_text *text)
{
    if (text->len < 2 || text->base[0] != '"')
        return false;
    for (size_t i = 1; i < text->len; i++) {
        if (text->base[i] == '\\')
            i++;
        else if (text->base[i] == '"') {
            if (i + 1 != text->len)
                return false;
            *text = tg_text(text->base + 1, text->len - 2);
            return true;
        }
    }
    return false;
}
