/* Namespaces: what prefixes are bound to, and attributes that are the same by it. */
#include "codec/uri.h"
#include "codec/xml_parts.h"

#include <stdlib.h>

#define XSI "http://www.w3.org/2001/XMLSchema-instance"

static struct tg_xml_name *find(struct tg_xml *xml, struct tg_text text)
{
    bool added;
    struct tg_xml_name *uri = tg_xml_names_intern(&xml->uris, text, &added);

    if (added) {
        uri->kind = text.len == 0                    ? TG_XML_URI_EMPTY
                    : tg_text_is(text, TG_TEXT(XSI)) ? TG_XML_URI_XSI
                    : tg_uri_is_reference(text)      ? TG_XML_PLAIN
                                                     : TG_XML_URI_BAD;
        /* A reference has no quotes, but ' and &. */
        uri->literal = (uri->kind == TG_XML_PLAIN || uri->kind == TG_XML_URI_XSI) &&
                       memchr(text.base, '&', text.len) == NULL;
    }
    return uri;
}

/* The interned namespace name of a declaration; NULL: a limit was crossed. */
static struct tg_xml_name *intern(struct tg_xml *xml, struct tg_xml_name *name, struct tg_text text,
                                  bool again, const char *at)
{
    if (text.len > xml->limits.name) {
        tg_xml_fail_limit(xml, at, "name", xml->limits.name, "bytes in a namespace name");
        return NULL;
    }
    struct tg_xml_name *uri = name->declared;
    if (!again && (uri == NULL || !tg_text_is(tg_xml_name_text(uri), text)))
        uri = find(xml, text);
    if (uri->document != xml->document) {
        if (xml->distinct == xml->limits.names) {
            tg_xml_fail_limit(xml, at, "names", xml->limits.names, "different names");
            return NULL;
        }
        xml->distinct++;
        uri->document = xml->document;
    }
    return uri;
}

static void bind(struct tg_xml *xml, struct tg_xml_name *prefix, struct tg_xml_name *uri)
{
    xml->bindings = tg_xml_grow(xml->bindings, &xml->binding_capacity, xml->binding_count + 1,
                                sizeof(*xml->bindings));
    xml->bindings[xml->binding_count++] = (struct tg_xml_binding){prefix, prefix->namespace};
    prefix->namespace = uri;
}

/* Why the prefix may not stand for the namespace, or NULL. */
static const char *reason_against(const struct tg_xml *xml, struct tg_text prefix,
                                  const struct tg_xml_name *uri)
{
    if (tg_text_is(prefix, TG_TEXT("xmlns")))
        return "the prefix xmlns may not be declared";
    if (tg_text_is(prefix, TG_TEXT("xml")))
        return uri->kind == TG_XML_URI_XML ? NULL : "the prefix xml may not be bound anew";
    if (uri->kind == TG_XML_URI_XML)
        return "this namespace belongs to the prefix xml";
    if (uri == xml->xmlns_uri)
        return "this namespace may not be declared";
    if (uri->kind == TG_XML_URI_BAD)
        return "a namespace name that is not a URI";
    if (uri->kind == TG_XML_URI_EMPTY && prefix.len != 0)
        return "a prefix may not be bound to nothing";
    return NULL;
}

bool tg_xml_declare(struct tg_xml *xml, const struct tg_xml_attribute *attribute, bool again,
                    const char *at)
{
    struct tg_xml_name *prefix =
        attribute->name->kind == TG_XML_XMLNS_PREFIX ? attribute->name->local : NULL;
    struct tg_xml_name *uri = intern(xml, attribute->name, attribute->value, again, at);

    if (uri == NULL)
        return false;
    const char *reason = NULL;
    if (uri != attribute->name->declared)
        reason = reason_against(xml, prefix != NULL ? tg_xml_name_text(prefix) : TG_TEXT(""), uri);
    if (reason != NULL) {
        tg_xml_fail(xml, at, "%s", reason);
        return false;
    }
    attribute->name->declared = uri;
    if (prefix != NULL && prefix->namespace != uri)
        bind(xml, prefix, uri);
    return true;
}

