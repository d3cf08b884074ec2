/* A piece of text that somebody else owns: base and length, not terminated by a NUL. */
#ifndef TG_BASE_TEXT_H
#define TG_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct tg_text {
    const char *base;
    size_t len;
};

/* The text of a string literal. */
#define TG_TEXT(literal) ((struct tg_text){("" literal), sizeof(literal) - 1})

static inline struct tg_text tg_text(const char *base, size_t len)
{
    return (struct tg_text){base, len};
}

static inline struct tg_text tg_text_of(const char *terminated)
{
    return (struct tg_text){terminated, strlen(terminated)};
}

static inline bool tg_text_is(struct tg_text a, struct tg_text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.base, b.base, a.len) == 0);
}

/* Without regard to the case of ASCII letters. */
static inline bool tg_text_is_nocase(struct tg_text a, struct tg_text b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        unsigned char x = (unsigned char)a.base[i], y = (unsigned char)b.base[i];
        if (x == y)
            continue;
        if ((x | 0x20) != (y | 0x20) || (x | 0x20) < 'a' || (x | 0x20) > 'z')
            return false;
    }
    return true;
}

#endif
