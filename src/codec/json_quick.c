#include "codec/json_quick.h"

#include "codec/block.h"
#include "codec/json_skip.h"
#include "codec/utf8.h"

/* Each step takes where the text goes on and gives where it goes on behind what it has read; NULL
 * when that is no JSON. The NUL behind the text fits nowhere, so it ends every loop by itself. */
struct check {
    const char *end;
    unsigned high; /* not 0 when a string has a byte that is not ASCII */
    size_t depth;
    bool object;                                /* whether the innermost open one is an object */
    uint64_t objects[TG_JSON_QUICK_DEPTH / 64]; /* the same for those around it, a bit for each */
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
static const char *skip_unicode(const struct check *check, const char *p)
{
    int code = check->end - p >= 6 ? hex4(p + 2) : -1;

    if (code < 0 || (code >= 0xdc00 && code <= 0xdfff))
        return NULL;
    if (code < 0xd800 || code > 0xdbff)
        return p + 6;
    if (check->end - p < 12 || p[6] != '\\' || p[7] != 'u')
        return NULL;
    code = hex4(p + 8);
    return code >= 0xdc00 && code <= 0xdfff ? p + 12 : NULL;
}

static const char *skip_escape(const struct check *check, const char *p)
{
    if (check->end - p < 2)
        return NULL;
    if (p[1] == 'u')
        return skip_unicode(check, p);
    return p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) != NULL ? p + 2 : NULL;
}

/* The long way to the next byte that is a quote, a backslash or a control character. */
static const char *skip_blocks(struct check *check, const char *p)
{
    while (check->end - p >= TG_BLOCK) {
        struct tg_block block = tg_block_load(p);
        unsigned odd =
            tg_block_is(block, '"') | tg_block_is(block, '\\') | tg_block_upto(block, 0x1f);
        check->high |= tg_block_high(block);
        if (odd != 0)
            return p + tg_block_first(odd);
        p += TG_BLOCK;
    }
    for (; *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20; p++)
        check->high |= *p & 0x80;
    return p;
}

/* ASCII that stands for itself in a string: from 0x20 on, a bit for each, eight words of 32. */
static inline bool is_plain(char c)
{
    static const uint32_t plain[8] = {0, 0xfffffffb, 0xefffffff, 0xffffffff};
    unsigned char byte = (unsigned char)c;

    return (plain[byte >> 5] >> (byte & 31) & 1) != 0;
}

/* Most keys are short: a few bytes one by one, then blocks. */
static inline const char *skip_plain(struct check *check, const char *p)
{
    const char *enough = p + 8;

    while (is_plain(*p))
        if (++p == enough)
            return skip_blocks(check, p);
    return *p & 0x80 ? skip_blocks(check, p) : p;
}

/* p is behind the opening quote. */
static inline const char *skip_string(struct check *check, const char *p)
{
    for (;;) {
        p = skip_plain(check, p);
        if (*p == '"')
            return p + 1;
        if (*p != '\\' || (p = skip_escape(check, p)) == NULL)
            return NULL;
    }
}

static inline bool open_one(struct check *check, bool object)
{
    size_t at = check->depth++;
    uint64_t bit = (uint64_t)1 << (at & 63);

    if (at == TG_JSON_QUICK_DEPTH)
        return false;
    if (check->object)
        check->objects[at >> 6] |= bit;
    else
        check->objects[at >> 6] &= ~bit;
    check->object = object;
    return true;
}

static inline void close_one(struct check *check)
{
    size_t at = --check->depth;

    check->object = (check->objects[at >> 6] >> (at & 63) & 1) != 0;
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
    if (*p == '"')
        return skip_string(check, p + 1);
    return tg_json_skip_bare(p, check->end);
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
            return check->object ? skip_key(check, p + 1) : p + 1;
        if (*p != (check->object ? '}' : ']'))
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
