/* Appends JSON: strings with their escapes, numbers in the shortest form. */
#ifndef TG_CODEC_JSON_WRITE_H
#define TG_CODEC_JSON_WRITE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"
#include "codec/block.h"

/* The room that tg_json_escape wants for n bytes. */
#define TG_JSON_ROOM(n) ((n)*6 + TG_BLOCK)

/* Writes the escape of one byte that needs one; returns the end. */
char *tg_json_escape_byte(char *out, unsigned char c);

static inline bool tg_json_is_odd(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* A bit for each byte that needs an escape. */
static inline unsigned tg_json_odd(struct tg_block block)
{
    return tg_block_mask(tg_block_quoted(block));
}

static inline char *tg_json_escape_bytes(char *out, const char *p, size_t n, uint64_t *high)
{
    for (; n > 0; n--, p++) {
        unsigned char c = (unsigned char)*p;
        *high |= c & 0x80;
        if (tg_json_is_odd(c))
            out = tg_json_escape_byte(out, c);
        else
            *out++ = *p;
    }
    return out;
}

/* Less than a block: by two words that overlap, or by bytes that are the same ones. */
static inline char *tg_json_escape_tail(char *out, const char *p, size_t n, uint64_t *high)
{
    if (n >= 8) {
        uint64_t head, tail;
        memcpy(&head, p, 8);
        memcpy(&tail, p + n - 8, 8);
        if (tg_json_odd(tg_block_pair(head, tail)) == 0) {
            memcpy(out, &head, 8);
            memcpy(out + n - 8, &tail, 8);
            *high |= (head | tail) & 0x8080808080808080;
            return out + n;
        }
    } else if (n >= 4) {
        uint32_t head, tail;
        memcpy(&head, p, 4);
        memcpy(&tail, p + n - 4, 4);
        uint64_t both = (uint64_t)head << 32 | tail;
        if (tg_json_odd(tg_block_pair(both, both)) == 0) {
            memcpy(out, &head, 4);
            memcpy(out + n - 4, &tail, 4);
            *high |= both & 0x8080808080808080;
            return out + n;
        }
    }
    return tg_json_escape_bytes(out, p, n, high);
}

/* Writes text as the inside of a string; the room at `out` is TG_JSON_ROOM(n). Returns the end.
 * *high is no longer zero when there is a byte that is not ASCII. */
static inline char *tg_json_escape(char *out, const char *p, size_t n, uint64_t *high)
{
    while (n >= TG_BLOCK) {
        struct tg_block block = tg_block_load(p);
        unsigned odd = tg_json_odd(block);
        tg_block_store(out, block);
        *high |= tg_block_high(block);
        size_t plain = odd != 0 ? tg_block_first(odd) : TG_BLOCK;
        out += plain;
        p += plain;
        n -= plain;
        if (odd != 0) {
            out = tg_json_escape_byte(out, (unsigned char)*p++);
            n--;
        }
    }
    return tg_json_escape_tail(out, p, n, high);
}

/* The text as a string, with its quotes. False when the buffer's limit is in the way (the room is
 * asked for as if every byte had an escape); then a part may have been written. The text is not
 * checked: it should be UTF-8. */
bool tg_json_write_long_string(struct tg_buffer *out, struct tg_text text, uint64_t *high);

static inline bool tg_json_write_string(struct tg_buffer *out, struct tg_text text, uint64_t *high)
{
    char *room = text.len < 256 ? tg_buffer_reserve(out, TG_JSON_ROOM(text.len) + 2) : NULL;

    if (room == NULL)
        return tg_json_write_long_string(out, text, high);
    *room = '"';
    char *end = tg_json_escape(room + 1, text.base, text.len, high);
    *end++ = '"';
    out->len += (size_t)(end - room);
    return true;
}

/* A bit for each byte that needs an escape, or is not ASCII. */
static inline unsigned tg_json_not_simple(struct tg_block block)
{
    return tg_block_mask(tg_block_or(block, tg_block_quoted(block)));
}

/* Writes text of up to two blocks that is all of ASCII and needs no escapes, as most is, where two
 * blocks have room: without a branch by its length. False: it is none. */
static inline bool tg_json_put_short(char *out, struct tg_text text)
{
    const char *p = text.base;
    size_t n = text.len;

    if (n > TG_BLOCKS_COPIED)
        return false;
    if (n < TG_BLOCK) {
        if (p == NULL || !tg_block_reads(p))
            return false;
        struct tg_block block = tg_block_load(p);
        if ((tg_json_not_simple(block) & ((1U << n) - 1)) != 0)
            return false;
        tg_block_store(out, block);
    } else {
        struct tg_block head = tg_block_load(p), tail = tg_block_load(p + n - TG_BLOCK);
        if ((tg_json_not_simple(head) | tg_json_not_simple(tail)) != 0)
            return false;
        tg_block_store(out, head);
        tg_block_store(out + n - TG_BLOCK, tail);
    }
    return true;
}

/* The room for a text like that as a string, or as a key. */
#define TG_JSON_SHORT_ROOM (TG_BLOCKS_COPIED + 4)

/* The same with its quotes; gives the end. NULL: it is none. */
static inline char *tg_json_put_string(char *out, struct tg_text text)
{
    if (!tg_json_put_short(out + 1, text))
        return NULL;
    out[0] = out[text.len + 1] = '"';
    return out + text.len + 2;
}

/* The same as a key: with a comma before it, and a colon behind it. */
static inline char *tg_json_put_key(char *out, struct tg_text key)
{
    if (!tg_json_put_short(out + 2, key))
        return NULL;
    out[0] = ',';
    out[1] = out[2 + key.len] = '"';
    out[3 + key.len] = ':';
    return out + key.len + 4;
}

/* The same at the end of a buffer. False: it is none, or there is no room. */
static inline bool tg_json_write_short(struct tg_buffer *out, struct tg_text text)
{
    char *room = tg_buffer_reserve(out, TG_JSON_SHORT_ROOM);
    char *end = room != NULL ? tg_json_put_string(room, text) : NULL;

    if (end == NULL)
        return false;
    out->len += (size_t)(end - room);
    return true;
}

static inline bool tg_json_write_short_key(struct tg_buffer *out, struct tg_text key)
{
    char *room = tg_buffer_reserve(out, TG_JSON_SHORT_ROOM);
    char *end = room != NULL ? tg_json_put_key(room, key) : NULL;

    if (end == NULL)
        return false;
    out->len += (size_t)(end - room);
    return true;
}

/* The same as a call, for text that is known to be UTF-8. */
bool tg_json_write_text(struct tg_buffer *out, struct tg_text text);

#define TG_JSON_NUMBER_ROOM 40 /* room for the text of any double */

/* 2^53: up to it every whole number is a double. */
#define TG_JSON_WHOLE 9007199254740992.0

/* "00" to "99". */
extern const char tg_json_pairs[];

/* A number below 10 000, with its zeros in front and without. */
static inline char *tg_json_put_four(char *out, uint32_t n)
{
    memcpy(out, tg_json_pairs + (size_t)(n / 100) * 2, 2);
    memcpy(out + 2, tg_json_pairs + (size_t)(n % 100) * 2, 2);
    return out + 4;
}

static inline char *tg_json_put_few(char *out, uint32_t n)
{
    if (n < 10) {
        *out = (char)('0' + n);
        return out + 1;
    }
    if (n >= 1000)
        return tg_json_put_four(out, n);
    if (n >= 100) {
        *out++ = (char)('0' + n / 100);
        n %= 100;
    }
    memcpy(out, tg_json_pairs + (size_t)n * 2, 2);
    return out + 2;
}

/* A number below 10^8, without zeros in front. */
static inline char *tg_json_put_eight(char *out, uint32_t n)
{
    return n < 10000 ? tg_json_put_few(out, n)
                     : tg_json_put_four(tg_json_put_few(out, n / 10000), n % 10000);
}

/* A number up to 2^53; returns the end. */
static inline char *tg_json_put_whole(char *out, uint64_t n)
{
    const uint64_t most = 100000000;

    if (n < most)
        return tg_json_put_eight(out, (uint32_t)n);
    uint32_t tail = (uint32_t)(n % most);
    out = tg_json_put_eight(out, (uint32_t)(n / most));
    return tg_json_put_four(tg_json_put_four(out, tail / 10000), tail % 10000);
}

/* Writes the shortest decimal that reads back as the same double, and returns its length; the
 * number is finite. */
size_t tg_json_format_number(char text[TG_JSON_NUMBER_ROOM], double number);

bool tg_json_write_number(struct tg_buffer *out, double number);

/* Writes a whole number, as most are, where TG_JSON_NUMBER_ROOM is; gives the end. NULL: it is none
 * (-0 is not, for its sign). */
static inline char *tg_json_put_number(char *out, double number)
{
    if (!(number > -TG_JSON_WHOLE && number < TG_JSON_WHOLE))
        return NULL;
    int64_t whole = (int64_t)number;
    if ((double)whole != number || (whole == 0 && signbit(number)))
        return NULL;
    *out = '-';
    return tg_json_put_whole(out + (whole < 0), (uint64_t)(whole < 0 ? -whole : whole));
}

/* The same at the end of a buffer. False: it is none, or there is no room. */
static inline bool tg_json_write_whole(struct tg_buffer *out, double number)
{
    char *room = tg_buffer_reserve(out, TG_JSON_NUMBER_ROOM);
    char *end = room != NULL ? tg_json_put_number(room, number) : NULL;

    if (end == NULL)
        return false;
    out->len += (size_t)(end - room);
    return true;
}

#endif
