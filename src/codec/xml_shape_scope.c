/* The namespaces in force, which BadgerFish repeats, and the keys of their prefixes. */
#include "codec/xml_shape_parts.h"

static bool is_declaration(const struct tg_xml_node_attribute *attribute)
{
    return attribute->name->kind != TG_XML_PLAIN;
}

/* Adds those of the list whose prefixes are not yet in the scope. */
static void add_to_scope(struct tg_xml_shaper *s, struct tg_xml_scope *scope,
                         const struct tg_xml_node_attribute *attribute)
{
    if (attribute->name->tag == s->xml->tag)
        return;
    attribute->name->tag = s->xml->tag;
    scope->declarations[scope->count++] = attribute; /* xmlns="" too: else it could not be undone */
}

const struct tg_xml_scope *tg_xml_scope_of(struct tg_xml_shaper *s, const struct tg_xml_node *node)
{
    size_t own = 0, outer = s->scope != NULL ? s->scope->count : 0;

    if (s->options->namespaces != TG_XML_BADGERFISH)
        return NULL;
    for (size_t i = 0; i < node->attribute_count; i++)
        own += is_declaration(&node->attributes[i]);
    if (own == 0)
        return s->scope;
    struct tg_xml_scope *scope = tg_xml_arena_take(&s->xml->arena, sizeof(*scope));
    scope->declarations = tg_xml_arena_take(
        &s->xml->arena, (own + outer) * sizeof(const struct tg_xml_node_attribute *));
    s->xml->tag++;
    for (size_t i = 0; i < node->attribute_count; i++) {
        if (is_declaration(&node->attributes[i]))
            add_to_scope(s, scope, &node->attributes[i]);
    }
    for (size_t i = 0; i < outer; i++)
        add_to_scope(s, scope, s->scope->declarations[i]);
    return scope;
}

/* Whether the key of a prefix can't be written as it is: the empty one would be read as none, and
 * others than xml itself may not become it. */
static bool is_no_prefix(const struct tg_xml_name *key, const struct tg_xml_name *prefix)
{
    return key->len == 0 || (key->len != prefix->len && tg_xml_is_reserved(tg_xml_name_text(key)));
}

bool tg_xml_scope_unescapes(struct tg_xml_shaper *s)
{
    uint64_t tag = ++s->xml->tag;

    for (size_t i = 0; i < s->scope->count && s->options->unescape_names; i++) {
        const struct tg_xml_name *name = s->scope->declarations[i]->name;
        struct tg_xml_name *key = name->kind != TG_XML_XMLNS ? tg_xml_element_name(s, name->local)
                                                             : tg_xml_key_name(s, TG_TEXT("$"));
        if (key->tag == tag || (name->kind != TG_XML_XMLNS && is_no_prefix(key, name->local)))
            return false;
        key->tag = tag;
    }
    return s->options->unescape_names;
}

struct tg_text tg_xml_scope_prefix(struct tg_xml_shaper *s,
                                   const struct tg_xml_node_attribute *declaration, bool unescapes)
{
    if (declaration->name->kind == TG_XML_XMLNS)
        return TG_TEXT("$");
    return unescapes ? tg_xml_element_key(s, declaration->name->local)
                     : tg_xml_name_text(declaration->name->local);
}
