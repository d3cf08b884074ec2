#include "http/path.h"

#include "http/escape.h"

/* What is known while a path is read: where the next byte of each kind goes. */
struct reader {
    const char *in, *end;
    char *normal;  /* grows by at most three bytes for each of the raw path */
    char *decoded; /* of segments whose decoded form differs from the encoded one */
    struct tg_path *path;
};

/* Whether the bytes are UTF-8 in shortest form, without surrogates. */
static bool is_utf8(const unsigned char *at, const unsigned char *end)
{
    while (at < end) {
        unsigned char c = *at++, low = 0x80, high = 0xbf;
        int more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || end - at < more)
            return false;
        if (c == 0xe0)
            low = 0xa0;
        if (c == 0xed)
            high = 0x9f;
        if (c == 0xf0)
            low = 0x90;
        if (c == 0xf4)
            high = 0x8f;
        for (; more > 0; more--, low = 0x80, high = 0xbf)
            if (*at < low || *at++ > high)
                return false;
    }
    return true;
}

/* Copies what stands for itself; most segments are nothing else. */
static char *copy_plain(struct reader *reader, char *out)
{
    const char *in = reader->in;

    while (in < reader->end && tg_char_is(*in, TG_CHAR_SEGMENT))
        *out++ = *in++;
    reader->in = in;
    return out;
}

/* One character that does not stand for itself, into both forms. */
static const char *take_special(struct reader *reader, char **encoded, char **decoded)
{
    const char *at = reader->in;
    int value = (unsigned char)*at;

    if (value >= 0x80)
        return "the path has a byte in it that must be escaped";
    if (value == '%') {
        value = tg_escape_value(at, reader->end);
        if (value < 0)
            return "the path has a broken escape in it";
        reader->in += 2;
    }
    if (value < 0x20 || value == 0x7f)
        return "the path has a control character in it";
    reader->in++;
    *(*decoded)++ = (char)value;
    if (tg_char_is((char)value, TG_CHAR_UNRESERVED))
        *(*encoded)++ = (char)value;
    else
        *encoded = tg_escape_put(*encoded, (char)value);
    return NULL;
}

/* The rest of a segment after its first special character; `encoded` is what came before. */
static const char *take_mixed(struct reader *reader, struct tg_path_segment *segment)
{
    size_t plain = segment->encoded.len;
    char *encoded = reader->normal + plain, *decoded = reader->decoded + plain;

    memcpy(reader->decoded, reader->normal, plain);
    while (reader->in < reader->end && *reader->in != '/') {
        char *from = encoded;
        encoded = copy_plain(reader, encoded);
        memcpy(decoded, from, (size_t)(encoded - from));
        decoded += encoded - from;
        if (reader->in == reader->end || *reader->in == '/')
            break;
        const char *wrong = take_special(reader, &encoded, &decoded);
        if (wrong != NULL)
            return wrong;
    }
    segment->encoded.len = (size_t)(encoded - reader->normal);
    segment->decoded = tg_text(reader->decoded, (size_t)(decoded - reader->decoded));
    if (!is_utf8((unsigned char *)reader->decoded, (unsigned char *)decoded))
        return "the path is not UTF-8";
    return NULL;
}

/* Reads one segment to reader->normal, without moving that on. */
static const char *take_segment(struct reader *reader, struct tg_path_segment *segment)
{
    char *end = copy_plain(reader, reader->normal);

    segment->encoded = tg_text(reader->normal, (size_t)(end - reader->normal));
    segment->decoded = segment->encoded;
    if (reader->in == reader->end || *reader->in == '/')
        return NULL;
    return take_mixed(reader, segment);
}

static void drop_last(struct reader *reader)
{
    struct tg_path *path = reader->path;

    if (path->count != 0)
        reader->normal = (char *)path->segments[--path->count].encoded.base;
}

/* A segment that stays: the next one begins behind it and its slash. */
static void keep(struct reader *reader, struct tg_path_segment segment)
{
    reader->path->segments[reader->path->count++] = segment;
    reader->normal += segment.encoded.len;
    *reader->normal++ = '/';
    if (segment.decoded.base != segment.encoded.base)
        reader->decoded += segment.decoded.len;
}

const char *tg_path_parse(struct tg_text raw, char *space, struct tg_path *path)
{
    struct reader reader = {raw.base, raw.base + raw.len, space, space + raw.len * 3 + 2, path};
    struct tg_path_segment segment;
    bool last;

    if (raw.len == 0 || raw.base[0] != '/')
        return "the path does not begin with a slash";
    path->count = 0;
    *reader.normal++ = '/';
    do {
        reader.in++;
        const char *wrong = take_segment(&reader, &segment);
        if (wrong != NULL)
            return wrong;
        last = reader.in == reader.end;
        bool up = tg_text_is(segment.decoded, TG_TEXT(".."));
        if (up)
            drop_last(&reader);
        if (up || segment.decoded.len == 0 || tg_text_is(segment.decoded, TG_TEXT("."))) {
            if (!last)
                continue;
            segment.encoded = segment.decoded = tg_text(reader.normal, 0);
        }
        if (path->count == TG_PATH_SEGMENTS)
            return "the path has too many segments";
        keep(&reader, segment);
    } while (!last);
    path->normal = tg_text(space, (size_t)(reader.normal - space) - 1); /* no slash at the end */
    return NULL;
}

void tg_path_encode(struct tg_buffer *out, struct tg_text segment)
{
    bool dots = tg_text_is(segment, TG_TEXT(".")) || tg_text_is(segment, TG_TEXT(".."));

    tg_escape_encode(out, segment, dots ? 0 : TG_CHAR_SEGMENT);
}
