#include "http/strict.h"

#include <arpa/inet.h>

#include "http/escape.h"
#include "http/list.h"

static bool is_all(struct tg_text text, int class)
{
    for (size_t i = 0; i < text.len; i++)
        if (!tg_char_is(text.base[i], class))
            return false;
    return true;
}

const char *tg_strict_method(struct tg_text method)
{
    if (method.len == 0)
        return "the method is empty";
    return is_all(method, TG_CHAR_TOKEN) ? NULL : "the method is not a token";
}

const char *tg_strict_field_name(struct tg_text name)
{
    if (name.base == NULL || name.len == 0)
        return "a field has no name";
    return is_all(name, TG_CHAR_TOKEN) ? NULL : "a field's name is not a token";
}

static bool has_control(const char *base, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)base[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

/* Whether one of at most eight bytes may be a control character; a tab is looked at again. */
static inline bool may_have_control(const char *base, size_t len)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones * 0x80;
    uint64_t word = ones * ' ', deletes;

    memcpy(&word, base, len);
    deletes = word ^ ones * 0x7f;
    return ((((word - ones * 0x20) & ~word) | ((deletes - ones) & ~deletes)) & highs) != 0;
}

/* The last word of a long value reaches back into the one before. */
static bool may_be_wrong(struct tg_text value)
{
    const char *at = value.base, *end = at + value.len;

    if (value.len < 4)
        return true;
    if (value.len < 8)
        return may_have_control(at, 4) || may_have_control(end - 4, 4);
    for (; end - at > 8; at += 8)
        if (may_have_control(at, 8))
            return true;
    return may_have_control(end - 8, 8);
}

const char *tg_strict_field_value(struct tg_text value)
{
    bool wrong = may_be_wrong(value) && has_control(value.base, value.len);

    return wrong ? "a field's value has a control character in it" : NULL;
}

/* Their lengths tell them apart, but for two and two. */
bool tg_strict_is_of_connection(struct tg_text name)
{
    switch (name.len) {
    case 2:
        return tg_text_is_nocase(name, TG_TEXT("te"));
    case 7:
        return tg_text_is_nocase(name, TG_TEXT("trailer")) ||
               tg_text_is_nocase(name, TG_TEXT("upgrade"));
    case 10:
        return tg_text_is_nocase(name, TG_TEXT("connection")) ||
               tg_text_is_nocase(name, TG_TEXT("keep-alive"));
    case 14:
        return tg_text_is_nocase(name, TG_TEXT("content-length"));
    case 16:
        return tg_text_is_nocase(name, TG_TEXT("proxy-connection"));
    case 17:
        return tg_text_is_nocase(name, TG_TEXT("transfer-encoding"));
    default:
        return false;
    }
}

const char *tg_strict_content_length(struct tg_text value, uint64_t *length)
{
    uint64_t number = 0;

    if (value.len == 0)
        return "Content-Length is empty";
    for (size_t i = 0; i < value.len; i++) {
        if (value.base[i] < '0' || value.base[i] > '9')
            return "Content-Length is not a number";
        number = number * 10 + (uint64_t)(value.base[i] - '0');
        if (number >> 60 != 0)
            return "Content-Length is too large";
    }
    *length = number;
    return NULL;
}

static const char *check_port(struct tg_text port)
{
    unsigned number = 0;

    if (port.len == 0 || port.len > 5)
        return "the port of Host is not a number up to 65535";
    for (size_t i = 0; i < port.len; i++) {
        if (port.base[i] < '0' || port.base[i] > '9')
            return "the port of Host is not a number up to 65535";
        number = number * 10 + (unsigned)(port.base[i] - '0');
    }
    return number <= 65535 ? NULL : "the port of Host is not a number up to 65535";
}

static bool is_ipv6(struct tg_text inside)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (inside.len == 0 || inside.len >= sizeof(text))
        return false;
    memcpy(text, inside.base, inside.len);
    text[inside.len] = '\0';
    return strlen(text) == inside.len && inet_pton(AF_INET6, text, &address) == 1;
}

