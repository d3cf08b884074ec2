#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void *grow(char *base, size_t capacity)
{
    char *grown = realloc(base, capacity);

    if (grown == NULL) {
        fprintf(stderr, "tidegate: out of memory\n");
        abort();
    }
    return grown;
}

char *tg_buffer_reserve_slow(struct tg_buffer *buffer, size_t n)
{
    size_t limit = buffer->limit != 0 ? buffer->limit : SIZE_MAX / 4;

    if (n > limit || buffer->len > limit - n) {
        buffer->full = true;
        return NULL;
    }
    size_t wanted = buffer->len + n;
    if (wanted <= buffer->capacity && buffer->base != NULL)
        return buffer->base + buffer->len;
    size_t capacity = buffer->capacity < 128 ? 256 : buffer->capacity * 2;
    if (capacity < wanted)
        capacity = wanted;
    if (capacity > limit)
        capacity = limit;
    if (capacity > buffer->capacity) {
        buffer->base = grow(buffer->base, capacity);
        buffer->capacity = capacity;
    }
    return buffer->base + buffer->len;
}

bool tg_buffer_printf(struct tg_buffer *buffer, const char *format, ...)
{
    va_list args, again;
    bool fits = false;

    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n >= 0 && tg_buffer_reserve(buffer, (size_t)n + 1) != NULL) {
        vsnprintf(buffer->base + buffer->len, (size_t)n + 1, format, again);
        buffer->len += (size_t)n;
        fits = true;
    }
    va_end(again);
    va_end(args);
    return fits;
}

void tg_buffer_dispose(struct tg_buffer *buffer)
{
    free(buffer->base);
    *buffer = (struct tg_buffer){.limit = buffer->limit};
}
