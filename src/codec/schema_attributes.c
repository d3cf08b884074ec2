/* Attributes of types, groups of them, and wildcards. */
#include <stdlib.h>
#include <string.h>

#include "codec/schema_model.h"

static bool is_qualified(const xmlNode *node)
{
    const char *form = tg_schema_attribute(node, "form");

    if (form == NULL)
        form = tg_schema_attribute(xmlDocGetRootElement(node->doc), "attributeFormDefault");
    return form != NULL && strcmp(form, "qualified") == 0;
}

/* The type of an attribute's declaration. */
static const struct tg_schema_simple *type_of(struct tg_schema_model *model,
                                              const struct tg_schema_document *document,
                                              const xmlNode *node)
{
    const char *type = tg_schema_attribute(node, "type");

    if (type != NULL)
        return tg_schema_simple_named(model, document, node, type);
    for (const xmlNode *child = node->children; child != NULL; child = child->next)
        if (child->type == XML_ELEMENT_NODE && tg_schema_is(child, "simpleType"))
            return tg_schema_simple_at(model, document, child);
    return tg_schema_builtin_of(model, "anySimpleType");
}

static struct tg_schema_attribute *find(struct tg_schema_type *type,
                                        const struct tg_schema_attribute *attribute)
{
    for (size_t i = 0; i < type->attribute_count; i++)
        if (type->attributes[i].namespace == attribute->namespace &&
            tg_text_is(type->attributes[i].name, attribute->name))
            return &type->attributes[i];
    return NULL;
}

static void set_value(struct tg_schema_model *model, struct tg_schema_attribute *attribute,
                      const xmlNode *node)
{
    const char *fixed = tg_schema_attribute(node, "fixed");
    const char *standard = tg_schema_attribute(node, "default");

    if (fixed == NULL && standard == NULL)
        return;
    attribute->value = tg_schema_keep(model, fixed != NULL ? fixed : standard);
    attribute->has_default = true;
    attribute->is_fixed = fixed != NULL;
}

static bool add(struct tg_schema_model *model, struct tg_schema_type *type,
                const struct tg_schema_document *document, const xmlNode *node,
                const struct tg_schema_attribute *attribute)
{
    struct tg_schema_attribute *same = find(type, attribute);

    if (same != NULL) {
        *same = *attribute;
        return true;
    }
    for (size_t i = 0; i < type->attribute_count; i++)
        if (tg_text_is(type->attributes[i].name, attribute->name))
            return tg_schema_fail_at(model->error, document, node,
                                     "two attributes '%.80s' of different namespaces in one type",
                                     attribute->name.base);
    struct tg_schema_attribute *list =
        tg_schema_take(model, (type->attribute_count + 1) * sizeof(*list));
    if (type->attribute_count != 0)
        memcpy(list, type->attributes, type->attribute_count * sizeof(*list));
    list[type->attribute_count++] = *attribute;
    type->attributes = list;
    return true;
}

static void take_away(struct tg_schema_type *type, const struct tg_schema_attribute *attribute)
{
    struct tg_schema_attribute *same = find(type, attribute);

    if (same == NULL)
        return;
    size_t behind = type->attribute_count - (size_t)(same - type->attributes) - 1;
    memmove(same, same + 1, behind * sizeof(*same));
    type->attribute_count--;
}