/* Where the name of a host ends: at the first character that none has. */
static const char *name_end(const char *at, const char *end)
{
    for (;; at += 3) {
        while (at < end && tg_char_is(*at, TG_CHAR_HOST))
            at++;
        int escaped = at < end && *at == '%' ? tg_escape_value(at, end) : -1;
        if (escaped <= 0x20 || escaped == 0x7f)
            return at;
    }
}

/* Checks the address in brackets and gives its end, or NULL. */
static const char *address_end(struct tg_text authority)
{
    const char *at = authority.base + 1;
    const char *end = memchr(authority.base, ']', authority.len);

    return end != NULL && is_ipv6(tg_text(at, (size_t)(end - at))) ? end + 1 : NULL;
}

const char *tg_strict_authority(struct tg_text authority)
{
    const char *at = authority.base, *end = at + authority.len, *stop;

    if (authority.len == 0 || *at == ':')
        return "Host is empty";
    if (*at == '[') {
        stop = address_end(authority);
        if (stop == NULL)
            return "Host has no valid IPv6 address in its brackets";
    } else {
        stop = name_end(at, end);
    }
    if (stop == end)
        return NULL;
    if (*stop != ':')
        return "Host has a character in it that no host has";
    return check_port(tg_text(stop + 1, (size_t)(end - stop - 1)));
}

/* A line end of one character is where parsers begin to disagree. */
static const char *check_line_ends(struct tg_text head)
{
    const char *at = head.base, *end = head.base + head.len;

    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        if (at == head.base || at[-1] != '\r')
            return "a line ends with LF alone";
        at++;
    }
    for (at = head.base; at < end && (at = memchr(at, '\r', (size_t)(end - at))) != NULL; at++)
        if (at + 1 == end || at[1] != '\n')
            return "a line has CR alone in it";
    return NULL;
}

/* Their lengths tell apart the few that are asked for. */
const char *tg_strict_meaning(struct tg_text name, struct tg_text value,
                              struct tg_strict_seen *seen)
{
    uint64_t length;

    if (name.len == 4 && tg_text_is_nocase(name, TG_TEXT("host"))) {
        seen->hosts++;
        return tg_strict_authority(tg_list_trim(value));
    }
    if (name.len == 14 && tg_text_is_nocase(name, TG_TEXT("content-length"))) {
        seen->lengths++;
        return tg_strict_content_length(value, &length);
    }
    if (name.len == 17 && tg_text_is_nocase(name, TG_TEXT("transfer-encoding"))) {
        seen->codings++;
        if (!tg_text_is_nocase(value, TG_TEXT("chunked")))
            return "Transfer-Encoding is not chunked";
    }
    return NULL;
}

const char *tg_strict_counts(const struct tg_strict_seen *seen, int minor_version)
{
    if (seen->hosts > 1)
        return "Host is there twice";
    if (seen->hosts == 0 && minor_version >= 1)
        return "Host is missing";
    if (seen->lengths > 1)
        return "Content-Length is there twice";
    if (seen->codings > 1)
        return "Transfer-Encoding is there twice";
    if (seen->codings != 0 && seen->lengths != 0)
        return "Content-Length and Transfer-Encoding are both there";
    if (seen->codings != 0 && minor_version < 1)
        return "Transfer-Encoding is not known in HTTP/1.0";
    return NULL;
}

static const char *check_field(const struct tg_strict_field *field, struct tg_strict_seen *seen)
{
    const char *wrong = tg_strict_field_name(field->name);

    if (wrong == NULL)
        wrong = tg_strict_field_value(field->value);
    return wrong != NULL ? wrong : tg_strict_meaning(field->name, field->value, seen);
}

const char *tg_strict_head(const struct tg_strict_field *fields, size_t count, struct tg_text head,
                           int minor_version)
{
    struct tg_strict_seen seen = {0};
    const char *wrong = check_line_ends(head);

    if (wrong == NULL && minor_version != 0 && minor_version != 1)
        wrong = "the version is neither HTTP/1.0 nor HTTP/1.1";
    for (size_t i = 0; wrong == NULL && i < count; i++)
        wrong = check_field(&fields[i], &seen);
    return wrong != NULL ? wrong : tg_strict_counts(&seen, minor_version);
}
