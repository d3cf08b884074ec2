#include "gate/network.h"

#include <arpa/inet.h>
#include <stdlib.h>

static bool copy(struct tg_text text, char *out, size_t size)
{
    if (text.len >= size || memchr(text.base, '\0', text.len) != NULL)
        return false;
    memcpy(out, text.base, text.len);
    out[text.len] = '\0';
    return true;
}

static bool read_number(struct tg_text text, unsigned most, unsigned *number)
{
    unsigned n = 0;

    if (text.len == 0 || text.len > 5)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        n = n * 10 + (unsigned)(text.base[i] - '0');
    }
    *number = n;
    return n <= most;
}

bool tg_network_address(struct tg_text text, uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char name[64];

    if (!copy(text, name, sizeof(name)))
        return false;
    if (inet_pton(AF_INET6, name, address) == 1)
        return true;
    memcpy(address, mapped, sizeof(mapped));
    return inet_pton(AF_INET, name, address + 12) == 1;
}

/* Cuts 'host:port' or '[host]:port' in two. */
static bool split(struct tg_text text, struct tg_text *host, struct tg_text *port)
{
    const char *colon = memrchr(text.base, ':', text.len);

    if (colon == NULL)
        return false;
    *host = tg_text(text.base, (size_t)(colon - text.base));
    *port = tg_text(colon + 1, text.len - host->len - 1);
    if (host->len > 2 && host->base[0] == '[' && host->base[host->len - 1] == ']') {
        host->base++;
        host->len -= 2;
    }
    return true;
}

const char *tg_listen_parse(struct tg_text text, struct tg_listen *listen)
{
    struct tg_text scheme = TG_TEXT("http://"), host, port;
    uint8_t address[16];
    unsigned number;

    *listen = (struct tg_listen){.port = 0};
    if (text.len > 8 && memcmp(text.base, "https://", 8) == 0)
        return "https listeners are not supported";
    if (text.len <= scheme.len || memcmp(text.base, scheme.base, scheme.len) != 0)
        return "an address to listen on looks like 'http://127.0.0.1:8080'";
    text = tg_text(text.base + scheme.len, text.len - scheme.len);
    if (text.base[text.len - 1] == '/')
        text.len--;
    if (!split(text, &host, &port) || !read_number(port, 65535, &number))
        return "a port from 0 to 65535 is missing behind the address";
    if (!tg_network_address(host, address) || !copy(host, listen->host, sizeof(listen->host)))
        return "the host must be an IP address, such as 127.0.0.1, 0.0.0.0 or [::1]";
    listen->port = (uint16_t)number;
    return NULL;
}

const char *tg_network_parse(struct tg_text text, struct tg_network *network)
{
    const char *slash = memchr(text.base, '/', text.len);
    struct tg_text address =
        tg_text(text.base, slash != NULL ? (size_t)(slash - text.base) : text.len);
    bool is_v6 = memchr(address.base, ':', address.len) != NULL;
    unsigned bits = is_v6 ? 128 : 32;

    if (!tg_network_address(address, network->address))
        return "a network looks like '10.0.0.0/8', 'fd00::/8' or '10.1.2.3'";
    if (slash != NULL &&
        !read_number(tg_text(slash + 1, text.len - address.len - 1), is_v6 ? 128 : 32, &bits))
        return is_v6 ? "a number from 0 to 128 must follow the slash"
                     : "a number from 0 to 32 must follow the slash";
    network->bits = is_v6 ? bits : bits + 96;
    return NULL;
}

static bool contains(const struct tg_network *network, const uint8_t address[16])
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;

    if (memcmp(network->address, address, whole) != 0)
        return false;
    return rest == 0 || (network->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool tg_network_has(const struct tg_network *networks, size_t count, const uint8_t address[16])
{
    for (size_t i = 0; i < count; i++)
        if (contains(&networks[i], address))
            return true;
    return false;
}
