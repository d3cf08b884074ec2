#include "codec/json_quick.h"

#include "codec/block.h"
#include "codec/json_escape.h"
#include "codec/json_skip.h"
#include "codec/utf8.h"

#define LINKS 32
#define LONGEST_LINK ((size_t)2 * TG_BLOCK)

/* A bit for each byte of a block, and above these what a link asks of the place where it stands. */
enum {
    ALL_BYTES = (1U << TG_BLOCK) - 1,
    IN_OBJECT = 1U << TG_BLOCK,
    IN_LIST = 2U << TG_BLOCK, /* in an object that is an element of an array */
    FITS = ALL_BYTES | IN_OBJECT | IN_LIST,
    IS_LONG = 4U << TG_BLOCK, /* more than a block */
};

/* What stands between two values of an object, `,"b":`, or between the last one of an object and
 * the first one of the next in an array, `},{"a":`. Where the like is open the same text fits
 * again and need not be looked at: objects in arrays repeat their keys. */
struct link {
    struct tg_block bytes;
    struct tg_block tail; /* the last bytes of a long one */
    unsigned rest;        /* bits of bytes that are not of it, and of what it does not ask */
    unsigned len;
    struct link *next; /* the one that followed it, or may */
};

/* An array or object that is open. */
struct level {
    struct link *first; /* of an object: the one to be expected behind its first value */
    unsigned fits;      /* IN_OBJECT, IN_LIST; 0 when no links are looked for in it */
    char closer;        /* NUL outside of all */
};

/* Each step takes where the text goes on and gives where it goes on behind what it has read; NULL
 * when that is no JSON. The NUL behind the text fits nowhere, so it ends every loop by itself.
 * Nothing takes the address of a check that is not inlined, so that its members are registers. */
struct check {
    const char *end;
    const char *wide;      /* before it, a block and the byte behind it can be read */
    struct tg_block bytes; /* of all blocks that strings began in, or-ed */
    unsigned high;         /* not 0 when another byte of a string is not ASCII */
    unsigned rest;         /* of the link that begins at `from` */
    const char *from;    /* where a link begins that ends with the next key; NULL when none does */
    struct level *level; /* the innermost one */
    struct level *last;
    struct link *links;
    struct link *link; /* the one to be expected */
    struct link *used; /* none behind it is set */
    bool linked;       /* links are looked for and kept in what is opened from now on */
};

/* A place in a string and what was there before it. */
struct spot {
    const char *p;
    unsigned high;
};

/* The many of a pretty-printed text. */
static __attribute__((noinline)) const char *skip_spaces(const char *p, const char *wide)
{
    for (; p < wide; p += TG_BLOCK) {
        struct tg_block block = tg_block_load(p);
        unsigned spaces = tg_block_mask(
            tg_block_or(tg_block_either(block, ' ', '\n'), tg_block_either(block, '\r', '\t')));
        if (spaces != ALL_BYTES)
            return p + tg_block_first(~spaces);
    }
    return tg_json_skip_space(p);
}

