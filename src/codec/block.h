/* Sixteen bytes at once: masks with one bit a byte, by SSE2 where the compiler has it. */
#ifndef TG_CODEC_BLOCK_H
#define TG_CODEC_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TG_BLOCK 16

#ifdef __SSE2__
#include <emmintrin.h>

struct tg_block {
    __m128i bytes;
};

static inline struct tg_block tg_block_load(const char *p)
{
    return (struct tg_block){_mm_loadu_si128((const __m128i *)(const void *)p)};
}

/* The bytes of two words, the first one's first. */
static inline struct tg_block tg_block_pair(uint64_t first, uint64_t second)
{
    return (struct tg_block){_mm_set_epi64x((long long)second, (long long)first)};
}

static inline void tg_block_store(char *p, struct tg_block block)
{
    _mm_storeu_si128((__m128i *)(void *)p, block.bytes);
}

/* Every byte with these bits set. */
static inline struct tg_block tg_block_with(struct tg_block block, char bits)
{
    return (struct tg_block){_mm_or_si128(block.bytes, _mm_set1_epi8(bits))};
}

static inline struct tg_block tg_block_or(struct tg_block a, struct tg_block b)
{
    return (struct tg_block){_mm_or_si128(a.bytes, b.bytes)};
}

/* Every byte less this, modulo 256. */
static inline struct tg_block tg_block_minus(struct tg_block block, char c)
{
    return (struct tg_block){_mm_sub_epi8(block.bytes, _mm_set1_epi8(c))};
}

/* Questions to every byte are answered by 0xff for yes and 0 for no. */
static inline struct tg_block tg_block_equal(struct tg_block a, struct tg_block b)
{
    return (struct tg_block){_mm_cmpeq_epi8(a.bytes, b.bytes)};
}

static inline struct tg_block tg_block_all(char c)
{
    return (struct tg_block){_mm_set1_epi8(c)};
}

/* Whether it is at most c, without sign. */
static inline struct tg_block tg_block_most(struct tg_block block, char c)
{
    return tg_block_equal((struct tg_block){_mm_min_epu8(block.bytes, _mm_set1_epi8(c))}, block);
}

/* The highest bits of the bytes. */
static inline unsigned tg_block_mask(struct tg_block block)
{
    return (unsigned)_mm_movemask_epi8(block.bytes);
}

#else

struct tg_block {
    unsigned char bytes[TG_BLOCK];
};

static inline struct tg_block tg_block_load(const char *p)
{
    struct tg_block block;
    memcpy(block.bytes, p, TG_BLOCK);
    return block;
}

static inline struct tg_block tg_block_pair(uint64_t first, uint64_t second)
{
    struct tg_block block;
    memcpy(block.bytes, &first, sizeof(first));
    memcpy(block.bytes + sizeof(first), &second, sizeof(second));
    return block;
}

static inline void tg_block_store(char *p, struct tg_block block)
{
    memcpy(p, block.bytes, TG_BLOCK);
}

static inline struct tg_block tg_block_with(struct tg_block block, char bits)
{
    for (unsigned i = 0; i < TG_BLOCK; i++)
        block.bytes[i] |= (unsigned char)bits;
    return block;
}

static inline struct tg_block tg_block_or(struct tg_block a, struct tg_block b)
{
    for (unsigned i = 0; i < TG_BLOCK; i++)
        a.bytes[i] |= b.bytes[i];
    return a;
}

static inline struct tg_block tg_block_minus(struct tg_block block, char c)
{
    for (unsigned i = 0; i < TG_BLOCK; i++)
        block.bytes[i] = (unsigned char)(block.bytes[i] - (unsigned char)c);
    return block;
}

static inline struct tg_block tg_block_equal(struct tg_block a, struct tg_block b)
{
    for (unsigned i = 0; i < TG_BLOCK; i++)
        a.bytes[i] = a.bytes[i] == b.bytes[i] ? 0xff : 0;
    return a;
}

static inline struct tg_block tg_block_all(char c)
{
    struct tg_block block;
    memset(block.bytes, c, TG_BLOCK);
    return block;
}

static inline struct tg_block tg_block_most(struct tg_block block, char c)
{
    for (unsigned i = 0; i < TG_BLOCK; i++)
        block.bytes[i] = block.bytes[i] <= (unsigned char)c ? 0xff : 0;
    return block;
}

static inline unsigned tg_block_mask(struct tg_block block)
{
    unsigned mask = 0;
    for (unsigned i = 0; i < TG_BLOCK; i++)
        mask |= (unsigned)(block.bytes[i] >> 7) << i;
    return mask;
}

#endif

static inline struct tg_block tg_block_equals(struct tg_block block, char c)
{
    return tg_block_equal(block, tg_block_all(c));
}

static inline struct tg_block tg_block_either(struct tg_block block, char a, char b)
{
    return tg_block_or(tg_block_equals(block, a), tg_block_equals(block, b));
}

/* Those that are c. */
static inline unsigned tg_block_is(struct tg_block block, char c)
{
    return tg_block_mask(tg_block_equals(block, c));
}

/* Those that are the same in both. */
static inline unsigned tg_block_same(struct tg_block a, struct tg_block b)
{
    return tg_block_mask(tg_block_equal(a, b));
}

/* Those at most c, without sign. */
static inline unsigned tg_block_upto(struct tg_block block, char c)
{
    return tg_block_mask(tg_block_most(block, c));
}

/* Those of 0x80 and above. */
static inline unsigned tg_block_high(struct tg_block block)
{
    return tg_block_mask(block);
}

static inline unsigned tg_block_digits(struct tg_block block)
{
    return tg_block_upto(tg_block_minus(block, '0'), 9);
}

/* Whether it is a control character, a quote or a backslash: no string of JSON has them plain. */
static inline struct tg_block tg_block_quoted(struct tg_block block)
{
    return tg_block_or(tg_block_most(block, 0x1f), tg_block_either(block, '"', '\\'));
}

/* Whether all of a block can be read at p though only its first bytes are ours: what lies in the
 * same page as they do can be. A sanitizer would not have it. */
static inline bool tg_block_reads(const char *p)
{
#ifdef TG_SANITIZED
    (void)p;
    return false;
#else
    return ((uintptr_t)p & 4095) <= 4096 - TG_BLOCK;
#endif
}

/* The index of the lowest bit; the mask is not zero. */
static inline unsigned tg_block_first(unsigned mask)
{
    return (unsigned)__builtin_ctz(mask);
}

/* The bits below the lowest one of `stop`, or all when that is zero. */
static inline unsigned tg_block_before(unsigned stop)
{
    return stop != 0 ? (stop & (0 - stop)) - 1 : ~0U;
}

#define TG_BLOCKS_COPIED ((size_t)2 * TG_BLOCK)

/* Copies n bytes, as two whole blocks when they do: both sides have room for these. */
static inline void tg_block_copy(char *out, const char *from, size_t n)
{
    if (n <= TG_BLOCKS_COPIED) {
        tg_block_store(out, tg_block_load(from));
        tg_block_store(out + TG_BLOCK, tg_block_load(from + TG_BLOCK));
    } else {
        memcpy(out, from, n);
    }
}

#endif
