#include "http/upgrade.h"

#include "http/escape.h"
#include "http/list.h"

static bool is_token(struct tg_text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!tg_char_is(text.base[i], TG_CHAR_TOKEN))
            return false;
    return text.len != 0;
}

static bool carries_http(struct tg_text name)
{
    static const char *const names[] = {"h2c", "h2", "http", "tls"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (tg_text_is_nocase(name, tg_text_of(names[i])))
            return true;
    return false;
}

bool tg_upgrade_may_tunnel(struct tg_text asked)
{
    struct tg_text protocol;
    bool any = false;

    for (; tg_list_next(&asked, &protocol); any = true) {
        const char *slash = memchr(protocol.base, '/', protocol.len);
        size_t len = slash != NULL ? (size_t)(slash - protocol.base) : protocol.len;
        struct tg_text name = {protocol.base, len};
        struct tg_text version = {protocol.base + len, protocol.len - len};

        if (!is_token(name) || carries_http(name) ||
            (slash != NULL && !is_token(tg_text(version.base + 1, version.len - 1))))
            return false;
    }
    return any;
}

bool tg_upgrade_is_asked(struct tg_text switched, struct tg_text asked)
{
    struct tg_text protocol;
    bool any = false;

    for (; tg_list_next(&switched, &protocol); any = true)
        if (!tg_list_names(asked, protocol))
            return false;
    return any;
}
