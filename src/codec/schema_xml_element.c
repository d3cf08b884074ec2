/* Elements of nodes. */

#include "codec/schema_xml_parts.h"

#define XSI "http://www.w3.org/2001/XMLSchema-instance"

static bool put_tag(struct writer *w, const struct tg_schema_element *element)
{
    if (++w->elements > w->most)
        return tg_sxml_refuse_limit(w, "elements", w->most);
    if (w->out->len - w->base > w->limit)
        return tg_sxml_refuse_limit(w, "output", w->limit);
    w->used[element->namespace] = true;
    return tg_buffer_append(w->out, element->open.base, element->open.len);
}

static bool put_end(struct writer *w, const struct tg_schema_element *element)
{
    return tg_buffer_append(w->out, element->close.base, element->close.len);
}

bool tg_sxml_put_text(struct writer *w, const struct tg_schema_element *element,
                      const struct tg_schema_simple *type, const struct node *node)
{
    size_t before = w->out->len;

    if (element->is_fixed && !tg_sxml_is_same_value(node, element->value))
        return tg_sxml_refuse(w, "it is always \"%s\"", element->value.base);
    if (!tg_sxml_put_simple(w, type, node, false))
        return false;
    if (w->out->len == before && element->has_default && element->value.len != 0)
        return tg_sxml_refuse(w, "empty, which stands for the default \"%s\"", element->value.base);
    return true;
}

/* { "#text": … } and nothing else beside attributes. */
static bool put_object_text(struct writer *w, const struct tg_schema_element *element,
                            const struct tg_schema_type *type, const struct node *object)
{
    const struct node *text = tg_sxml_find_member(object, TG_TEXT("#text"));

    for (const struct node *at = object->first; at != NULL; at = at->next)
        if (at != text && (at->key.len == 0 || at->key.base[0] != '@')) {
            tg_sxml_refuse(w, "the schema has no such member");
            return tg_sxml_fail_in_member(w, at->key);
        }
    if (text == NULL) {
        tg_sxml_refuse(w, "it is missing");
        return tg_sxml_fail_in_member(w, TG_TEXT("#text"));
    }
    return tg_sxml_put_text(w, element, type->simple, text) || tg_sxml_fail_in_member(w, text->key);
}

bool tg_sxml_choose_type(struct writer *w, const struct tg_schema_element *element,
                         const struct node *named, const struct tg_schema_type **type)
{
    const struct tg_schema_model *model = w->model;

    *type = element->type;
    if (named != NULL) {
        *type = NULL;
        for (size_t i = 0; i < model->type_count && *type == NULL; i++) {
            const struct tg_schema_type *one = model->types[i].made;
            if (tg_text_is(one->shown, tg_sxml_scalar(named)))
                *type = one;
        }
        if (*type == NULL || !(*type)->complex || !tg_schema_derives(*type, element->type)) {
            tg_sxml_refuse(w, "it is no type that is derived from that of '%s'",
                           element->name.base);
            return tg_sxml_fail_in_member(w, named->key);
        }
    }
    if (!(*type)->abstract)
        return true;
    tg_sxml_refuse(w, "it is missing: the type of '%s' is abstract", element->name.base);
    return tg_sxml_fail_in_member(w, TG_TEXT("@xsi:type"));
}

void tg_sxml_put_type(struct writer *w, const struct tg_schema_type *type)
{
    size_t namespace = tg_schema_namespace(w->model, type->name.namespace);

    tg_buffer_printf(w->out, " xmlns:xsi=\"" XSI "\" xsi:type=\"");
    tg_sxml_use(w, namespace);
    if (namespace != 0)
        tg_buffer_printf(w->out, "n%zu:", namespace);
    tg_buffer_printf(w->out, "%s\"", type->name.local);
}

static bool put_nil(struct writer *w, const struct tg_schema_element *element,
                    const struct tg_schema_type *type)
{
    if (!element->nillable)
        return tg_sxml_refuse(w, "null, but the element is not nillable");
    for (size_t i = 0; i < type->attribute_count; i++)
        if (type->attributes[i].required)
            return tg_sxml_refuse(w, "null, but '@%s' is required", type->attributes[i].name.base);
    tg_buffer_printf(w->out, " xmlns:xsi=\"" XSI "\" xsi:nil=\"true\"/>");
    return true;
}

static bool put_object(struct writer *w, const struct tg_schema_element *element,
                       const struct node *object)
{
    const struct tg_schema_type *type;
    const struct node *nil = tg_sxml_find_member(object, TG_TEXT("@xsi:nil"));

    if (!tg_sxml_choose_type(w, element, tg_sxml_find_member(object, TG_TEXT("@xsi:type")), &type))
        return false;
    if (type != element->type)
        tg_sxml_put_type(w, type);
    if (!tg_sxml_put_attributes(w, type, object))
        return false;
    if (nil != NULL && nil->kind == TG_JSON_TRUE) {
        if (!element->nillable)
            return tg_sxml_refuse(w, "'@xsi:nil', but the element is not nillable");
        for (const struct node *at = object->first; at != NULL; at = at->next)
            if (at->key.len == 0 || at->key.base[0] != '@')
                return tg_sxml_refuse(w, "'@xsi:nil' with content");
        tg_buffer_printf(w->out, "%s xsi:nil=\"true\"/>",
                         type != element->type ? "" : " xmlns:xsi=\"" XSI "\"");
        return true;
    }
    tg_buffer_put(w->out, '>');
    if (type->raw)
        return tg_sxml_refuse(w, "a type with mixed content can't stand for this one");
    return (type->simple != NULL ? put_object_text(w, element, type, object)
                                 : tg_sxml_put_children(w, type, object)) &&
           put_end(w, element);
}

bool tg_sxml_put_element(struct writer *w, const struct tg_schema_element *element,
                         const struct node *node)
{
    const struct tg_schema_type *type = element->type;

    if (type->raw && !(node->kind == TG_JSON_NULL && element->nillable))
        return tg_sxml_put_raw(w, node, element, NULL);
    if (!put_tag(w, element))
        return false;
    if (node->kind == TG_JSON_NULL)
        return put_nil(w, element, type);
    if (!type->complex)
        return tg_buffer_put(w->out, '>') && tg_sxml_put_text(w, element, type->simple, node) &&
               put_end(w, element);
    if (node->kind != TG_JSON_OBJECT)
        return tg_sxml_refuse(w, "%s, but the schema wants an object", tg_sxml_kind_of(node));
    return put_object(w, element, node);
}
