#include "codec/inflate.h"

#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <zlib.h>

enum { PIECE = 32 * 1024 };

/* What zlib is asked for by its windowBits. */
enum { WITH_ZLIB = 15, BARE = -15, WITH_GZIP = 15 + 16 };

static bool is_gzip(struct tg_text coding)
{
    return tg_text_is_nocase(coding, TG_TEXT("gzip")) ||
           tg_text_is_nocase(coding, TG_TEXT("x-gzip"));
}

bool tg_inflate_knows(struct tg_text coding)
{
    return is_gzip(coding) || tg_text_is_nocase(coding, TG_TEXT("deflate"));
}

/* RFC 1950: the two bytes of the header, as a number, are a multiple of 31. */
static bool has_zlib_header(struct tg_text in)
{
    const unsigned char *bytes = (const unsigned char *)in.base;

    return in.len >= 2 && (bytes[0] & 15) == Z_DEFLATED && (bytes[0] * 256 + bytes[1]) % 31 == 0;
}

static bool has_outgrown(size_t made, size_t given)
{
    return made > TG_INFLATE_FREE && made / TG_INFLATE_RATIO > given;
}

/* Runs to the end of one stream. */
static enum tg_inflate_result run(z_stream *stream, size_t given, struct tg_buffer *out)
{
    size_t begin = out->len;

    for (;;) {
        char *room = tg_buffer_reserve(out, PIECE);
        size_t size = PIECE;
        if (room == NULL) { /* close to the limit: what is left, and one byte to see more by */
            size = out->limit - out->len;
            room = size != 0 ? tg_buffer_reserve(out, size) : NULL;
        }
        char spare;
        stream->next_out = (Bytef *)(room != NULL ? room : &spare);
        stream->avail_out = room != NULL ? (uInt)size : 1;
        uInt before = stream->avail_out;
        int rc = inflate(stream, Z_NO_FLUSH);
        size_t made = before - stream->avail_out;
        if (room == NULL && made != 0)
            return TG_INFLATE_TOO_LARGE;
        out->len += room != NULL ? made : 0;
        if (has_outgrown(out->len - begin, given))
            return TG_INFLATE_TOO_LARGE;
        if (rc == Z_STREAM_END)
            return TG_INFLATE_DONE;
        if (rc != Z_OK || (made == 0 && stream->avail_in == 0))
            return TG_INFLATE_DAMAGED;
    }
}

enum tg_inflate_result tg_inflate(struct tg_text coding, struct tg_text in, struct tg_buffer *out)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)in.base, .avail_in = (uInt)in.len};
    int bits = is_gzip(coding) ? WITH_GZIP : has_zlib_header(in) ? WITH_ZLIB : BARE;
    enum tg_inflate_result result;

    assert(in.len <= UINT_MAX); /* bodies are bounded by their limit */
    int rc = inflateInit2(&stream, bits);
    assert(rc == Z_OK); /* 40 KB */
    (void)rc;
    do { /* gzip may hold several members */
        result = run(&stream, in.len, out);
    } while (result == TG_INFLATE_DONE && bits == WITH_GZIP && stream.avail_in != 0 &&
             inflateReset(&stream) == Z_OK);
    if (result == TG_INFLATE_DONE && stream.avail_in != 0)
        result = TG_INFLATE_DAMAGED;
    inflateEnd(&stream);
    return result;
}
