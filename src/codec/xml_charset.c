#include "codec/xml_charset.h"

#include <errno.h>
#include <iconv.h>

#include "codec/xml_parts.h"

struct charset {
    struct tg_text name;
    const char *iconv; /* its name for iconv; NULL: it is UTF-8 */
};

static const struct charset charsets[] = {
    {{"utf-8", 5}, NULL},
    {{"utf8", 4}, NULL},
    {{"us-ascii", 8}, "ASCII"},
    {{"ascii", 5}, "ASCII"},
    {{"iso-8859-1", 10}, "ISO-8859-1"},
    {{"latin1", 6}, "ISO-8859-1"},
    {{"iso-8859-15", 11}, "ISO-8859-15"},
    {{"windows-1250", 12}, "CP1250"},
    {{"windows-1252", 12}, "CP1252"},
    {{"shift_jis", 9}, "SHIFT_JIS"},
    {{"euc-jp", 6}, "EUC-JP"},
    {{"gb18030", 7}, "GB18030"},
    {{"koi8-r", 6}, "KOI8-R"},
    {{"utf-16", 6}, "UTF-16BE"}, /* without a mark */
    {{"utf-16le", 8}, "UTF-16LE"},
    {{"utf-16be", 8}, "UTF-16BE"},
};

static const struct charset *find(struct tg_text name)
{
    for (size_t i = 0; i < sizeof(charsets) / sizeof(*charsets); i++) {
        if (tg_text_is_nocase(charsets[i].name, name))
            return &charsets[i];
    }
    return NULL;
}

bool tg_xml_charset_is_known(struct tg_text name)
{
    return find(name) != NULL;
}

static bool starts(const struct tg_xml *xml, const char *bytes, size_t n)
{
    return (size_t)(xml->end - xml->start) >= n && memcmp(xml->start, bytes, n) == 0;
}

static bool is_utf32(const struct tg_xml *xml)
{
    return starts(xml, "\xff\xfe\0\0", 4) || starts(xml, "\0\0\xfe\xff", 4) ||
           starts(xml, "<\0\0\0", 4) || starts(xml, "\0\0\0<", 4);
}

/* UTF-16 by its mark, or by how "<?" looks in it; NULL: it is not. */
static const char *look_for_utf16(const struct tg_xml *xml)
{
    if (starts(xml, "\xff\xfe", 2) || starts(xml, "<\0?\0", 4))
        return "UTF-16LE";
    if (starts(xml, "\xfe\xff", 2) || starts(xml, "\0<\0?", 4))
        return "UTF-16BE";
    return NULL;
}

static bool refuse(struct tg_xml *xml, struct tg_text name)
{
    tg_xml_fail(xml, xml->start, "the encoding \"%.*s\" is not read", tg_xml_shown(name),
                name.base);
    return false;
}

/* Bytes that are none of the encoding: the place is counted in what was read before. */
static bool refuse_bytes(struct tg_xml *xml, const char *from)
{
    xml->start = xml->recoded.base;
    xml->end = xml->start + xml->recoded.len;
    if (starts(xml, "\xef\xbb\xbf", 3))
        xml->start += 3;
    tg_xml_fail(xml, xml->end, "bytes that are no %s", from);
    return false;
}

/* Twice the input holds all but Asian text, which is asked for again. */
static bool run(struct tg_xml *xml, iconv_t cd, const char *from)
{
    char *in = (char *)(uintptr_t)xml->start; /* iconv does not write there */
    size_t left = (size_t)(xml->end - xml->start);
    struct tg_buffer *out = &xml->recoded;

    tg_buffer_reserve(out, left + left / 2 + 64);
    for (;;) {
        char *room = out->base + out->len;
        size_t free = out->capacity - out->len;
        size_t done = iconv(cd, &in, &left, &room, &free);
        out->len = (size_t)(room - out->base);
        if (out->len > xml->limits.input) {
            tg_xml_fail_limit(xml, xml->start, "input", xml->limits.input, "bytes as UTF-8");
            return false;
        }
        if (done != (size_t)-1)
            return true;
        if (errno != E2BIG)
            return refuse_bytes(xml, from);
        tg_buffer_reserve(out, left + 64);
    }
}

static bool recode(struct tg_xml *xml, const char *from)
{
    iconv_t cd = iconv_open("UTF-8", from);

    if (cd == (iconv_t)-1)
        return refuse(xml, tg_text_of(from));
    xml->recoded.len = 0;
    bool good = run(xml, cd, from);
    iconv_close(cd);
    if (!good)
        return false;
    xml->start = xml->recoded.base;
    xml->end = xml->start + xml->recoded.len;
    return true;
}

/* The caller knows; a mark only says which UTF-16 it is. */
static bool recode_as_told(struct tg_xml *xml, struct tg_text name)
{
    const struct charset *charset = find(name);

    if (charset == NULL)
        return refuse(xml, name);
    xml->any_encoding = true;
    if (charset->iconv == NULL)
        return true;
    const char *from = charset->iconv;
    if (tg_text_is_nocase(name, TG_TEXT("utf-16")) && look_for_utf16(xml) != NULL)
        from = look_for_utf16(xml);
    return recode(xml, from);
}

bool tg_xml_recode(struct tg_xml *xml, struct tg_text charset)
{
    if (charset.len != 0)
        return recode_as_told(xml, charset);
    if (tg_xml_is_usual(xml->start, xml->end))
        return true;
    if (is_utf32(xml))
        return refuse(xml, TG_TEXT("UTF-32"));
    const char *wide = look_for_utf16(xml);
    if (wide != NULL) {
        xml->wide = true;
        return recode(xml, wide);
    }
    struct tg_text declared =
        tg_xml_declared_encoding(tg_text(xml->start, (size_t)(xml->end - xml->start)));
    const struct charset *found = declared.len != 0 ? find(declared) : NULL;
    if (found == NULL || found->iconv == NULL || memcmp(found->iconv, "UTF-16", 6) == 0)
        return true; /* the declaration is looked at when it is read */
    xml->any_encoding = true;
    return recode(xml, found->iconv);
}