static bool is_bound(struct tg_xml *xml, const struct tg_xml_name *name, const char *at)
{
    if (name->prefix == NULL || name->prefix->namespace != NULL)
        return true;
    struct tg_text prefix = tg_xml_name_text(name->prefix);
    tg_xml_fail(xml, at, "prefix \"%.*s\" is not declared", tg_xml_shown(prefix), prefix.base);
    return false;
}

static void make_room(struct tg_xml *xml, size_t names)
{
    size_t slots = xml->expanded_capacity < 32 ? 32 : xml->expanded_capacity;

    while (slots < names * 2)
        slots *= 2;
    if (slots == xml->expanded_capacity)
        return;
    free(xml->expanded);
    xml->expanded_capacity = 0;
    xml->expanded = tg_xml_grow(NULL, &xml->expanded_capacity, slots, sizeof(*xml->expanded));
    memset(xml->expanded, 0, slots * sizeof(*xml->expanded));
}

/* Whether the expanded name was already in the tag; it is now. */
static bool was_there(struct tg_xml *xml, const struct tg_xml_name *namespace,
                      const struct tg_xml_name *local)
{
    size_t mask = xml->expanded_capacity - 1;

    for (size_t i = (namespace->hash ^ local->hash * 3) & mask;; i = (i + 1) & mask) {
        struct tg_xml_expanded *slot = &xml->expanded[i];
        if (slot->tag != xml->tag) {
            *slot = (struct tg_xml_expanded){namespace, local, xml->tag};
            return false;
        }
        if (slot->namespace == namespace && slot->local == local)
            return true;
    }
}

/* No two attributes may have one local name in one namespace. */
static bool check_expanded(struct tg_xml *xml, size_t prefixed, const char *at)
{
    make_room(xml, prefixed);
    for (size_t i = 0; i < xml->attribute_count; i++) {
        const struct tg_xml_name *name = xml->attributes[i].name;
        if (name->kind != TG_XML_PLAIN || name->prefix == NULL)
            continue;
        if (was_there(xml, name->prefix->namespace, name->local)) {
            struct tg_text twice = tg_xml_name_text(name);
            tg_xml_fail(xml, at, "attribute \"%.*s\" twice in its namespace", tg_xml_shown(twice),
                        twice.base);
            return false;
        }
    }
    return true;
}

static void look_for_nil(struct tg_xml *xml, const struct tg_xml_attribute *attribute)
{
    if (tg_text_is(tg_xml_name_text(attribute->name->local), TG_TEXT("nil")))
        xml->nil = tg_text_is(attribute->value, TG_TEXT("true")) ||
                   tg_text_is(attribute->value, TG_TEXT("1"));
}

bool tg_xml_resolve(struct tg_xml *xml, const char *at)
{
    size_t prefixed = 0;

    if (!is_bound(xml, xml->name, at))
        return false;
    xml->only_nil = true;
    for (size_t i = 0; i < xml->attribute_count; i++) {
        const struct tg_xml_attribute *attribute = &xml->attributes[i];
        const struct tg_xml_name *prefix = attribute->name->prefix;
        if (attribute->name->kind != TG_XML_PLAIN)
            continue;
        if (!is_bound(xml, attribute->name, at))
            return false;
        prefixed += prefix != NULL;
        if (prefix != NULL && prefix->namespace->kind == TG_XML_URI_XSI)
            look_for_nil(xml, attribute);
        else
            xml->only_nil = false;
    }
    return prefixed < 2 || check_expanded(xml, prefixed, at);
}

void tg_xml_merge_attributes(struct tg_xml *xml)
{
    for (uint32_t i = 0; i < xml->attribute_count; i++) {
        struct tg_xml_attribute *attribute = &xml->attributes[i];
        struct tg_xml_name *local = attribute->name->local;
        attribute->next = 0;
        attribute->merged = attribute->name->kind != TG_XML_PLAIN;
        if (attribute->merged)
            continue;
        if (local->merged == xml->tag) {
            xml->attributes[local->attribute].next = i;
            attribute->merged = true;
        }
        local->merged = xml->tag;
        local->attribute = i;
    }
}