static bool read_attribute(struct tg_schema_model *model, struct tg_schema_type *type,
                           const struct tg_schema_document *document, const xmlNode *node)
{
    const char *ref = tg_schema_attribute(node, "ref"), *use = tg_schema_attribute(node, "use");
    const char *name = tg_schema_attribute(node, "name");
    const struct tg_schema_document *where = document;
    const xmlNode *declaration = node;
    const char *namespace = is_qualified(node) ? document->namespace : "";
    struct tg_schema_attribute attribute = {.required =
                                                use != NULL && strcmp(use, "required") == 0};

    if (ref != NULL) {
        const struct tg_schema_component *component = tg_schema_find(
            model->index, TG_SCHEMA_ATTRIBUTE, tg_schema_resolve(document, node, ref));
        if (component == NULL)
            return tg_schema_fail_at(model->error, document, node, "there is no attribute '%.100s'",
                                     ref);
        where = component->document;
        declaration = component->node;
        namespace = component->name.namespace;
        name = component->name.local;
    }
    if (name == NULL)
        return tg_schema_fail_at(model->error, document, node, "an attribute without a name");
    attribute.name = tg_schema_keep(model, name);
    attribute.namespace = tg_schema_namespace(model, namespace);
    attribute.key = tg_schema_key(model, "@", name);
    attribute.shown = tg_text(attribute.key.base + 1, attribute.key.len - 3);
    attribute.open = tg_schema_written(model, " ", attribute.namespace, name, "=\"");
    if (use != NULL && strcmp(use, "prohibited") == 0) {
        take_away(type, &attribute);
        return true;
    }
    attribute.type = type_of(model, where, declaration);
    set_value(model, &attribute, declaration);
    set_value(model, &attribute, node);
    return attribute.type != NULL && add(model, type, document, node, &attribute);
}

struct tg_schema_wildcard *tg_schema_read_wildcard(struct tg_schema_model *model,
                                                   const struct tg_schema_document *document,
                                                   const xmlNode *node)
{
    struct tg_schema_wildcard *wildcard = tg_schema_take(model, sizeof(*wildcard));
    const char *text = tg_schema_attribute(node, "namespace");

    wildcard->not = tg_schema_keep(model, document->namespace).base;
    if (text == NULL || strcmp(text, "##any") == 0) {
        wildcard->any = true;
        return wildcard;
    }
    if (strcmp(text, "##other") == 0) {
        wildcard->other = true;
        return wildcard;
    }
    wildcard->list = tg_schema_take(model, (strlen(text) / 2 + 1) * sizeof(*wildcard->list));
    while (*(text += strspn(text, " \t\n")) != '\0') {
        size_t len = strcspn(text, " \t\n");
        char *name = tg_schema_take(model, len + 1);
        memcpy(name, text, len);
        wildcard->list[wildcard->count++] = strcmp(name, "##local") == 0             ? ""
                                            : strcmp(name, "##targetNamespace") == 0 ? wildcard->not
                                                                                     : name;
        text += len;
    }
    return wildcard;
}

bool tg_schema_allows(const struct tg_schema_wildcard *wildcard, struct tg_text namespace)
{
    if (wildcard->any)
        return true;
    if (wildcard->other)
        return namespace.len != 0 && !tg_text_is(namespace, tg_text_of(wildcard->not ));
    for (size_t i = 0; i < wildcard->count; i++)
        if (tg_text_is(namespace, tg_text_of(wildcard->list[i])))
            return true;
    return false;
}

bool tg_schema_read_attributes(struct tg_schema_model *model, struct tg_schema_type *type,
                               const struct tg_schema_document *document, const xmlNode *node)
{
    bool good = true;

    for (const xmlNode *child = node->children; child != NULL && good; child = child->next) {
        if (child->type != XML_ELEMENT_NODE)
            continue;
        if (tg_schema_is(child, "attribute")) {
            good = read_attribute(model, type, document, child);
        } else if (tg_schema_is(child, "anyAttribute")) {
            type->any_attribute = tg_schema_read_wildcard(model, document, child);
        } else if (tg_schema_is(child, "attributeGroup")) {
            const char *ref = tg_schema_attribute(child, "ref");
            const struct tg_schema_component *group =
                tg_schema_find(model->index, TG_SCHEMA_ATTRIBUTE_GROUP,
                               tg_schema_resolve(document, child, ref != NULL ? ref : ""));
            good = group != NULL
                       ? tg_schema_read_attributes(model, type, group->document, group->node)
                       : tg_schema_fail_at(model->error, document, child,
                                           "there is no attributeGroup '%.100s'",
                                           ref != NULL ? ref : "");
        }
    }
    return good;
}
