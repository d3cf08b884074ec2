/* A growing run of bytes with a limit that it never passes. */
#ifndef TG_BASE_BUFFER_H
#define TG_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* All zero is an empty buffer without a limit. Fields may be read; only these functions write them,
 * but for `len`, which a caller of tg_buffer_reserve advances by what it wrote. */
struct tg_buffer {
    char *base;
    size_t len;
    size_t capacity;
    size_t limit; /* the largest len; 0 means none */
    bool full;    /* an append did not fit the limit; it wrote nothing */
};

/* Room for n more bytes at base + len, or NULL when the limit is in the way.
 * The program ends when memory is out: what we hold is bounded by limits. */
char *tg_buffer_reserve_slow(struct tg_buffer *buffer, size_t n);

static inline char *tg_buffer_reserve(struct tg_buffer *buffer, size_t n)
{
    if (buffer->capacity - buffer->len <= n)
        return tg_buffer_reserve_slow(buffer, n);
    return buffer->base + buffer->len;
}

static inline bool tg_buffer_append(struct tg_buffer *buffer, const void *bytes, size_t n)
{
    char *room = tg_buffer_reserve(buffer, n);

    if (room == NULL)
        return false;
    if (n != 0)
        memcpy(room, bytes, n);
    buffer->len += n;
    return true;
}

static inline bool tg_buffer_put(struct tg_buffer *buffer, char c)
{
    return tg_buffer_append(buffer, &c, 1);
}

/* Appends as printf does. */
bool tg_buffer_printf(struct tg_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Frees its memory; it may be used again. */
void tg_buffer_dispose(struct tg_buffer *buffer);

/* Empties it and keeps its memory, unless that is more than `keep` bytes. */
static inline void tg_buffer_clear(struct tg_buffer *buffer, size_t keep)
{
    buffer->len = 0;
    buffer->full = false;
    if (buffer->capacity > keep)
        tg_buffer_dispose(buffer);
}

#endif
