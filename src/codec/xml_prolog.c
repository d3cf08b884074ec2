/* The declaration, comments, processing instructions and the DOCTYPE. */
#include "codec/xml_charset.h"
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
static struct tg_text take_pair(const char *limit, const char **at, const char *name)
{
    const struct tg_text none = {NULL, 0};
    const char *p = tg_xml_blanks(*at);
    size_t len = strlen(name);

    if (p == *at || (size_t)(limit - p) <= len || memcmp(p, name, len) != 0)
        return none;
    p = tg_xml_blanks(p + len);
    if (*p != '=')
        return none;
    p = tg_xml_blanks(p + 1);
    if (*p != '"' && *p != '\'')
        return none;
    const char *end = memchr(p + 1, *p, (size_t)(limit - p - 1));
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

/* Whether the declared encoding is what the document was found to be. */
static bool is_expected(const struct tg_xml *xml, struct tg_text text)
{
    if (xml->any_encoding)
        return true;
    if (xml->wide)
        return tg_text_is_nocase(text, TG_TEXT("UTF-16")) ||
               tg_text_is_nocase(text, TG_TEXT("UTF-16LE")) ||
               tg_text_is_nocase(text, TG_TEXT("UTF-16BE"));
    return tg_text_is_nocase(text, TG_TEXT("UTF-8")) || tg_text_is_nocase(text, TG_TEXT("UTF8"));
}

struct tg_text tg_xml_declared_encoding(struct tg_text document)
{
    const struct tg_text none = {NULL, 0};
    const char *p = document.base + 5;

    if (document.len < 6 || memcmp(document.base, "<?xml", 5) != 0 || !tg_xml_is_blank(*p))
        return none;
    const char *end = memmem(p, document.len - 5, "?>", 2);
    if (end == NULL)
        return none;
    take_pair(end + 2, &p, "version");
    struct tg_text encoding = take_pair(end + 2, &p, "encoding");
    return encoding.base != NULL && is_encoding(encoding) ? encoding : none;
}

bool tg_xml_declaration(struct tg_xml *xml)
{
    const char *p = xml->at;

    if (!xml->wide && tg_xml_is_usual(p, xml->end)) {
        xml->at += sizeof(tg_xml_usual) - 1;
        return true;
    }
    if (xml->end - p < 6 || memcmp(p, "<?xml", 5) != 0 || !tg_xml_is_blank(p[5]))
        return true;
    p += 5;
    struct tg_text version = take_pair(xml->end, &p, "version");
    if (version.base == NULL || !is_version(version)) {
        tg_xml_fail(xml, p, "expected version=\"1.0\"");
        return false;
    }
    struct tg_text encoding = take_pair(xml->end, &p, "encoding");
    bool known = encoding.base == NULL || is_encoding(encoding);
    if (known && encoding.base != NULL && !is_expected(xml, encoding)) {
        tg_xml_fail(xml, encoding.base, "the encoding \"%.*s\" is %s",
                    encoding.len > 40 ? 40 : (int)encoding.len, encoding.base,
                    tg_xml_charset_is_known(encoding) ? "declared, but it is another" : "not read");
        return false;
    }
    struct tg_text alone = take_pair(xml->end, &p, "standalone");
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

/* The DOCTYPE. What it refers to is never read, so it says nothing to us. */

static const char *after_blanks(struct tg_xml *xml, const char *p)
{
    if (!tg_xml_is_blank(*p)) {
        tg_xml_fail(xml, p, "expected a blank");
        return NULL;
    }
    return tg_xml_blanks(p);
}

static bool is_public(struct tg_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.base[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        bool good = letter || (c >= '0' && c <= '9') || c == ' ' || c == '\n' ||
                    (c != '\0' && c < 0x80 && strchr("-'()+,./:=?;!*#@$_%", c) != NULL);
        if (!good)
            return false;
    }
    return true;
}

/* The quoted text at p; returns what follows. */
static const char *read_literal(struct tg_xml *xml, const char *p, bool is_public_id)
{
    const char *end =
        *p == '"' || *p == '\'' ? memchr(p + 1, *p, (size_t)(xml->end - p - 1)) : NULL;

    if (end == NULL || (is_public_id && !is_public(tg_text(p + 1, (size_t)(end - p - 1))))) {
        tg_xml_fail(xml, p, "expected an identifier in quotes");
        return NULL;
    }
    return end + 1;
}

static bool is_word(const struct tg_xml *xml, const char *p, struct tg_text word)
{
    return (size_t)(xml->end - p) > word.len && memcmp(p, word.base, word.len) == 0;
}

/* SYSTEM "…" or PUBLIC "…" "…", or nothing. */
static const char *read_external(struct tg_xml *xml, const char *p)
{
    bool is_public_id = is_word(xml, p, TG_TEXT("PUBLIC"));

    if (!is_public_id && !is_word(xml, p, TG_TEXT("SYSTEM")))
        return p;
    p = after_blanks(xml, p + 6);
    if (p != NULL && is_public_id) {
        p = read_literal(xml, p, true);
        p = p != NULL ? after_blanks(xml, p) : NULL;
    }
    p = p != NULL ? read_literal(xml, p, false) : NULL;
    return p != NULL ? tg_xml_blanks(p) : NULL;
}

static bool refuse_doctype(struct tg_xml *xml, const char *p, const char *why)
{
    tg_xml_fail(xml, p, "%s (limit doctype)", why);
    xml->error.limit = "doctype";
    return false;
}

bool tg_xml_doctype(struct tg_xml *xml, const char *p)
{
    const char *at = p;

    if (!xml->skips_doctype)
        return refuse_doctype(xml, at, "a DOCTYPE is refused");
    if (xml->had_doctype) {
        tg_xml_fail(xml, p, "a second DOCTYPE");
        return false;
    }
    xml->had_doctype = true;
    p = after_blanks(xml, p + 9);
    const struct tg_xml_name *name = p != NULL ? tg_xml_read_name(xml, p) : NULL;
    if (name == NULL)
        return false;
    p += name->len;
    if (tg_xml_is_blank(*p))
        p = read_external(xml, tg_xml_blanks(p));
    if (p == NULL)
        return false;
    if (*p == '[')
        return refuse_doctype(xml, p, "a DOCTYPE with declarations of its own is refused");
    if (*p != '>') {
        tg_xml_fail(xml, p, "the DOCTYPE is not well-formed");
        return false;
    }
    xml->at = p + 1;
    return true;
}
