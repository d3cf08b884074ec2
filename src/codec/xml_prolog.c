/* The declaration, comments and processing instructions. */
#include "codec/xml_parts.h"

bool tg_xml_comment(struct tg_xml *xml, const char *p)
{
    for (const char *q = p + 4; q < xml->end; q++) {
        q = memchr(q, '-', (size_t)(xml->end - q));
        if (q == NULL || xml->end - q < 3)
            break;
        if (q[1] != '-')
            continue;
        if (q[2] != '>') {
            tg_xml_fail(xml, q, "\"--\" in a comment");
            return false;
        }
        xml->at = q + 3;
        return true;
    }
    tg_xml_fail_end(xml);
    return false;
}

static bool is_reserved(struct tg_text target)
{
    return tg_text_is_nocase(target, TG_TEXT("xml"));
}

bool tg_xml_instruction(struct tg_xml *xml, const char *p)
{
    struct tg_text target = tg_text(p + 2, tg_xml_ncname(p + 2, xml->end));
    const char *q = target.base + target.len;

    if (target.len == 0 || is_reserved(target)) {
        tg_xml_fail(xml, p, "%s",
                    target.len == 0 ? "expected a name" : "a declaration that is not at the start");
        return false;
    }
    if (!tg_xml_is_blank(*q) && *q != '?') {
        tg_xml_fail(xml, q, "a character that a name may not have");
        return false;
    }
    if (*q == '?' && q[1] != '>') {
        tg_xml_fail(xml, q, "expected a blank");
        return false;
    }
    while (q < xml->end && (q = memchr(q, '?', (size_t)(xml->end - q))) != NULL) {
        if (q[1] == '>') {
            xml->at = q + 2;
            return true;
        }
        q++;
    }
    tg_xml_fail_end(xml);
    return false;
}

/* Takes `name = "value"` behind a blank; a base of NULL when it is not there. */
static struct tg_text take_pair(const struct tg_xml *xml, const char **at, const char *name)
{
    const struct tg_text none = {NULL, 0};
    const char *p = tg_xml_blanks(*at);
    size_t len = strlen(name);

    if (p == *at || (size_t)(xml->end - p) <= len || memcmp(p, name, len) != 0)
        return none;
    p = tg_xml_blanks(p + len);
    if (*p != '=')
        return none;
    p = tg_xml_blanks(p + 1);
    if (*p != '"' && *p != '\'')
        return none;
    const char *end = memchr(p + 1, *p, (size_t)(xml->end - p - 1));
    if (end == NULL)
        return none;
    *at = end + 1;
    return tg_text(p + 1, (size_t)(end - p - 1));
}

static bool is_version(struct tg_text text)
{
    if (text.len < 3 || memcmp(text.base, "1.", 2) != 0)
        return false;
    for (size_t i = 2; i < text.len; i++) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
    }
    return true;
}

static bool is_encoding(struct tg_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.base[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && (i == 0 || ((c < '0' || c > '9') && c != '.' && c != '_' && c != '-')))
            return false;
    }
    return text.len != 0;
}

static bool is_utf8(struct tg_text text)
{
    return tg_text_is_nocase(text, TG_TEXT("UTF-8")) || tg_text_is_nocase(text, TG_TEXT("UTF8"));
}

bool tg_xml_declaration(struct tg_xml *xml)
{
    const char *p = xml->at;

    if (xml->end - p < 6 || memcmp(p, "<?xml", 5) != 0 || !tg_xml_is_blank(p[5]))
        return true;
    p += 5;
    struct tg_text version = take_pair(xml, &p, "version");
    if (version.base == NULL || !is_version(version)) {
        tg_xml_fail(xml, p, "expected version=\"1.0\"");
        return false;
    }
    struct tg_text encoding = take_pair(xml, &p, "encoding");
    bool known = encoding.base == NULL || is_encoding(encoding);
    if (known && encoding.base != NULL && !is_utf8(encoding)) {
        tg_xml_fail(xml, encoding.base, "the encoding is \"%.*s\"; only UTF-8 is read",
                    encoding.len > 40 ? 40 : (int)encoding.len, encoding.base);
        return false;
    }
    struct tg_text alone = take_pair(xml, &p, "standalone");
    known &=
        alone.base == NULL || tg_text_is(alone, TG_TEXT("yes")) || tg_text_is(alone, TG_TEXT("no"));
    p = tg_xml_blanks(p);
    if (!known || *p != '?' || p[1] != '>') {
        tg_xml_fail(xml, p, "the declaration is not well-formed");
        return false;
    }
    xml->at = p + 2;
    return true;
}
