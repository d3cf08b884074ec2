#include "base/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { MESSAGE = 8192 }; /* bytes of a formatted message; what is longer is cut */

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static bool continues(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* The length of the UTF-8 character at p, or 0 when it is not one. */
static size_t character(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        return n >= 2 && continues(p[1]) ? 2 : 0;
    if (p[0] >= 0xe0 && p[0] <= 0xef) {
        bool well = n >= 3 && continues(p[1]) && continues(p[2]) &&
                    !(p[0] == 0xe0 && p[1] < 0xa0) && !(p[0] == 0xed && p[1] > 0x9f);
        return well ? 3 : 0;
    }
    if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        bool well = n >= 4 && continues(p[1]) && continues(p[2]) && continues(p[3]) &&
                    !(p[0] == 0xf0 && p[1] < 0x90) && !(p[0] == 0xf4 && p[1] > 0x8f);
        return well ? 4 : 0;
    }
    return 0;
}

/* Appends text with everything that a terminal or a parser of lines would act on escaped as JSON
 * does; with `quoted` also quotes and backslashes. */
static void append_clean(struct tg_buffer *line, struct tg_text text, bool quoted)
{
    const unsigned char *p = (const unsigned char *)text.base;

    for (size_t i = 0, n; i < text.len; i += n) {
        n = character(p + i, text.len - i);
        if (n == 0) {
            tg_buffer_append(line, "\\ufffd", 6);
            n = 1;
        } else if (p[i] < 0x20 || p[i] == 0x7f) {
            tg_buffer_printf(line, p[i] == '\n' ? "\\n" : "\\u%04x", p[i]);
        } else if (n == 2 && p[i] == 0xc2 && p[i + 1] < 0xa0) {
            tg_buffer_printf(line, "\\u%04x", p[i + 1]);
        } else {
            if (quoted && (p[i] == '"' || p[i] == '\\'))
                tg_buffer_put(line, '\\');
            tg_buffer_append(line, p + i, n);
        }
    }
}

static bool is_plain(struct tg_text value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.base[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return value.len != 0;
}

static void append_key(struct tg_buffer *line, const char *key)
{
    for (; *key != '\0'; key++) {
        unsigned char c = (unsigned char)*key;
        bool breaks = c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\';
        tg_buffer_put(line, breaks ? '_' : (char)c);
    }
}

/* Cuts a long value between two characters. */
static struct tg_text shortened(struct tg_text value)
{
    size_t n = TG_LOG_VALUE;

    if (value.len <= n)
        return value;
    while (n > TG_LOG_VALUE - 4 && continues((unsigned char)value.base[n]))
        n--;
    return tg_text(value.base, n);
}

void tg_log_field(struct tg_buffer *line, const char *key, struct tg_text value)
{
    struct tg_text shown = shortened(value);

    tg_buffer_put(line, ' ');
    append_key(line, key);
    tg_buffer_put(line, '=');
    if (shown.len == value.len && is_plain(value)) {
        tg_buffer_append(line, value.base, value.len);
        return;
    }
    tg_buffer_put(line, '"');
    append_clean(line, shown, true);
    if (shown.len < value.len)
        tg_buffer_append(line, "\xe2\x80\xa6", 3);
    tg_buffer_put(line, '"');
}

static void begin(struct tg_buffer *line, enum tg_log_level level, const char *request_id)
{
    char now[TG_CLOCK_TEXT];

    tg_clock_text(now, tg_clock_wall_ms());
    tg_buffer_printf(line, "time=%s level=%s", now, level_names[level]);
    if (request_id != NULL)
        tg_log_field(line, "id", tg_text_of(request_id));
}

void tg_log_mask(const struct tg_log *log, char *text, size_t len)
{
    for (size_t i = 0; len != 0 && i < log->secret_count; i++) {
        struct tg_text secret = log->secrets[i];
        char *rest = text, *found;
        while ((found = memmem(rest, len - (size_t)(rest - text), secret.base, secret.len)) !=
               NULL) {
            memset(found, '*', secret.len);
            rest = found + secret.len;
        }
    }
}

static void end(const struct tg_log *log, struct tg_buffer *line)
{
    tg_log_mask(log, line->base, line->len);
    tg_buffer_put(line, '\n');
    tg_sink_write(log->sink, line->base, line->len);
    tg_buffer_dispose(line);
}

static void write_line(const struct tg_log *log, enum tg_log_level level, const char *request_id,
                       const char *format, va_list args)
{
    struct tg_buffer line = {0};
    char message[MESSAGE];

    if (!tg_log_has(log, level))
        return;
    int n = vsnprintf(message, sizeof(message), format, args);
    if (n < 0)
        return;
    begin(&line, level, request_id);
    tg_buffer_put(&line, ' ');
    append_clean(&line, tg_text(message, (size_t)n < MESSAGE ? (size_t)n : MESSAGE - 1), false);
    end(log, &line);
}

void tg_log_error(const struct tg_log *log, const char *request_id, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_line(log, TG_LOG_ERROR, request_id, format, args);
    va_end(args);
}

void tg_log_warn(const struct tg_log *log, const char *request_id, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_line(log, TG_LOG_WARN, request_id, format, args);
    va_end(args);
}

void tg_log_info(const struct tg_log *log, const char *request_id, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_line(log, TG_LOG_INFO, request_id, format, args);
    va_end(args);
}

void tg_log_debug(const struct tg_log *log, const char *request_id, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_line(log, TG_LOG_DEBUG, request_id, format, args);
    va_end(args);
}

void tg_log_fields(const struct tg_log *log, enum tg_log_level level, const char *request_id,
                   const struct tg_buffer *fields)
{
    struct tg_buffer line = {0};

    if (!tg_log_has(log, level))
        return;
    begin(&line, level, request_id);
    tg_buffer_append(&line, fields->base, fields->len);
    end(log, &line);
}
