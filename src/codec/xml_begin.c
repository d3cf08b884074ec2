/* The beginning of a document: its limits, its encoding, its line ends. */
#include "codec/utf8.h"
#include "codec/xml_charset.h"
#include "codec/xml_parts.h"

static size_t limit_or(size_t limit, size_t usual)
{
    return limit != 0 ? limit : usual;
}

static void set_limits(struct tg_xml *xml, const struct tg_xml_limits *limits)
{
    size_t depth = limit_or(limits->depth, 256);

    xml->limits = (struct tg_xml_limits){
        .input = limit_or(limits->input, 8 << 20),
        .depth = depth < 100000 ? depth : 100000,
        .attributes = limit_or(limits->attributes, 256),
        .xmlns = limit_or(limits->xmlns, 64),
        .name = limit_or(limits->name, 1024),
        .names = limit_or(limits->names, 10000),
        .elements = limit_or(limits->elements, 1000000),
        .output = limit_or(limits->output, TG_XML_OUTPUT),
    };
}

static bool starts(struct tg_text text, const char *bytes, size_t n)
{
    return text.len >= n && memcmp(text.base, bytes, n) == 0;
}

/* Copies the document with line ends as XML wants them, and a '>' behind one that has none. */
static void normalise(struct tg_xml *xml)
{
    char *out = tg_buffer_reserve(&xml->normal, (size_t)(xml->end - xml->start) + 1);
    const char *p = xml->start;

    while (p < xml->end) {
        const char *cr = memchr(p, '\r', (size_t)(xml->end - p));
        size_t n = (size_t)((cr != NULL ? cr : xml->end) - p);
        memcpy(out, p, n);
        out += n;
        p += n;
        if (cr != NULL) {
            *out++ = '\n';
            p += p + 1 < xml->end && p[1] == '\n' ? 2 : 1;
        }
    }
    if (xml->cut)
        *out++ = '>';
    xml->start = xml->normal.base;
    xml->end = out;
}

/* Bytes that are no text: most often another encoding, which the declaration may name. */
static bool refuse_bytes(struct tg_xml *xml, size_t bad, bool cut)
{
    bool control = (unsigned char)xml->start[bad] < 0x80;

    xml->at = xml->start;
    if (cut || tg_xml_declaration(xml))
        tg_xml_fail(xml, xml->start + bad, "%s",
                    control ? "a character that XML does not allow" : "the text is not UTF-8");
    return false;
}

static bool check_input(struct tg_xml *xml, struct tg_text input, struct tg_text charset)
{
    bool cr;

    xml->start = input.base;
    xml->end = input.base + input.len;
    if (input.len > xml->limits.input) {
        tg_xml_fail_limit(xml, xml->start, "input", xml->limits.input, "bytes");
        return false;
    }
    if (!tg_xml_recode(xml, charset))
        return false;
    if (starts(tg_text(xml->start, (size_t)(xml->end - xml->start)), "\xef\xbb\xbf", 3))
        xml->start += 3;
    while (xml->end > xml->start && tg_xml_is_blank(xml->end[-1]))
        xml->end--;
    if (xml->end == xml->start) {
        tg_xml_fail(xml, xml->start, "the document is empty");
        return false;
    }
    struct tg_text text = tg_text(xml->start, (size_t)(xml->end - xml->start));
    size_t good = tg_utf8_check_xml(text, &cr);
    bool cut = xml->end[-1] != '>';
    if (good != text.len)
        return refuse_bytes(xml, good, cut);
    xml->cut = cut;
    if (cr || cut)
        normalise(xml);
    return true;
}

bool tg_xml_begin(struct tg_xml *xml, struct tg_text input, const struct tg_xml_limits *limits)
{
    return tg_xml_begin_as(xml, input, &(struct tg_xml_options){.limits = *limits});
}

bool tg_xml_begin_as(struct tg_xml *xml, struct tg_text input, const struct tg_xml_options *options)
{
    if (input.len == 0)
        input.base = "";
    if (!xml->rests)
        tg_xml_rest(xml);
    xml->rests = false;
    set_limits(xml, &options->limits);
    xml->document++;
    xml->elements = xml->distinct = 0;
    xml->state = TG_XML_IN_PROLOG;
    xml->closes = xml->cut = xml->any_encoding = xml->wide = xml->markup = xml->had_doctype = false;
    xml->skips_doctype = options->doctype == TG_XML_DOCTYPE_SKIP;
    if (!check_input(xml, input, options->charset))
        return false;
    xml->at = xml->start;
    return tg_xml_declaration(xml);
}
