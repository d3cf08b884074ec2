/* Start tags and their attributes. */
#include "codec/xml_parts.h"

#include <stdio.h>
#include <stdlib.h>

void *tg_xml_grow(void *base, size_t *capacity, size_t n, size_t size)
{
    if (n <= *capacity)
        return base;
    size_t wanted = *capacity + *capacity / 2 + 16;
    *capacity = wanted > n ? wanted : n;
    base = realloc(base, *capacity * size);
    if (base == NULL) {
        fprintf(stderr, "tidegate: out of memory\n");
        abort();
    }
    return base;
}

/* The end of the value; *odd tells of what must be looked at again. NULL when it has no end. */
static const char *find_quote(const struct tg_xml *xml, const char *p, char quote, unsigned *odd)
{
    *odd = 0;
    while (xml->end - p >= TG_BLOCK) {
        struct tg_block block = tg_block_load(p);
        unsigned stop = tg_block_is(block, quote);
        unsigned special = tg_block_mask(
            tg_block_or(tg_block_either(block, '<', '&'), tg_block_most(block, 0x1f)));
        *odd |= special & tg_block_before(stop);
        if (stop != 0)
            return p + tg_block_first(stop);
        p += TG_BLOCK;
    }
    for (; p < xml->end; p++) {
        if (*p == quote)
            return p;
        *odd |= *p == '<' || *p == '&' || (unsigned char)*p < 0x20;
    }
    return NULL;
}

/* The value whose quote is at p; returns what follows, NULL for an error. */
static const char *read_value(struct tg_xml *xml, const char *p, struct tg_text *value)
{
    unsigned odd;
    char quote = *p;

    if (quote != '"' && quote != '\'') {
        tg_xml_fail(xml, p, "expected a quote");
        return NULL;
    }
    const char *end = find_quote(xml, ++p, quote, &odd);
    *value = tg_text(p, end != NULL ? (size_t)(end - p) : 0);
    if (odd != 0) {
        const char *less = memchr(p, '<', (size_t)((end != NULL ? end : xml->end) - p));
        if (less != NULL) {
            tg_xml_fail(xml, less, "\"<\" in the value of an attribute");
            return NULL;
        }
        if (end != NULL)
            *value = tg_xml_decode_text(xml, p, end, true);
        if (value->base == NULL)
            return NULL;
    }
    if (end == NULL) {
        tg_xml_fail_end(xml);
        return NULL;
    }
    return end + 1;
}

/* Prefixes keep their namespaces: whether the value whose quote is at p is the last one of the
 * name. Then it needs no look of its own. */
static inline bool is_declared_again(const struct tg_xml *xml, const struct tg_xml_name *name,
                                     const char *p)
{
    const struct tg_xml_name *uri = name->declared;

    return uri != NULL && uri->literal && *p == '"' && (size_t)(xml->end - p) > uri->len + 1 &&
           p[uri->len + 1] == '"' && memcmp(p + 1, tg_xml_name_text(uri).base, uri->len) == 0;
}

static bool count(struct tg_xml *xml, const struct tg_xml_attribute *attribute, bool again,
                  const char *at, size_t *xmlns)
{
    if (attribute->name->kind == TG_XML_PLAIN) {
        if (xml->attribute_count - *xmlns < xml->limits.attributes)
            return true;
        tg_xml_fail_limit(xml, at, "attributes", xml->limits.attributes, "attributes");
        return false;
    }
    if (*xmlns == xml->limits.xmlns) {
        tg_xml_fail_limit(xml, at, "xmlns", xml->limits.xmlns, "namespace declarations");
        return false;
    }
    ++*xmlns;
    return tg_xml_declare(xml, attribute, again, at);
}

/* The attribute at p; returns what follows, NULL for an error. It is read into its place: a copy of
 * a fresh struct would wait for its own stores. */
static const char *read_attribute(struct tg_xml *xml, const char *p, size_t *xmlns)
{
    const char *at = p;
    struct tg_xml_name *name = tg_xml_read_name(xml, p);

    if (name == NULL)
        return NULL;
    p = tg_xml_blanks(p + name->len);
    if (*p != '=') {
        tg_xml_fail(xml, p, "expected \"=\"");
        return NULL;
    }
    if (xml->attribute_count == xml->attribute_capacity)
        xml->attributes = tg_xml_grow(xml->attributes, &xml->attribute_capacity,
                                      xml->attribute_count + 1, sizeof(*xml->attributes));
    struct tg_xml_attribute *attribute = &xml->attributes[xml->attribute_count];
    attribute->name = name;
    p = tg_xml_blanks(p + 1);
    bool again = is_declared_again(xml, name, p);
    if (again) {
        attribute->value = tg_text(p + 1, name->declared->len);
        p += name->declared->len + 2;
    } else {
        p = read_value(xml, p, &attribute->value);
    }
    if (p == NULL)
        return NULL;
    if (name->tag == xml->tag) {
        struct tg_text twice = tg_xml_name_text(name);
        tg_xml_fail(xml, at, "attribute \"%.*s\" twice", tg_xml_shown(twice), twice.base);
        return NULL;
    }
    name->tag = xml->tag;
    if (!count(xml, attribute, again, at, xmlns))
        return NULL;
    xml->attribute_count++;
    return p;
}

/* From behind the name to the end of the tag, where it returns; NULL: an error. */
static const char *read_attributes(struct tg_xml *xml, const char *p)
{
    size_t xmlns = 0;

    xml->tag++;
    for (;;) {
        const char *q = tg_xml_blanks(p);
        if (*q == '>' || (*q == '/' && q[1] == '>'))
            return q;
        if (q == p) {
            tg_xml_fail(xml, p, "expected a blank or the end of the tag");
            return NULL;
        }
        p = read_attribute(xml, q, &xmlns);
        if (p == NULL)
            return NULL;
    }
}

static bool push(struct tg_xml *xml, struct tg_xml_name *name, size_t bindings, const char *at)
{
    if (xml->depth == xml->limits.depth) {
        tg_xml_fail_limit(xml, at, "depth", xml->limits.depth, "levels");
        return false;
    }
    if (xml->elements == xml->limits.elements) {
        tg_xml_fail_limit(xml, at, "elements", xml->limits.elements, "elements");
        return false;
    }
    xml->elements++;
    if (xml->depth == xml->open_capacity)
        xml->open = tg_xml_grow(xml->open, &xml->open_capacity, xml->depth + 1, sizeof(*xml->open));
    struct tg_xml_open *open = &xml->open[xml->depth++];
    open->name = name;
    open->bindings = bindings;
    return true;
}

enum tg_xml_event tg_xml_start_tag(struct tg_xml *xml, const char *tag)
{
    size_t bindings = xml->binding_count;
    struct tg_xml_name *name = tg_xml_read_name(xml, tag + 1);

    if (name == NULL)
        return TG_XML_ERROR;
    xml->name = name;
    xml->attribute_count = 0;
    xml->nil = false;
    const char *p = tag + 1 + name->len;
    if (*p != '>') {
        xml->decoded.len = 0;
        p = read_attributes(xml, p);
        if (p == NULL)
            return TG_XML_ERROR;
    }
    bool is_bound = name->prefix == NULL || name->prefix->namespace != NULL;
    if ((!is_bound || xml->attribute_count != 0) && !tg_xml_resolve(xml, tag))
        return TG_XML_ERROR;
    if (!push(xml, name, bindings, tag))
        return TG_XML_ERROR;
    xml->closes = *p == '/';
    xml->at = p + 1 + xml->closes;
    return TG_XML_START;
}
