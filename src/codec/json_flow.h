/* From the text of JSON to that of XML, read and written at once: strings and other scalars. What
 * gives up here has no effect but on what lies behind the output's end. */
#ifndef TG_CODEC_JSON_FLOW_H
#define TG_CODEC_JSON_FLOW_H

#include "base/buffer.h"
#include "base/text.h"
#include "codec/block.h"

/* The output has always room for so much: a start tag, an end tag and a block of text. */
#define TG_JSON_SLACK ((size_t)256)

struct tg_json_flow {
    struct tg_buffer *out;
    size_t base;     /* where our part of the output begins */
    size_t most;     /* bytes that it may have */
    char *enough;    /* from here on the output has less than its slack */
    const char *end; /* of the input, whose last byte is a bracket */
};

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

/* Cuts off the blanks around the input, which must be an object or array of XML's characters; then
 * there is room for an output of the usual size, and *start is where it begins. False: it is
 * something else, or a limit is in the way. */
bool tg_json_flow_begin(struct tg_json_flow *flow, struct tg_text *json, char **start);

/* Room for n bytes and the slack behind them; NULL: a limit is in the way. */
char *tg_json_flow_room(struct tg_json_flow *flow, char *out, size_t n);
/* A text that is too long for blocks. */
char *tg_json_flow_long(struct tg_json_flow *flow, char *out, struct tg_text text);
/* The escape or the byte at `in` that can't be copied. */
struct tg_json_spot tg_json_flow_odd(const struct tg_json_flow *flow, struct tg_json_spot s,
                                     bool attribute);
/* The rest of a string near the end of the input. */
struct tg_json_spot tg_json_flow_tail(struct tg_json_flow *flow, struct tg_json_spot s,
                                      bool attribute);
/* Numbers and words stay as they are. */
struct tg_json_spot tg_json_flow_bare(struct tg_json_flow *flow, struct tg_json_spot s);

static inline char *tg_json_make_room(struct tg_json_flow *flow, char *out)
{
    return out < flow->enough ? out : tg_json_flow_room(flow, out, 0);
}

/* A text behind which two blocks can be read. */
static inline char *tg_json_put_text(struct tg_json_flow *flow, char *out, struct tg_text text)
{
    if (text.len > TG_BLOCKS_COPIED)
        return tg_json_flow_long(flow, out, text);
    tg_block_copy(out, text.base, text.len);
    return out + text.len;
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
    struct tg_block tags = tg_block_equals(tg_block_with(block, 2), '>');
    struct tg_block quotes = tg_block_equals(tg_block_with(block, 4), '&');
    struct tg_block rest = tg_block_or(tg_block_most(block, 0x1f), tg_block_equals(block, '\\'));

    return tg_block_mask(tg_block_or(tg_block_or(tags, quotes), rest));
}

/* The string behind whose quote `in` is. */
static inline struct tg_json_spot tg_json_put_string(struct tg_json_flow *flow,
                                                     struct tg_json_spot s, bool attribute)
{
    while (flow->end - s.in >= TG_BLOCK) {
        struct tg_block block = tg_block_load(s.in);
        unsigned stops = tg_json_text_stops(block);
        tg_block_store(s.out, block);
        unsigned plain = stops != 0 ? tg_block_first(stops) : TG_BLOCK;
        s = tg_json_at(s.in + plain, s.out + plain);
        if (stops != 0) {
            if (*s.in == '"')
                return tg_json_at(s.in + 1, s.out);
            s = tg_json_flow_odd(flow, s, attribute);
            if (s.in == NULL)
                return tg_json_given_up;
        }
        s.out = tg_json_make_room(flow, s.out);
        if (s.out == NULL)
            return tg_json_given_up;
    }
    return tg_json_flow_tail(flow, s, attribute);
}

static inline struct tg_json_spot tg_json_put_scalar(struct tg_json_flow *flow,
                                                     struct tg_json_spot s, bool attribute)
{
    return *s.in == '"' ? tg_json_put_string(flow, tg_json_at(s.in + 1, s.out), attribute)
                        : tg_json_flow_bare(flow, s);
}

#endif
