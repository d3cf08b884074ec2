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

/* The first byte that is not ASCII, or the end. */
static inline const char *skip_ascii(const char *p, const char *end)
{
    for (; end - p >= TG_BLOCK; p += TG_BLOCK) {
        unsigned high = tg_block_high(tg_block_load(p));
        if (high != 0)
            return p + tg_block_first(high);
    }
    while (p < end && (unsigned char)*p < 0x80)
        p++;
    return p;
}

size_t tg_utf8_check(struct tg_text text)
{
    if (text.len == 0)
        return 0;
    const char *p = text.base, *end = text.base + text.len;
    while ((p = skip_ascii(p, end)) < end) {
        p = tg_utf8_skip(p, end);
        if (p == end || (unsigned char)*p < 0x80)
            continue;
        size_t n = tg_utf8_sequence(p, (size_t)(end - p));
        if (n == 0)
            return (size_t)(p - text.base);
        p += n;
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
#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i all(int byte)
{
    return _mm256_set1_epi8((char)byte);
}

AVX2 static inline __m256i load(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* Control characters but the tab and the line feed. */
AVX2 static inline __m256i controls(__m256i bytes)
{
    __m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, all(0x1f)), bytes);
    __m256i blank =
        _mm256_or_si256(_mm256_cmpeq_epi8(bytes, all('\n')), _mm256_cmpeq_epi8(bytes, all('\t')));

    return _mm256_andnot_si256(blank, low);
}

AVX2 static inline unsigned odd_avx2(const char *p)
{
    __m256i bytes = load(p);

    return (unsigned)_mm256_movemask_epi8(_mm256_or_si256(controls(bytes), bytes));
}

/* What can be wrong with two bytes in a row: a bit for each, set where a half byte allows it. All
 * three half bytes that matter must allow it (Keiser and Lemire, "Validating UTF-8 in less than one
 * instruction per byte"). */
enum {
    NO_TAIL = 1,      /* a first byte without the second */
    NO_FIRST = 2,     /* a continuation behind ASCII */
    OVERLONG_3 = 4,   /* e0 80 */
    SURROGATE = 8,    /* ed a0 */
    OVERLONG_2 = 16,  /* c0, c1 */
    TOO_LARGE = 32,   /* f4 90 and above */
    TOO_LARGE_8 = 64, /* f5 80 and above; f0 80 is overlong */
    TWO_TAILS = 128,  /* continuations: right behind the first byte of three or four */
    FOR_ALL = NO_TAIL | NO_FIRST | TWO_TAILS,
};

#define TWICE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)

AVX2 static inline __m256i by_first_high(__m256i half)
{
    const char tail = (char)TWO_TAILS;
    const __m256i table =
        TWICE(NO_FIRST, NO_FIRST, NO_FIRST, NO_FIRST, NO_FIRST, NO_FIRST, NO_FIRST, NO_FIRST, tail,
              tail, tail, tail, NO_TAIL | OVERLONG_2, NO_TAIL, NO_TAIL | OVERLONG_3 | SURROGATE,
              NO_TAIL | TOO_LARGE | TOO_LARGE_8);

    return _mm256_shuffle_epi8(table, half);
}

AVX2 static inline __m256i by_first_low(__m256i half)
{
    const char any = (char)FOR_ALL, large = (char)(FOR_ALL | TOO_LARGE | TOO_LARGE_8);
    const __m256i table =
        TWICE((char)(FOR_ALL | OVERLONG_2 | OVERLONG_3 | TOO_LARGE_8), (char)(FOR_ALL | OVERLONG_2),
              any, any, (char)(FOR_ALL | TOO_LARGE), large, large, large, large, large, large,
              large, large, (char)(large | SURROGATE), large, large);

    return _mm256_shuffle_epi8(table, half);
}

AVX2 static inline __m256i by_second_high(__m256i half)
{
    const int tail = NO_FIRST | OVERLONG_2 | TWO_TAILS;
    const char eight = (char)(tail | OVERLONG_3 | TOO_LARGE_8);
    const char nine = (char)(tail | OVERLONG_3 | TOO_LARGE);
    const char more = (char)(tail | SURROGATE | TOO_LARGE);
    const __m256i table =
        TWICE(NO_TAIL, NO_TAIL, NO_TAIL, NO_TAIL, NO_TAIL, NO_TAIL, NO_TAIL, NO_TAIL, eight, nine,
              more, more, NO_TAIL, NO_TAIL, NO_TAIL, NO_TAIL);

    return _mm256_shuffle_epi8(table, half);
}

/* How many bytes at p, where a character begins, are whole characters of XML other than carriage
 * returns: 29 to 32, or 0 when that is not so. */
AVX2 static inline unsigned take_avx2(const char *p)
{
    const __m256i half = all(0x0f);
    __m256i bytes = load(p), lane = _mm256_permute2x128_si256(bytes, bytes, 0x08);
    __m256i one = _mm256_alignr_epi8(bytes, lane, 15), two = _mm256_alignr_epi8(bytes, lane, 14);
    __m256i three = _mm256_alignr_epi8(bytes, lane, 13);

    __m256i wrong = by_first_high(_mm256_and_si256(_mm256_srli_epi16(one, 4), half));
    wrong = _mm256_and_si256(wrong, by_first_low(_mm256_and_si256(one, half)));
    wrong = _mm256_and_si256(wrong,
                             by_second_high(_mm256_and_si256(_mm256_srli_epi16(bytes, 4), half)));
    __m256i due = _mm256_or_si256(_mm256_subs_epu8(two, all(0xe0 - 0x80)),
                                  _mm256_subs_epu8(three, all(0xf0 - 0x80)));
    wrong = _mm256_xor_si256(wrong, _mm256_and_si256(due, all(0x80)));
    /* U+FFFE and U+FFFF. */
    __m256i last =
        _mm256_and_si256(_mm256_cmpeq_epi8(two, all(0xef)), _mm256_cmpeq_epi8(one, all(0xbf)));
    last = _mm256_and_si256(last, _mm256_cmpeq_epi8(_mm256_max_epu8(bytes, all(0xbe)), bytes));
    wrong = _mm256_or_si256(wrong, _mm256_or_si256(last, controls(bytes)));
    if (!_mm256_testz_si256(wrong, wrong))
        return 0;
    const unsigned char *u = (const unsigned char *)p;
    return 32 - (u[31] >= 0xc0 ? 1 : u[30] >= 0xe0 ? 2 : u[29] >= 0xf0 ? 3 : 0);
}

/* One by one up to `end`; false: *at is where there is no character. */
static bool step_to(struct tg_text text, size_t *at, size_t end, bool *cr)
{
    while (*at < end) {
        size_t n = xml_character(text.base + *at, text.len - *at, cr);
        if (n == 0)
            return false;
        *at += n;
    }
    return true;
}

AVX2 static size_t check_blocks_avx2(struct tg_text text, bool *cr)
{
    size_t at = 0;

    while (text.len - at >= 32) {
        if (odd_avx2(text.base + at) == 0) {
            at += 32;
            continue;
        }
        unsigned n = take_avx2(text.base + at);
        at += n;
        if (n == 0 && !step_to(text, &at, at + 32, cr))
            return at;
        if (at > text.len - 32)
            break;
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
