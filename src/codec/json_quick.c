#include "codec/json_quick.h"

#include "codec/block.h"
#include "codec/json_skip.h"
#include "codec/utf8.h"

/* Each step takes where the text goes on and gives where it goes on behind what it has read; NULL
 * when that is no JSON. The NUL behind the text fits nowhere, so it ends every loop by itself.
 * Nothing takes the address of a check that is not inlined, so that its members are registers. */
struct check {
    const char *end;
    unsigned high; /* not 0 when a string has a byte that is not ASCII */
    size_t depth;
    uint64_t objects;                         /* the lowest bit: the innermost open one is one */
    uint64_t outer[TG_JSON_QUICK_DEPTH / 64]; /* `objects` when another 64 began */
};

/* A place in a string and what was there before it. */
struct spot {
    const char *p;
    unsigned high;
};

static int hex4(const char *p)
{
    int value = 0;

    for (int i = 0; i < 4; i++) {
        int c = p[i] | 0x20;
        int digit = tg_json_is_digit(p[i]) ? p[i] - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* A surrogate stands in a pair or not at all. */
static const char *skip_unicode(const char *p, const char *end)
{
    int code = end - p >= 6 ? hex4(p + 2) : -1;

    if (code < 0 || (code >= 0xdc00 && code <= 0xdfff))
        return NULL;
    if (code < 0xd800 || code > 0xdbff)
        return p + 6;
    if (end - p < 12 || p[6] != '\\' || p[7] != 'u')
        return NULL;
    code = hex4(p + 8);
    return code >= 0xdc00 && code <= 0xdfff ? p + 12 : NULL;
}

static const char *skip_escape(const char *p, const char *end)
{
    switch (end - p < 2 ? '\0' : p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return p + 2;
    case 'u':
        return skip_unicode(p, end);
    default:
        return NULL;
    }
}

/* The next byte that is a quote, a backslash or a control character. */
static struct spot skip_plain(const char *p, const char *end)
{
    unsigned high = 0;

    for (; end - p >= TG_BLOCK; p += TG_BLOCK) {
        struct tg_block block = tg_block_load(p);
        unsigned odd = tg_block_mask(tg_block_quoted(block));
        high |= tg_block_high(block);
        if (odd != 0)
            return (struct spot){p + tg_block_first(odd), high};
    }
    for (; *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20; p++)
        high |= *p & 0x80;
    return (struct spot){p, high};
}

/* Whatever a string has in it, from p on. */
static struct spot skip_slowly(const char *p, const char *end)
{
    unsigned high = 0;

    for (;;) {
        struct spot spot = skip_plain(p, end);
        high |= spot.high;
        p = spot.p;
        if (*p == '"')
            return (struct spot){p + 1, high};
        if (*p != '\\' || (p = skip_escape(p, end)) == NULL)
            return (struct spot){NULL, high};
    }
}

/* p is behind the opening quote. Most strings end within a block. */
static inline const char *skip_string(struct check *check, const char *p)
{
    if (check->end - p >= TG_BLOCK) {
        struct tg_block block = tg_block_load(p);
        unsigned odd = tg_block_mask(tg_block_quoted(block));
        if (odd != 0 && p[tg_block_first(odd)] == '"') {
            check->high |= tg_block_high(block);
            return p + tg_block_first(odd) + 1;
        }
    }
    struct spot spot = skip_slowly(p, check->end);
    check->high |= spot.high;
    return spot.p;
}

/* Most numbers have a few digits and nothing else. */
static inline const char *skip_number(const struct check *check, const char *p)
{
    if (check->end - p >= TG_BLOCK) {
        unsigned others = ~tg_block_digits(tg_block_load(p)) & 0xffff;
        unsigned n = others != 0 ? tg_block_first(others) : 0;
        if (n != 0 && *p != '0' && p[n] != '.' && (p[n] | 0x20) != 'e')
            return p + n;
    }
    return tg_json_skip_number(p);
}

static inline bool open_one(struct check *check, bool object)
{
    if (check->depth == TG_JSON_QUICK_DEPTH)
        return false;
    if ((check->depth & 63) == 0)
        check->outer[check->depth >> 6] = check->objects;
    check->depth++;
    check->objects = check->objects << 1 | object;
    return true;
}

static inline void close_one(struct check *check)
{
    check->depth--;
    check->objects >>= 1;
    if ((check->depth & 63) == 0)
        check->objects = check->outer[check->depth >> 6];
}

static inline bool in_object(const struct check *check)
{
    return (check->objects & 1) != 0;
}

/* A key and its colon. */
static inline const char *skip_key(struct check *check, const char *p)
{
    p = tg_json_skip_space(p);
    if (*p != '"' || (p = skip_string(check, p + 1)) == NULL)
        return NULL;
    p = tg_json_skip_space(p);
    return *p == ':' ? p + 1 : NULL;
}

/* A value that has no others in it. */
static inline const char *skip_scalar(struct check *check, const char *p)
{
    switch (*p) {
    case '"':
        return skip_string(check, p + 1);
    case 't':
    case 'f':
    case 'n':
        return tg_json_skip_bare(p, check->end);
    default:
        return skip_number(check, p);
    }
}

/* What follows a value: the ends of what it closes, and the comma or the end of all.
 * Gives where the next value begins, or the end of the text. */
static inline const char *skip_after(struct check *check, const char *p)
{
    for (;;) {
        p = tg_json_skip_space(p);
        if (check->depth == 0)
            return p == check->end ? p : NULL;
        if (*p == ',')
            return in_object(check) ? skip_key(check, p + 1) : p + 1;
        if (*p != (in_object(check) ? '}' : ']'))
            return NULL;
        close_one(check);
        p++;
    }
}

/* Goes into an array or object: where its first value begins, or behind it when it is empty. */
static inline const char *skip_open(struct check *check, const char *p, bool *empty)
{
    bool object = *p == '{';

    if (!open_one(check, object))
        return NULL;
    p = tg_json_skip_space(p + 1);
    *empty = *p == (object ? '}' : ']');
    if (!*empty)
        return object ? skip_key(check, p) : p;
    close_one(check);
    return p + 1;
}

bool tg_json_is_valid(struct tg_text text)
{
    struct check check = {.end = text.base + text.len};
    const char *p = text.base;

    do {
        bool done = true;
        p = tg_json_skip_space(p);
        if (*p == '{' || *p == '[')
            p = skip_open(&check, p, &done);
        else
            p = skip_scalar(&check, p);
        if (p != NULL && done)
            p = skip_after(&check, p);
        if (p == NULL)
            return false;
    } while (p != check.end || check.depth != 0);
    return check.high == 0 || tg_utf8_check(text) == text.len;
}
