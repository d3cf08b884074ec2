/* libh2o writes the first lines of a response by sprintf, through the dynamic linker: 2000
 * instructions of each request. Those two texts are put together here; what is asked with any other
 * format goes to libc as it came. */
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "gate/seams.h"

int libc_vsprintf(char *out, int flag, size_t size, const char *format,
                  va_list args) __asm__("__vsprintf_chk");

#define START "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: %s\r\n"
#define LENGTH "Content-Length: %zu\r\n"

/* Which of h2o's formats it is. */
enum text { ANOTHER, WITHOUT_LENGTH, WITH_LENGTH };

static enum text text_of(const char *format)
{
    if (strcmp(format, START LENGTH) == 0)
        return WITH_LENGTH;
    return strcmp(format, START) == 0 ? WITHOUT_LENGTH : ANOTHER;
}

static char *put(char *out, const char *text)
{
    size_t len = strlen(text);

    memcpy(out, text, len); /* NOLINT(bugprone-not-null-terminated-result): more follows */
    return out + len;
}

static char *put_number(char *out, uint64_t number)
{
    char *end = out + 1;

    for (uint64_t rest = number; rest >= 10; rest /= 10)
        end++;
    for (char *at = end; at != out; number /= 10)
        *--at = (char)('0' + number % 10);
    return end;
}

static int put_start(char *out, enum text text, va_list args)
{
    char *end = put(out, "HTTP/1.1 ");

    end = put_number(end, (unsigned)va_arg(args, int));
    *end++ = ' ';
    const char *reason = va_arg(args, const char *), *date = va_arg(args, const char *);
    end = put(end, reason);
    if (strchr(reason, '\r') == NULL) { /* else it has a Date of its own behind it */
        end = put(end, "\r\nDate: ");
        end = put(end, date);
    }
    end = put(end, "\r\nConnection: ");
    end = put(end, va_arg(args, const char *));
    if (text == WITH_LENGTH) {
        end = put(end, "\r\nContent-Length: ");
        end = put_number(end, va_arg(args, size_t));
    }
    end = put(end, "\r\n");
    *end = '\0';
    return (int)(end - out);
}

int tg_seam_sprintf(char *out, int flag, size_t size, const char *format, ...)
{
    enum text text = size == SIZE_MAX ? text_of(format) : ANOTHER;
    va_list args;
    int len;

    va_start(args, format);
    len =
        text != ANOTHER ? put_start(out, text, args) : libc_vsprintf(out, flag, size, format, args);
    va_end(args);
    return len;
}
