#include "http/hop.h"

#include "http/strict.h"

bool tg_hop_is(struct tg_text name)
{
    if (name.len == 0)
        return true;
    switch (name.base[0] | 0x20) {
    case 'c':
    case 'k':
    case 't':
    case 'u':
        return tg_strict_is_of_connection(name);
    case 'p':
        return name.len >= 6 && tg_text_is_nocase(tg_text(name.base, 6), TG_TEXT("proxy-"));
    default:
        return false;
    }
}

bool tg_hop_names(struct tg_text connection, struct tg_text name)
{
    while (connection.len != 0) {
        const char *comma = memchr(connection.base, ',', connection.len);
        size_t len = comma != NULL ? (size_t)(comma - connection.base) : connection.len;
        struct tg_text token = {connection.base, len};
        size_t used = len + (comma != NULL);

        connection = tg_text(connection.base + used, connection.len - used);
        while (token.len != 0 && strchr(" \t", token.base[0]) != NULL)
            token = tg_text(token.base + 1, token.len - 1);
        while (token.len != 0 && strchr(" \t", token.base[token.len - 1]) != NULL)
            token.len--;
        if (tg_text_is_nocase(token, name))
            return true;
    }
    return false;
}
