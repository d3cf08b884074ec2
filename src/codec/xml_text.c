/* References in text and attribute values. */
#include "codec/utf8.h"
#include "codec/xml_parts.h"

static int digit_of(char c, bool hex)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return hex && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind "&#"; NULL when it is not a reference to a character of XML. */
static const char *read_character(const char *p, char **out)
{
    bool hex = *p == 'x';
    uint32_t code = 0;
    const char *digits = p += hex;

    for (int d; (d = digit_of(*p, hex)) >= 0; p++) {
        code = code * (hex ? 16 : 10) + (uint32_t)d;
        if (code > 0x10ffff)
            return NULL;
    }
    if (p == digits || *p != ';' || !tg_utf8_is_xml(code))
        return NULL;
    *out = tg_utf8_write(*out, code);
    return p + 1;
}

struct entity {
    struct tg_text name;
    char value;
};

static const struct entity entities[] = {
    {{"lt;", 3}, '<'},   {{"gt;", 3}, '>'},    {{"amp;", 4}, '&'},
    {{"quot;", 5}, '"'}, {{"apos;", 5}, '\''},
};

/* Behind "&"; NULL when there is no such entity. */
static const char *read_entity(const char *p, const char *end, char **out)
{
    for (size_t i = 0; i < sizeof(entities) / sizeof(*entities); i++) {
        size_t len = entities[i].name.len;
        if ((size_t)(end - p) >= len && memcmp(p, entities[i].name.base, len) == 0) {
            *(*out)++ = entities[i].value;
            return p + len;
        }
    }
    return NULL;
}

static void fail_entity(struct tg_xml *xml, const char *at)
{
    struct tg_text name = tg_text(at + 1, tg_xml_ncname(at + 1, xml->end));

    if (name.len == 0 || name.base[name.len] != ';')
        tg_xml_fail(xml, at, "an \"&\" that begins no reference");
    else
        tg_xml_fail(xml, at, "unknown entity \"%.*s\"", tg_xml_shown(name), name.base);
}

/* The reference at p; NULL: an error. */
static const char *read_reference(struct tg_xml *xml, const char *p, const char *end, char **out)
{
    const char *behind;

    if (p[1] == '#') {
        behind = read_character(p + 2, out);
        if (behind == NULL)
            tg_xml_fail(xml, p, "a reference to no character");
        return behind;
    }
    behind = read_entity(p + 1, end, out);
    if (behind == NULL)
        fail_entity(xml, p);
    return behind;
}

/* Copies what stands before the next reference and returns its place. */
static const char *copy_plain(const char *p, const char *end, bool attribute, char **out)
{
    const char *next = memchr(p, '&', (size_t)(end - p));
    size_t n = (size_t)((next != NULL ? next : end) - p);

    memcpy(*out, p, n);
    for (size_t i = 0; attribute && i < n; i++) {
        if (tg_xml_is_blank((*out)[i]))
            (*out)[i] = ' ';
    }
    *out += n;
    return p + n;
}

struct tg_text tg_xml_decode_text(struct tg_xml *xml, const char *p, const char *end,
                                  bool attribute)
{
    struct tg_buffer *decoded = &xml->decoded;

    /* What is decoded is never longer than what was written, so this happens once a document. */
    if (decoded->capacity < (size_t)(xml->end - xml->start))
        tg_buffer_reserve(decoded, (size_t)(xml->end - xml->start));
    char *start = decoded->base + decoded->len, *out = start;
    for (;;) {
        p = copy_plain(p, end, attribute, &out);
        if (p == end)
            break;
        p = read_reference(xml, p, end, &out);
        if (p == NULL)
            return tg_text(NULL, 0);
    }
    decoded->len = (size_t)(out - decoded->base);
    return tg_text(start, (size_t)(out - start));
}
