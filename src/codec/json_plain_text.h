/* How json_plain.h reads and writes at once: names, text, plain values. Only its files include
 * this. */
#ifndef TG_CODEC_JSON_PLAIN_TEXT_H
#define TG_CODEC_JSON_PLAIN_TEXT_H

#include "codec/block.h"
#include "codec/json_plain_parts.h"

/* The output has always room for so much: a start tag, an end tag and a block of text. */
#define TG_JSON_SLACK ((size_t)256)

/* Where reading and writing go on. Each step takes one and gives the next; without `in` it gave
 * up. The last byte of the input is a bracket, so that most loops need no other bound. */
struct tg_json_spot {
    const char *in;
    char *out;
};

static const struct tg_json_spot tg_json_given_up = {NULL, NULL};

static inline struct tg_json_spot tg_json_at(const char *in, char *out)
{
    return (struct tg_json_spot){in, out};
}

/* Room for n bytes and the slack behind them; NULL: a limit is in the way. */
char *tg_json_plain_room(struct tg_json_plain *q, char *out, size_t n);
/* A name that is too long for blocks. */
char *tg_json_plain_name(struct tg_json_plain *q, char *out, struct tg_text name);
/* The escape or the byte at `in` that can't be copied. */
struct tg_json_spot tg_json_plain_odd(const struct tg_json_plain *q, struct tg_json_spot s,
                                      bool attribute);
/* The rest of a string near the end of the input. */
struct tg_json_spot tg_json_plain_tail(struct tg_json_plain *q, struct tg_json_spot s,
                                       bool attribute);
/* Numbers and words stay as they are. */
struct tg_json_spot tg_json_plain_bare(struct tg_json_plain *q, struct tg_json_spot s);

static inline char *tg_json_make_room(struct tg_json_plain *q, char *out)
{
    return out < q->enough ? out : tg_json_plain_room(q, out, 0);
}

static inline char *tg_json_put_name(struct tg_json_plain *q, char *out,
                                     const struct tg_xml_name *name)
{
    if (name->len > TG_BLOCKS_COPIED)
        return tg_json_plain_name(q, out, tg_xml_name_text(name));
    tg_block_copy(out, tg_xml_name_text(name).base, name->len);
    return out + name->len;
}

/* Bytes of a known number. */
static inline char *tg_json_put(char *out, const char *bytes, size_t n)
{
    memcpy(out, bytes, n);
    return out + n;
}

static inline unsigned tg_json_text_stops(struct tg_block block)
{
    /* '"' and '&', and '<' and '>', differ in one bit. */
    return tg_block_upto(block, 0x1f) | tg_block_is(block, '\\') |
           tg_block_is(tg_block_with(block, 4), '&') | tg_block_is(tg_block_with(block, 2), '>');
}

/* The string behind whose quote `in` is. */
static inline struct tg_json_spot tg_json_put_string(struct tg_json_plain *q, struct tg_json_spot s,
                                                     bool attribute)
{
    while (q->end - s.in >= TG_BLOCK) {
        struct tg_block block = tg_block_load(s.in);
        unsigned stops = tg_json_text_stops(block);
        tg_block_store(s.out, block);
        unsigned plain = stops != 0 ? tg_block_first(stops) : TG_BLOCK;
        s = tg_json_at(s.in + plain, s.out + plain);
        if (stops != 0) {
            if (*s.in == '"')
                return tg_json_at(s.in + 1, s.out);
            s = tg_json_plain_odd(q, s, attribute);
            if (s.in == NULL)
                return tg_json_given_up;
        }
        s.out = tg_json_make_room(q, s.out);
        if (s.out == NULL)
            return tg_json_given_up;
    }
    return tg_json_plain_tail(q, s, attribute);
}

static inline struct tg_json_spot tg_json_put_scalar(struct tg_json_plain *q, struct tg_json_spot s,
                                                     bool attribute)
{
    return *s.in == '"' ? tg_json_put_string(q, tg_json_at(s.in + 1, s.out), attribute)
                        : tg_json_plain_bare(q, s);
}

/* NULL: a limit is in the way. */
static inline char *tg_json_put_end_tag(struct tg_json_plain *q, char *out,
                                        const struct tg_xml_name *name)
{
    out = tg_json_put_name(q, tg_json_put(out, "</", 2), name);
    if (out != NULL)
        *out++ = '>';
    return out;
}

/* json_plain.c: the array or object at `in` as the elements of a document. */
struct tg_json_spot tg_json_plain_convert(struct tg_json_plain *q, struct tg_json_spot s);

#endif
