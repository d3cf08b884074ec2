/* Pieces of the output of json_plain.h that are not in its way most of the time. */
#include "codec/json_escape.h"
#include "codec/json_plain_text.h"
#include "codec/json_skip.h"
#include "codec/utf8.h"

char *tg_json_plain_room(struct tg_json_plain *q, char *out, size_t n)
{
    q->out->len = (size_t)(out - q->out->base);
    if (q->out->len - q->base > q->writer->limits.output ||
        tg_buffer_reserve(q->out, n + 2 * TG_JSON_SLACK) == NULL)
        return NULL;
    size_t most = q->base + q->writer->limits.output, room = q->out->capacity - TG_JSON_SLACK;
    q->enough = q->out->base + (room < most ? room : most);
    return q->out->base + q->out->len;
}

char *tg_json_plain_name(struct tg_json_plain *q, char *out, struct tg_text name)
{
    out = tg_json_plain_room(q, out, name.len);
    if (out == NULL)
        return NULL;
    memcpy(out, name.base, name.len);
    return out + name.len;
}

static char *put_character(char *out, uint32_t code, bool attribute)
{
    switch (code) {
    case '<':
        return tg_json_put(out, "&lt;", 4);
    case '>':
        return tg_json_put(out, "&gt;", 4);
    case '&':
        return tg_json_put(out, "&amp;", 5);
    case '\r':
        return tg_json_put(out, "&#13;", 5);
    case '"':
        return attribute ? tg_json_put(out, "&quot;", 6) : tg_json_put(out, "\"", 1);
    case '\t':
        return attribute ? tg_json_put(out, "&#9;", 4) : tg_json_put(out, "\t", 1);
    case '\n':
        return attribute ? tg_json_put(out, "&#10;", 5) : tg_json_put(out, "\n", 1);
    default:
        return tg_utf8_write(out, code);
    }
}

struct tg_json_spot tg_json_plain_odd(const struct tg_json_plain *q, struct tg_json_spot s,
                                      bool attribute)
{
    uint32_t code = (unsigned char)*s.in;
    const char *behind = s.in + 1;

    if (code == '\\')
        behind = tg_json_read_escape(s.in, q->end, &code);
    else if (code < 0x20)
        return tg_json_given_up;
    if (behind == NULL || !tg_utf8_is_xml(code))
        return tg_json_given_up;
    return tg_json_at(behind, put_character(s.out, code, attribute));
}

struct tg_json_spot tg_json_plain_tail(struct tg_json_plain *q, struct tg_json_spot s,
                                       bool attribute)
{
    while (s.in < q->end && *s.in != '"') {
        unsigned char c = (unsigned char)*s.in;
        s.out = tg_json_make_room(q, s.out);
        if (s.out == NULL)
            return tg_json_given_up;
        if (c < 0x20 || c == '\\' || c == '<' || c == '>' || c == '&') {
            s = tg_json_plain_odd(q, s, attribute);
            if (s.in == NULL)
                return tg_json_given_up;
        } else {
            *s.out++ = *s.in++;
        }
    }
    return s.in < q->end ? tg_json_at(s.in + 1, s.out) : tg_json_given_up;
}

struct tg_json_spot tg_json_plain_bare(struct tg_json_plain *q, struct tg_json_spot s)
{
    const char *end = tg_json_skip_bare(s.in, q->end);
    size_t n = end != NULL ? (size_t)(end - s.in) : 0;

    if (end == NULL || (n > TG_BLOCK && (s.out = tg_json_plain_room(q, s.out, n)) == NULL))
        return tg_json_given_up;
    return tg_json_at(end, tg_json_put(s.out, s.in, n));
}
