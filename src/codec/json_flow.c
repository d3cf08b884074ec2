#include "codec/json_flow.h"

#include "codec/json_escape.h"
#include "codec/json_skip.h"
#include "codec/utf8.h"
#include "codec/xml_scan.h"

bool tg_json_flow_begin(struct tg_json_flow *flow, struct tg_text *json, char **start)
{
    bool cr;

    *json = tg_xml_trim_start(tg_xml_trim_end(*json));
    if (json->len < 2)
        return false;
    char first = json->base[0], last = json->base[json->len - 1];
    flow->end = json->base + json->len;
    if ((first != '{' && first != '[') || (last != '}' && last != ']') ||
        tg_utf8_check_xml(*json, &cr) != json->len)
        return false;
    *start = tg_buffer_reserve(flow->out, json->len + json->len / 4 + 2 * TG_JSON_SLACK);
    if (*start != NULL)
        *start = tg_json_flow_room(flow, *start, 0);
    return *start != NULL;
}

char *tg_json_flow_room(struct tg_json_flow *flow, char *out, size_t n)
{
    flow->out->len = (size_t)(out - flow->out->base);
    if (flow->out->len - flow->base > flow->most ||
        tg_buffer_reserve(flow->out, n + 2 * TG_JSON_SLACK) == NULL)
        return NULL;
    size_t most = flow->base + flow->most, room = flow->out->capacity - TG_JSON_SLACK;
    flow->enough = flow->out->base + (room < most ? room : most);
    return flow->out->base + flow->out->len;
}

char *tg_json_flow_long(struct tg_json_flow *flow, char *out, struct tg_text text)
{
    out = tg_json_flow_room(flow, out, text.len);
    if (out == NULL)
        return NULL;
    memcpy(out, text.base, text.len);
    return out + text.len;
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

struct tg_json_spot tg_json_flow_odd(const struct tg_json_flow *flow, struct tg_json_spot s,
                                     bool attribute)
{
    uint32_t code = (unsigned char)*s.in;
    const char *behind = s.in + 1;

    if (code == '\\')
        behind = tg_json_read_escape(s.in, flow->end, &code);
    else if (code < 0x20)
        return tg_json_given_up;
    if (behind == NULL || !tg_utf8_is_xml(code))
        return tg_json_given_up;
    return tg_json_at(behind, put_character(s.out, code, attribute));
}

struct tg_json_spot tg_json_flow_tail(struct tg_json_flow *flow, struct tg_json_spot s,
                                      bool attribute)
{
    while (s.in < flow->end && *s.in != '"') {
        unsigned char c = (unsigned char)*s.in;
        s.out = tg_json_make_room(flow, s.out);
        if (s.out == NULL)
            return tg_json_given_up;
        if (c < 0x20 || c == '\\' || c == '<' || c == '>' || c == '&') {
            s = tg_json_flow_odd(flow, s, attribute);
            if (s.in == NULL)
                return tg_json_given_up;
        } else {
            *s.out++ = *s.in++;
        }
    }
    return s.in < flow->end ? tg_json_at(s.in + 1, s.out) : tg_json_given_up;
}

struct tg_json_spot tg_json_flow_bare(struct tg_json_flow *flow, struct tg_json_spot s)
{
    const char *end = tg_json_skip_bare(s.in, flow->end);
    size_t n = end != NULL ? (size_t)(end - s.in) : 0;

    if (end == NULL || (n > TG_BLOCK && (s.out = tg_json_flow_room(flow, s.out, n)) == NULL))
        return tg_json_given_up;
    return tg_json_at(end, tg_json_put(s.out, s.in, n));
}