/* Mostly there is none. */
static inline const char *skip_space(const struct check *check, const char *p)
{
    return (unsigned char)*p > ' ' ? p : skip_spaces(p, check->wide);
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

/* The closing quote of a string that has whatever in it, from p on. */
static struct spot skip_slowly(const char *p, const char *end)
{
    unsigned high = 0;
    uint32_t code;

    for (;;) {
        struct spot spot = skip_plain(p, end);
        high |= spot.high;
        p = spot.p;
        if (*p == '"')
            return (struct spot){p, high};
        if (*p != '\\' || (p = tg_json_read_escape(p, end, &code)) == NULL)
            return (struct spot){NULL, high};
    }
}

/* p is behind the opening quote, and what it gives is the closing one. Most end within a block. */
static inline const char *skip_string(struct check *check, const char *p)
{
    if (p < check->wide) {
        struct tg_block block = tg_block_load(p);
        unsigned odd = tg_block_mask(tg_block_quoted(block));
        check->bytes = tg_block_or(check->bytes, block);
        p += tg_block_first(odd | 1U << TG_BLOCK);
        if (*p == '"')
            return p;
    }
    struct spot spot = skip_slowly(p, check->end);
    check->high |= spot.high;
    return spot.p;
}

/* The link behind the last one that was used; the oldest when there is none. */
static inline struct link *use_link(struct check *check)
{
    if (check->used == check->links + LINKS - 1)
        return check->links;
    *++check->used = (struct link){.next = check->links};
    return check->used;
}

/* The text from `from` up to p takes the place of the link that was expected. */
static inline void keep_link(struct check *check, const char *p)
{
    struct link *link = check->link;
    size_t len = (size_t)(p - check->from);

    check->link = check->rest == 0      ? check->level->first
                  : link == check->used ? use_link(check)
                                        : link + 1;
    if (check->from >= check->wide || len > LONGEST_LINK)
        return;
    link->bytes = tg_block_load(check->from);
    if (len > TG_BLOCK)
        link->tail = tg_block_load(p - TG_BLOCK);
    link->rest = check->rest | (len > TG_BLOCK ? IS_LONG : ALL_BYTES & ~0U << len);
    link->len = (unsigned)len;
    link->next = check->link;
}

/* Whether the last block of a long link is at p too, as its first one is. */
static bool has_tail(const struct link *link, const char *p, const char *wide)
{
    size_t at = link->len - TG_BLOCK;

    return (size_t)(wide - p) > at && tg_block_same(tg_block_load(p + at), link->tail) == ALL_BYTES;
}

/* Steps over a link when it is at *p. */
static inline bool skip_link(struct check *check, const struct link *link, const char **p)
{
    if (*p >= check->wide)
        return false;
    unsigned fits = tg_block_same(tg_block_load(*p), link->bytes) | link->rest | check->level->fits;
    if (fits != FITS && (fits != (FITS | IS_LONG) || !has_tail(link, *p, check->wide)))
        return false;
    *p += link->len;
    check->link = link->next;
    check->from = NULL;
    return true;
}

/* The link that is expected, or the one behind it: objects may lack a key. */
static inline bool skip_next(struct check *check, const char **p)
{
    return skip_link(check, check->link, p) || skip_link(check, check->link->next, p);
}

/* A key, its colon, and the space around them. */
static inline const char *skip_key(struct check *check, const char *p)
{
    if (*p != '"' && *(p = skip_space(check, p)) != '"')
        return NULL;
    if ((p = skip_string(check, p + 1)) == NULL)
        return NULL;
    if (*++p != ':' && *(p = skip_space(check, p)) != ':')
        return NULL;
    p = skip_space(check, p + 1);
    if (check->from != NULL && check->level->fits != 0)
        keep_link(check, p);
    check->from = NULL;
    return p;
}

static inline bool is_open(char c)
{
    return c == '{' || c == '[';
}

/* Goes into an array or object. From the second object of an array on, links are kept. */
static inline const char *skip_open(struct check *check, const char *p)
{
    struct level *level = check->level + 1;

    if (check->level == check->last)
        return NULL;
    if (*p == '[' || check->from == NULL) {
        check->from = NULL;
        level->first = check->link;
    } else {
        check->linked = true;
    }
    level->closer = (char)(*p + 2); /* as ASCII has them */
    level->fits = *p == '[' || !check->linked ? 0
                  : level[-1].closer == ']'   ? IN_OBJECT | IN_LIST
                                              : IN_OBJECT;
    check->level = level;
    return skip_space(check, p + 1);
}

/* Goes out of an array or object that ends at `from`. */
static inline void close_one(struct check *check, const char *from)
{
    check->from = check->level->closer == '}' ? from : NULL;
    check->rest = 0;
    check->level--;
}

/* What follows a value up to the next value or, in *key, the key before that; or to the end. */
static inline const char *skip_after(struct check *check, const char *p, bool *key)
{
    const char *from = p;

    check->from = NULL;
    while (*(p = skip_space(check, p)) != ',') {
        if (*p != check->level->closer)
            return NULL;
        close_one(check, from);
        from = ++p;
        if (check->level->closer == '\0' || skip_link(check, check->link, &p))
            return p;
    }
    *key = check->level->closer == '}';
    if (*key) {
        check->from = from;
        check->rest = IN_LIST;
    }
    return p + 1;
}

/* A value that has no others in it and is no string. Most numbers fit a block. */
static __attribute__((noinline)) const char *skip_bare(const char *p, const char *end,
                                                       const char *wide)
{
    const char *start = p + (*p == '-');

    if (*p <= '9' && start < wide) {
        unsigned others = ~tg_block_digits(tg_block_load(start));
        unsigned whole = tg_block_first(others), n = whole;
        if (start[n] == '.')
            n = tg_block_first(others & (others - 1));
        bool digits = whole != 0 && (*start != '0' || whole == 1) && n != whole + 1;
        if (digits && n < TG_BLOCK && (start[n] | 0x20) != 'e')
            return start + n;
    }
    return tg_json_skip_bare(p, end);
}

/* Whether a number may go on so behind the digits of a block. */
static inline bool is_more(char c)
{
    return c == '.' || (c | 0x20) == 'e' || tg_json_is_digit(c);
}

static inline bool is_leading(char c)
{
    return (unsigned char)(c - '1') < 9;
}

/* What was read of a value. */
struct part {
    bool open;          /* only how it begins, others being in it, or the space before it */
    bool key;           /* a key comes next */
    const char *digits; /* where the digits begin of what may not be all of a number; else NULL */
};

/* The beginning of an array or object, or all of it when it is empty. */
static inline const char *skip_opening(struct check *check, const char *p, struct part *part)
{
    if ((p = skip_open(check, p)) == NULL)
        return NULL;
    part->open = *p != check->level->closer;
    part->key = part->open && check->level->closer == '}';
    return p;
}

static inline const char *skip_value(struct check *check, const char *p, struct part *part)
{
    if (*p == '"')
        return (p = skip_string(check, p + 1)) != NULL ? p + 1 : NULL;
    if (is_leading(*p) && p < check->wide) {
        part->digits = p;
        return p + tg_block_first(~tg_block_digits(tg_block_load(p)));
    }
    if (is_open(*p))
        return skip_opening(check, p, part);
    if ((unsigned char)*p > ' ')
        return skip_bare(p, check->end, check->wide);
    part->open = true;
    const char *behind = skip_space(check, p);
    return behind != p ? behind : NULL;
}

/* What follows a value when it is neither a link that is known nor just a comma. */
static inline const char *skip_on(struct check *check, const char *p, struct part *part)
{
    if (part->digits != NULL && is_more(*p) &&
        (p = skip_bare(part->digits, check->end, check->wide)) == NULL)
        return NULL;
    return skip_after(check, p, &part->key);
}

/* All that is in an array or object, and its end. */
static inline const char *skip_nest(struct check *check, const char *p)
{
    for (;;) {
        struct part part = {0};
        if ((p = skip_value(check, p, &part)) == NULL)
            return NULL;
        if (part.open) {
            if (!part.key)
                continue;
        } else if (check->level->fits == 0 && *p == ',') {
            p++;
            check->from = NULL;
            if (check->level->closer == ']')
                continue;
        } else {
            if (check->level->fits != 0 && skip_next(check, &p))
                continue;
            p = skip_on(check, p, &part);
            if (p == NULL || check->level->closer == '\0')
                return p;
            if (!part.key)
                continue;
        }
        if ((p = skip_key(check, p)) == NULL)
            return NULL;
    }
}

/* What stands in no array or object. */
static bool is_lone(struct tg_text text, const char *p)
{
    const char *end = text.base + text.len;

    if (*p != '"') {
        p = skip_bare(p, end, p);
        return p != NULL && tg_json_skip_space(p) == end;
    }
    struct spot spot = skip_slowly(p + 1, end);
    if (spot.p == NULL || tg_json_skip_space(spot.p + 1) != end)
        return false;
    return spot.high == 0 || tg_utf8_check(text) == text.len;
}

bool tg_json_is_valid(struct tg_text text)
{
    const char *p = tg_json_skip_space(text.base), *end = text.base + text.len;

    if (!is_open(*p))
        return is_lone(text, p);
    struct level levels[TG_JSON_QUICK_DEPTH + 1];
    struct link links[LINKS];
    struct check check = {.end = end,
                          .wide = tg_block_reads(end)  ? end
                                  : end - p < TG_BLOCK ? p
                                                       : end - TG_BLOCK + 1,
                          .bytes = tg_block_all(0),
                          .level = levels,
                          .last = levels + TG_JSON_QUICK_DEPTH,
                          .link = links,
                          .used = links,
                          .links = links};
    levels[0] = (struct level){0};
    links[0] = (struct link){.next = links};
    p = skip_nest(&check, p);
    if (p == NULL || (p != end && skip_space(&check, p) != end))
        return false;
    return (check.high | tg_block_high(check.bytes)) == 0 || tg_utf8_check(text) == text.len;
}
