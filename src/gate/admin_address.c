#include "gate/admin_address.h"

#include <stdio.h>

#include "gate/listener.h"

static bool is_loopback(const char *host)
{
    uint8_t address[16];
    struct tg_network networks[2];

    tg_network_parse(TG_TEXT("127.0.0.0/8"), &networks[0]);
    tg_network_parse(TG_TEXT("::1"), &networks[1]);
    return tg_network_address(tg_text_of(host), address) && tg_network_has(networks, 2, address);
}

static const char *read_path(struct tg_text path, const char *folder,
                             struct tg_admin_address *address)
{
    bool whole = path.len != 0 && path.base[0] == '/';

    if (path.len == 0 || memchr(path.base, '\0', path.len) != NULL)
        return "a path must follow 'unix:'";
    int len = snprintf(address->path, sizeof(address->path), "%s%s%.*s", whole ? "" : folder,
                       whole ? "" : "/", (int)path.len, path.base);
    return len < (int)sizeof(address->path) ? NULL : "the path of a Unix socket is too long";
}

const char *tg_admin_address_parse(struct tg_text text, const char *folder, bool has_token,
                                   struct tg_admin_address *address)
{
    *address = (struct tg_admin_address){.path = ""};
    if (text.len >= 5 && memcmp(text.base, "unix:", 5) == 0)
        return read_path(tg_text(text.base + 5, text.len - 5), folder, address);
    const char *wrong = tg_listen_parse(text, &address->listen);
    if (wrong == NULL && !has_token && !is_loopback(address->listen.host))
        return "an address that others can reach needs a token";
    return wrong;
}

socklen_t tg_admin_address_fill(const struct tg_admin_address *address,
                                struct sockaddr_storage *storage)
{
    struct sockaddr_un *local = (struct sockaddr_un *)storage;

    if (address->path[0] == '\0')
        return tg_listener_address(&address->listen, storage);
    memset(storage, 0, sizeof(*storage));
    local->sun_family = AF_UNIX;
    memcpy(local->sun_path, address->path, sizeof(local->sun_path));
    return sizeof(*local);
}
