#include "net/call.h"

#include <stdio.h>

#include "http/strict.h"

static struct tg_text text_of(h2o_iovec_t iovec)
{
    return tg_text(iovec.base, iovec.len);
}

static struct tg_error wrong(const char *message)
{
    return (struct tg_error){"request", message};
}

/* These decide where a request ends or what becomes of its connection: that is our business. */
static bool is_ours(struct tg_text name)
{
    return tg_strict_is_of_connection(name) || tg_text_is_nocase(name, TG_TEXT("host"));
}

static const char *check_target(struct tg_text target)
{
    if (target.len == 0 || target.base[0] != '/')
        return "the path does not begin with a slash";
    for (size_t i = 0; i < target.len; i++)
        if (target.base[i] < 0x21 || target.base[i] > 0x7e || target.base[i] == '#')
            return "the path has a character in it that must be escaped";
    return NULL;
}

static const char *check_field(const struct tg_field *field)
{
    const char *message = tg_strict_field_name(text_of(field->name));

    if (message == NULL)
        message = tg_strict_field_value(text_of(field->value));
    if (message == NULL && is_ours(text_of(field->name)))
        message = "a field of the request is one that only the connection may set";
    return message;
}

struct tg_error tg_call_check(const struct tg_call *call)
{
    struct tg_text method = text_of(call->method);
    const char *message = tg_strict_method(method);

    if (message == NULL && tg_text_is(method, TG_TEXT("CONNECT")))
        message = "the method CONNECT makes no request";
    if (message == NULL)
        message = check_target(text_of(call->target));
    if (message == NULL && call->host.len != 0)
        message = tg_strict_authority(text_of(call->host));
    if (message == NULL && call->upgrade.len != 0)
        message = tg_strict_field_value(text_of(call->upgrade));
    for (size_t i = 0; message == NULL && !call->fields_fit && i < call->field_count; i++)
        message = check_field(&call->fields[i]);
    return message != NULL ? wrong(message) : TG_OK;
}

bool tg_call_is_idempotent(const struct tg_call *call)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"};

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (tg_text_is(text_of(call->method), tg_text_of(methods[i])))
            return true;
    return false;
}

/* A method that means a body says so when there is none, lest the backend wait for one. */
static bool needs_length(const struct tg_call *call)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH"};

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (tg_text_is(text_of(call->method), tg_text_of(methods[i])))
            return true;
    return call->has_body;
}

static char *put(char *to, struct tg_text text)
{
    memcpy(to, text.base, text.len);
    return to + text.len;
}

static void append_field(struct tg_buffer *out, const struct tg_field *field)
{
    size_t len = field->name.len + field->value.len + 4;
    char *to = tg_buffer_reserve(out, len);

    to = put(to, text_of(field->name));
    to = put(to, TG_TEXT(": "));
    to = put(to, text_of(field->value));
    put(to, TG_TEXT("\r\n"));
    out->len += len;
}

static void append(struct tg_buffer *out, struct tg_text text)
{
    tg_buffer_append(out, text.base, text.len);
}

void tg_call_write(const struct tg_call *call, const struct tg_address *address,
                   struct tg_buffer *out)
{
    append(out, text_of(call->method));
    tg_buffer_put(out, ' ');
    append(out, tg_text_of(address->base_path));
    append(out, text_of(call->target));
    append(out, TG_TEXT(" HTTP/1.1\r\nHost: "));
    append(out, call->host.len != 0 ? text_of(call->host) : tg_text_of(address->authority));
    append(out, TG_TEXT("\r\n"));
    for (size_t i = 0; i < call->field_count; i++)
        append_field(out, &call->fields[i]);
    if (call->upgrade.len != 0) {
        append(out, TG_TEXT("Connection: Upgrade\r\nUpgrade: "));
        append(out, text_of(call->upgrade));
        append(out, TG_TEXT("\r\n"));
    }
    if (needs_length(call))
        tg_buffer_printf(out, "Content-Length: %zu\r\n", call->has_body ? call->body.len : 0);
    append(out, TG_TEXT("\r\n"));
}
