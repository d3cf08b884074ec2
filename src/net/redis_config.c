#include <stdio.h>
#include <string.h>

#include "http/escape.h"
#include "net/redis.h"

static struct tg_error wrong(const char *message)
{
    return (struct tg_error){"address", message};
}

static bool take(struct tg_text *text, struct tg_text prefix)
{
    if (text->len < prefix.len || !tg_text_is_nocase(tg_text(text->base, prefix.len), prefix))
        return false;
    *text = tg_text(text->base + prefix.len, text->len - prefix.len);
    return true;
}

/* Decodes into an array of so many bytes, with a NUL behind; false when it does not fit. */
static bool decode(struct tg_text raw, char *out, size_t size)
{
    if (raw.len >= size)
        return false;
    out[tg_escape_decode(raw, out, false)] = '\0';
    return true;
}

static struct tg_error take_user(struct tg_text *rest, struct tg_redis_config *config)
{
    const char *slash = rest->len != 0 ? memchr(rest->base, '/', rest->len) : NULL;
    size_t len = slash != NULL ? (size_t)(slash - rest->base) : rest->len;
    const char *at = len != 0 ? memrchr(rest->base, '@', len) : NULL;

    if (at == NULL)
        return TG_OK;
    struct tg_text user = tg_text(rest->base, (size_t)(at - rest->base));
    const char *colon = user.len != 0 ? memchr(user.base, ':', user.len) : NULL;
    if (colon == NULL)
        return wrong("what stands before the '@' is written user:password");
    struct tg_text password = tg_text(colon + 1, (size_t)(at - colon) - 1);
    user.len -= password.len + 1;
    if (!decode(user, config->user, sizeof(config->user)) ||
        !decode(password, config->password, sizeof(config->password)))
        return wrong("the user or the password is too long");
    if (password.len == 0)
        return wrong("the password is empty");
    *rest = tg_text(at + 1, rest->len - user.len - password.len - 2);
    return TG_OK;
}

/* The path of the address is the number of the database. */
static struct tg_error take_database(struct tg_redis_config *config)
{
    const char *at = config->address.base_path;

    if (*at == '\0')
        return TG_OK;
    for (at++; *at >= '0' && *at <= '9' && config->database < 100000; at++)
        config->database = config->database * 10 + (uint32_t)(*at - '0');
    return *at == '\0' ? TG_OK : wrong("the database is a number, such as in redis://host/2");
}

static bool has_port(struct tg_text host)
{
    const char *slash = memchr(host.base, '/', host.len);
    size_t len = slash != NULL ? (size_t)(slash - host.base) : host.len;
    const char *colon = memrchr(host.base, ':', len), *bracket = memrchr(host.base, ']', len);

    return colon != NULL && (bracket == NULL || bracket < colon);
}

/* Redis has no scheme of its own here: what is left is read as the address of a backend is. */
static struct tg_error take_address(const char *scheme, struct tg_text rest,
                                    struct tg_redis_config *config)
{
    char text[1024];
    int len = snprintf(text, sizeof(text), "%s%.*s", scheme, (int)rest.len, rest.base);

    if (rest.len >= sizeof(text) || len >= (int)sizeof(text))
        return wrong("the address is too long");
    return tg_address_parse(tg_text(text, (size_t)len), &config->address);
}

struct tg_error tg_redis_parse(struct tg_text url, struct tg_redis_config *config)
{
    struct tg_error error;
    bool is_tls;

    *config = (struct tg_redis_config){
        .timeout_ms = 20, .connect_timeout_ms = 1000, .pending = 1024, .limit = 8 << 20};
    if (url.len != 0 && memchr(url.base, '\0', url.len) != NULL)
        return wrong("the address has a NUL in it");
    if (take(&url, TG_TEXT("redis+unix:"))) {
        error = take_address("unix:", url, config);
    } else {
        is_tls = take(&url, TG_TEXT("rediss://"));
        if (!is_tls && !take(&url, TG_TEXT("redis://")))
            return wrong("an address of Redis begins with redis://, rediss:// or redis+unix:");
        error = take_user(&url, config);
        if (error.code == NULL && url.len == 0)
            error = wrong("the host is missing");
        if (error.code == NULL)
            error = take_address(is_tls ? "https://" : "http://", url, config);
        config->has_port = error.code == NULL && has_port(url);
        if (!config->has_port)
            config->address.port = TG_REDIS_PORT;
    }
    if (error.code != NULL)
        return error;
    config->backend = (struct tg_backend_config){
        .name = "redis", .addresses = &config->address, .address_count = 1};
    return take_database(config);
}
