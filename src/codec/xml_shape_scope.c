/* The namespaces in force, which BadgerFish repeats. */
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
