/* Members of objects that are attributes. */

#include "codec/schema_xml_parts.h"

/* @{namespace}name of an attribute that only a wildcard allows. */
static bool put_other_attribute(struct writer *w, const struct tg_schema_type *type,
                                const struct node *node, size_t number)
{
    struct tg_text name = tg_text(node->key.base + 1, node->key.len - 1), namespace = {"", 0};
    const char *brace =
        name.len != 0 && name.base[0] == '{' ? memchr(name.base, '}', name.len) : NULL;
    struct tg_text text = tg_sxml_scalar(node);
    bool cr;

    if (brace != NULL) {
        namespace = tg_text(name.base + 1, (size_t)(brace - name.base) - 1);
        name = tg_text(brace + 1, name.len - namespace.len - 2);
    }
    if (type->any_attribute == NULL || !tg_schema_allows(type->any_attribute, namespace))
        return tg_sxml_refuse(w, "there is no such attribute");
    if (text.base == NULL || name.len == 0 || tg_utf8_check_xml(text, &cr) != text.len)
        return tg_sxml_refuse(w, "the attribute is no text");
    w->deep = true;
    if (namespace.len == 0)
        tg_buffer_put(w->out, ' ');
    else {
        tg_buffer_printf(w->out, " xmlns:o%zu=\"", number);
        tg_sxml_escape(w, namespace, true);
        tg_buffer_printf(w->out, "\" o%zu:", number);
    }
    tg_buffer_append(w->out, name.base, name.len);
    tg_buffer_append(w->out, "=\"", 2);
    tg_sxml_escape(w, text, true);
    return tg_buffer_put(w->out, '"');
}

bool tg_sxml_put_attribute(struct writer *w, const struct tg_schema_attribute *attribute,
                           const struct node *node)
{
    if (attribute->is_fixed && !tg_sxml_is_same_value(node, attribute->value))
        return tg_sxml_refuse(w, "it is always \"%s\"", attribute->value.base);
    tg_sxml_use(w, attribute->namespace);
    tg_buffer_append(w->out, attribute->open.base, attribute->open.len);
    return tg_sxml_put_simple(w, attribute->type, node, true) && tg_buffer_put(w->out, '"');
}

static bool is_xsi(struct tg_text key)
{
    return tg_text_is(key, TG_TEXT("@xsi:type")) || tg_text_is(key, TG_TEXT("@xsi:nil"));
}

bool tg_sxml_put_attributes(struct writer *w, const struct tg_schema_type *type,
                            const struct node *object)
{
    size_t number = 0;

    for (size_t i = 0; i < type->attribute_count; i++) {
        const struct tg_schema_attribute *attribute = &type->attributes[i];
        const struct node *node = tg_sxml_find_member(object, attribute->shown);
        if (node == NULL && attribute->required) {
            tg_sxml_refuse(w, "it is missing");
            return tg_sxml_fail_in_member(w, attribute->shown);
        }
        if (node != NULL && !tg_sxml_put_attribute(w, attribute, node))
            return tg_sxml_fail_in_member(w, attribute->shown);
    }
    for (const struct node *at = object->first; at != NULL; at = at->next) {
        bool known = at->key.len == 0 || at->key.base[0] != '@' || is_xsi(at->key);
        for (size_t i = 0; i < type->attribute_count && !known; i++)
            known = tg_text_is(type->attributes[i].shown, at->key);
        if (!known && ++number > ATTRIBUTES)
            return tg_sxml_refuse_limit(w, "attributes", ATTRIBUTES);
        if (!known && !put_other_attribute(w, type, at, number))
            return tg_sxml_fail_in_member(w, at->key);
        if (at->key.len != 0 && at->key.base[0] == '@' &&
            tg_sxml_find_member(object, at->key) != at) {
            tg_sxml_refuse(w, "the member is there twice");
            return tg_sxml_fail_in_member(w, at->key);
        }
    }
    return true;
}
