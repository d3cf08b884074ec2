#include "codec/utf8.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "codec/block.h"

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The second byte carries what forbids overlong forms, surrogates and what is past U+10FFFF. */
static bool second_fits(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf;
    case 0xed:
        return second >= 0x80 && second <= 0x9f;
    case 0xf0:
        return second >= 0x90 && second <= 0xbf;
    case 0xf4:
        return second >= 0x80 && second <= 0x8f;
    default:
        return (second & 0xc0) == 0x80;
    }
}

size_t tg_utf8_sequence(const char *p, size_t left)
{
    unsigned char first = (unsigned char)p[0];
    size_t n = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;

    if (n == 0 || n > left || !second_fits(first, (unsigned char)p[1]))
        return 0;
    if ((n > 2 && !is_tail(p[2])) || (n > 3 && !is_tail(p[3])))
        return 0;
    return n;
}

size_t tg_utf8_check(struct tg_text text)
{
    if (text.len == 0)
        return 0;
    const char *p = text.base, *end = text.base + text.len;
    while (p < end) {
        if (end - p >= TG_BLOCK) {
            unsigned high = tg_block_high(tg_block_load(p));
            if (high == 0) {
                p += TG_BLOCK;
                continue;
            }
            p += tg_block_first(high);
        } else if ((unsigned char)*p < 0x80) {
            p++;
            continue;
        }
        do {
            size_t n = tg_utf8_sequence(p, (size_t)(end - p));
            if (n == 0)
                return (size_t)(p - text.base);
            p += n;
        } while (p < end && (unsigned char)*p >= 0x80);
    }
    return text.len;
}

/* The length of the XML character at p; 0 when there is none. */
static size_t xml_character(const char *p, size_t left, bool *cr)
{
    unsigned char first = (unsigned char)*p;

    if (first < 0x80) {
        *cr |= first == '\r';
        return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
    }
    size_t n = tg_utf8_sequence(p, left);
    /* U+FFFE and U+FFFF. */
    if (n == 3 && first == 0xef && (unsigned char)p[1] == 0xbf && (unsigned char)p[2] >= 0xbe)
        return 0;
    return n;
}

/* Walks the rest where blocks do not reach. */
static size_t check_tail(struct tg_text text, size_t at, bool *cr)
{
    while (at < text.len) {
        size_t n = xml_character(text.base + at, text.len - at, cr);
        if (n == 0)
            return at;
        at += n;
    }
    return at;
}

/* What is neither printable ASCII nor a tab or a line feed. */
static unsigned odd(struct tg_block block)
{
    unsigned blank = tg_block_is(block, '\n') | tg_block_is(block, '\t');

    return tg_block_high(block) | (tg_block_upto(block, 0x1f) & ~blank);
}

static size_t check_blocks(struct tg_text text, bool *cr)
{
    size_t at = 0;

    while (text.len - at >= TG_BLOCK) {
        unsigned stops = odd(tg_block_load(text.base + at));
        if (stops == 0) {
            at += TG_BLOCK;
            continue;
        }
        at += tg_block_first(stops);
        do {
            size_t n = xml_character(text.base + at, text.len - at, cr);
            if (n == 0)
                return at;
            at += n;
        } while (at < text.len && (unsigned char)text.base[at] >= 0x80);
    }
    /* The last block may overlap what was checked. */
    if (text.len >= TG_BLOCK && odd(tg_block_load(text.base + text.len - TG_BLOCK)) == 0)
        return text.len;
    return check_tail(text, at, cr);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static unsigned odd_avx2(const char *p)
{
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i least = _mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f));
    __m256i blank = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\n')),
                                    _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\t')));
    __m256i control = _mm256_andnot_si256(blank, _mm256_cmpeq_epi8(least, bytes));

    return (unsigned)_mm256_movemask_epi8(_mm256_or_si256(control, bytes));
}

__attribute__((target("avx2"))) static size_t check_blocks_avx2(struct tg_text text, bool *cr)
{
    size_t at = 0;

    while (text.len - at >= 32) {
        unsigned stops = odd_avx2(text.base + at);
        if (stops == 0) {
            at += 32;
            continue;
        }
        at += tg_block_first(stops);
        do {
            size_t n = xml_character(text.base + at, text.len - at, cr);
            if (n == 0)
                return at;
            at += n;
        } while (at < text.len && (unsigned char)text.base[at] >= 0x80);
    }
    if (text.len >= 32 && odd_avx2(text.base + text.len - 32) == 0)
        return text.len;
    return check_tail(text, at, cr);
}
#endif

size_t tg_utf8_check_xml(struct tg_text text, bool *cr)
{
    *cr = false;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        return check_blocks_avx2(text, cr);
#endif
    return check_blocks(text, cr);
}

char *tg_utf8_write(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    } else {
        *out++ = (char)(0xf0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    }
    return out;
}

uint32_t tg_utf8_read(const char *p, size_t *n)
{
    const unsigned char *u = (const unsigned char *)p;

    if (u[0] < 0x80) {
        *n = 1;
        return u[0];
    }
    if (u[0] < 0xe0) {
        *n = 2;
        return (u[0] & 0x1fU) << 6 | (u[1] & 0x3fU);
    }
    if (u[0] < 0xf0) {
        *n = 3;
        return (u[0] & 0x0fU) << 12 | (u[1] & 0x3fU) << 6 | (u[2] & 0x3fU);
    }
    *n = 4;
    return (u[0] & 0x07U) << 18 | (u[1] & 0x3fU) << 12 | (u[2] & 0x3fU) << 6 | (u[3] & 0x3fU);
}

bool tg_utf8_is_xml(uint32_t code)
{
    if (code < 0x20)
        return code == '\t' || code == '\n' || code == '\r';
    return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code < 0x110000);
}
