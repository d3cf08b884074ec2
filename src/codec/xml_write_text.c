/* What stands between the tags: text, CDATA, comments, instructions. */
#include "codec/utf8.h"
#include "codec/xml_parts.h"
#include "codec/xml_write_parts.h"

/* The bytes that text can be copied up to. 0xef may begin U+FFFE or U+FFFF. */
static inline size_t plain_bytes(const char *p, size_t n)
{
    size_t i = 0;

    for (; n - i >= TG_BLOCK; i += TG_BLOCK) {
        struct tg_block block = tg_block_load(p + i);
        struct tg_block tags = tg_block_either(block, '<', '>');
        struct tg_block others =
            tg_block_or(tg_block_either(block, '&', '"'), tg_block_equals(block, (char)0xef));
        unsigned stops =
            tg_block_mask(tg_block_or(tg_block_or(tags, others), tg_block_most(block, 0x1f)));
        if (stops != 0)
            return i + tg_block_first(stops);
    }
    for (; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c < 0x20 || c == '<' || c == '>' || c == '&' || c == '"' || c == 0xef)
            break;
    }
    return i;
}

/* A character that XML can't express stands at p. */
static bool take_control(struct tg_xml_writer *w, struct tg_buffer *out, const char *p)
{
    size_t n;
    unsigned code = (unsigned)tg_utf8_read(p, &n);

    switch (w->options->control_chars) {
    case TG_XML_CONTROL_DROP:
        return true;
    case TG_XML_CONTROL_REPLACE:
        return tg_buffer_append(out, "\xef\xbf\xbd", 3);
    case TG_XML_CONTROL_ERROR:
        break;
    }
    return tg_xml_write_fail(w, "XML has no character U+%04X (option control_chars)", code);
}

/* How many bytes at p, of which n may be read, are one character that XML can't express. */
static size_t control_bytes(const char *p, size_t n)
{
    unsigned char c = (unsigned char)*p;

    if (c < 0x20)
        return c != '\t' && c != '\n' && c != '\r';
    return n >= 3 && c == 0xef && (unsigned char)p[1] == 0xbf && (unsigned char)p[2] >= 0xbe ? 3
                                                                                             : 0;
}

static struct tg_text reference_of(char c, bool attribute)
{
    switch (c) {
    case '<':
        return TG_TEXT("&lt;");
    case '>':
        return TG_TEXT("&gt;");
    case '&':
        return TG_TEXT("&amp;");
    case '\r':
        return TG_TEXT("&#13;");
    case '"':
        return attribute ? TG_TEXT("&quot;") : tg_text(NULL, 0);
    case '\t':
        return attribute ? TG_TEXT("&#9;") : tg_text(NULL, 0);
    case '\n':
        return attribute ? TG_TEXT("&#10;") : tg_text(NULL, 0);
    default:
        return tg_text(NULL, 0);
    }
}

bool tg_xml_write_escaped(struct tg_xml_writer *w, struct tg_buffer *out, struct tg_text text,
                          bool attribute)
{
    const char *p = text.base, *end = p + text.len;

    while (p < end) {
        size_t n = plain_bytes(p, (size_t)(end - p));
        if (!tg_buffer_append(out, p, n))
            return tg_xml_write_full(w);
        p += n;
        if (p == end)
            break;
        size_t control = control_bytes(p, (size_t)(end - p));
        struct tg_text reference = reference_of(*p, attribute);
        if (control != 0) {
            if (!take_control(w, out, p))
                return *w->what != '\0' ? false : tg_xml_write_full(w);
            p += control;
            continue;
        }
        if (!(reference.base != NULL ? tg_buffer_append(out, reference.base, reference.len)
                                     : tg_buffer_put(out, *p)))
            return tg_xml_write_full(w);
        p++;
    }
    return true;
}

/* Copies text without references; what `stop` ends is cut by `instead`. */
static bool copy_cut(struct tg_xml_writer *w, struct tg_text text, struct tg_text stop,
                     struct tg_text instead)
{
    const char *p = text.base, *end = p + text.len;

    for (; p < end; p++) {
        size_t left = (size_t)(end - p), control = control_bytes(p, left);
        bool stops = left >= stop.len && memcmp(p, stop.base, stop.len) == 0;
        if (control != 0) {
            if (!take_control(w, w->out, p))
                return *w->what != '\0' ? false : tg_xml_write_full(w);
            p += control - 1;
        } else if (!tg_buffer_put(w->out, *p) ||
                   (stops && !tg_buffer_append(w->out, instead.base, instead.len))) {
            return tg_xml_write_full(w);
        }
    }
    return true;
}

static bool append(struct tg_xml_writer *w, struct tg_text text)
{
    return tg_buffer_append(w->out, text.base, text.len) || tg_xml_write_full(w);
}

/* A carriage return has no way into CDATA: readers make it a line feed. */
bool tg_xml_write_cdata(struct tg_xml_writer *w, struct tg_text text)
{
    if (text.len != 0 && memchr(text.base, '\r', text.len) != NULL)
        return tg_xml_write_escaped(w, w->out, text, false);
    return append(w, TG_TEXT("<![CDATA[")) &&
           copy_cut(w, text, TG_TEXT("]>"), TG_TEXT("]]><![CDATA[")) && append(w, TG_TEXT("]]>"));
}

/* "--" and "-" at the end become "- -" and "- ". */
bool tg_xml_write_comment(struct tg_xml_writer *w, struct tg_text text)
{
    bool dash = text.len != 0 && text.base[text.len - 1] == '-';

    return append(w, TG_TEXT("<!--")) && copy_cut(w, text, TG_TEXT("--"), TG_TEXT(" ")) &&
           (!dash || append(w, TG_TEXT(" "))) && append(w, TG_TEXT("-->"));
}

/* "target data", as one text. */
bool tg_xml_write_pi(struct tg_xml_writer *w, struct tg_text text)
{
    const char *end = text.base + text.len;
    size_t target = text.len != 0 ? tg_xml_ncname(text.base, end) : 0;

    if (target == 0 || (target < text.len && !tg_xml_is_blank(text.base[target])) ||
        tg_text_is_nocase(tg_text(text.base, target), TG_TEXT("xml")))
        return tg_xml_write_fail(w, "a processing instruction without a proper target");
    return append(w, TG_TEXT("<?")) && copy_cut(w, text, TG_TEXT("?>"), TG_TEXT(" ")) &&
           append(w, TG_TEXT("?>"));
}
