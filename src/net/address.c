#include <arpa/inet.h>
#include <stdio.h>
#include <sys/un.h>

#include "http/escape.h"
#include "net/backend.h"

static struct tg_error wrong(const char *message)
{
    return (struct tg_error){"address", message};
}

static bool begins(struct tg_text text, struct tg_text with)
{
    return text.len >= with.len && tg_text_is_nocase(tg_text(text.base, with.len), with);
}

static struct tg_text behind(struct tg_text text, size_t n)
{
    return tg_text(text.base + n, text.len - n);
}

/* The path before every path; a slash at its end is dropped. */
static struct tg_error take_base_path(struct tg_text path, struct tg_address *address)
{
    while (path.len != 0 && path.base[path.len - 1] == '/')
        path.len--;
    if (path.len >= sizeof(address->base_path))
        return wrong("the path of the address is too long");
    for (size_t i = 0; i < path.len; i++) {
        if (path.base[i] == '?' || path.base[i] == '#')
            return wrong("an address has neither a query nor a fragment");
        if (path.base[i] < 0x21 || path.base[i] > 0x7e)
            return wrong("the path of the address has a character in it that must be escaped");
    }
    if (path.len != 0)
        memcpy(address->base_path, path.base, path.len);
    address->base_path[path.len] = '\0';
    return TG_OK;
}

static struct tg_error take_port(struct tg_text text, struct tg_address *address)
{
    unsigned port = 0;

    if (text.len == 0)
        return wrong("the port is missing after the ':'");
    for (size_t i = 0; i < text.len; i++) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return wrong("the port is not a number");
        port = port * 10 + (unsigned)(text.base[i] - '0');
        if (port > 65535)
            break;
    }
    if (port == 0 || port > 65535)
        return wrong("the port is out of range: 1 to 65535");
    address->port = (uint16_t)port;
    return TG_OK;
}

/* getaddrinfo would read 10.1 or 0x7f.1 as a number that nobody meant. */
static bool looks_like_number(const char *host)
{
    const char *last = strrchr(host, '.');

    last = last != NULL ? last + 1 : host;
    return *last >= '0' && *last <= '9';
}

static struct tg_error check_name(const char *host)
{
    struct in_addr ip;

    for (const char *at = host; *at != '\0'; at++)
        if (*at == '~' || !tg_char_is(*at, TG_CHAR_UNRESERVED))
            return wrong("the host has a character in it that no name has");
    if (looks_like_number(host) && inet_pton(AF_INET, host, &ip) != 1)
        return wrong("the host is neither a name nor an IPv4 address");
    return TG_OK;
}

static struct tg_error take_host(struct tg_text text, bool brackets, struct tg_address *address)
{
    struct in6_addr ip;

    if (text.len == 0)
        return wrong("the host is missing");
    if (text.len > 253)
        return wrong("the host is too long");
    if (memchr(text.base, '@', text.len) != NULL)
        return wrong("an address has no user in it");
    if (memchr(text.base, '\0', text.len) != NULL)
        return wrong("the host has a character in it that no name has");
    memcpy(address->host, text.base, text.len);
    address->host[text.len] = '\0';
    address->is_number = inet_pton(brackets ? AF_INET6 : AF_INET, address->host, &ip) == 1;
    if (brackets)
        return address->is_number ? TG_OK : wrong("there is no IPv6 address in the brackets");
    return check_name(address->host);
}

static void write_authority(struct tg_address *address, bool brackets)
{
    int len = snprintf(address->authority, sizeof(address->authority), "%s%s%s",
                       brackets ? "[" : "", address->host, brackets ? "]" : "");

    if (address->port != (address->is_tls ? 443 : 80))
        snprintf(address->authority + len, sizeof(address->authority) - (size_t)len, ":%u",
                 address->port);
}

static struct tg_error parse_http(struct tg_text rest, struct tg_address *address)
{
    size_t len = 0;
    while (len < rest.len && strchr("/?#", rest.base[len]) == NULL)
        len++;
    struct tg_text authority = {rest.base, len};
    bool brackets = len != 0 && rest.base[0] == '[';
    const char *end = len == 0 ? NULL : memchr(rest.base, brackets ? ']' : ':', len);
    struct tg_text host = {rest.base, end != NULL ? (size_t)(end - rest.base) : len};

    if (brackets && end == NULL)
        return wrong("the bracket of the IPv6 address is not closed");
    struct tg_text port = behind(authority, host.len + brackets);
    if (brackets)
        host = tg_text(host.base + 1, host.len - 1);
    struct tg_error error = take_host(host, brackets, address);
    if (error.code == NULL && port.len != 0)
        error = port.base[0] == ':' ? take_port(behind(port, 1), address)
                                    : wrong("there is something between the host and the port");
    if (error.code != NULL)
        return error;
    write_authority(address, brackets);
    return take_base_path(behind(rest, len), address);
}

static struct tg_error parse_unix(struct tg_text rest, struct tg_address *address)
{
    size_t len = 0;
    while (len < rest.len &&
           !(rest.base[len] == ':' && len + 1 < rest.len && rest.base[len + 1] == '/'))
        len++;

    if (len == 0)
        return wrong("the path of the Unix socket is missing");
    if (len >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return wrong("the path of the Unix socket is longer than 107 bytes");
    if (memchr(rest.base, '\0', len) != NULL)
        return wrong("the path of the Unix socket has a NUL in it");
    memcpy(address->host, rest.base, len);
    address->host[len] = '\0';
    strcpy(address->authority, "localhost");
    return len == rest.len ? TG_OK : take_base_path(behind(rest, len + 1), address);
}

struct tg_error tg_address_parse(struct tg_text text, struct tg_address *address)
{
    *address = (struct tg_address){.port = 80};
    if (begins(text, TG_TEXT("http://")))
        return parse_http(behind(text, 7), address);
    if (begins(text, TG_TEXT("unix:"))) {
        address->port = 0;
        address->is_unix = true;
        return parse_unix(behind(text, 5), address);
    }
    if (begins(text, TG_TEXT("https://"))) {
        address->port = 443;
        address->is_tls = true;
        return parse_http(behind(text, 8), address);
    }
    return wrong("an address begins with http://, https:// or unix:");
}
