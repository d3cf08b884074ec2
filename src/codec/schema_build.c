/* From the declarations of a schema to its model: elements, types and what they are based on. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/schema_model.h"

/* ---- types */

static void enqueue(struct tg_schema_model *model, struct tg_schema_type *type)
{
    if (model->queue_count == model->queue_capacity) {
        model->queue_capacity = model->queue_capacity * 2 + 64;
        model->queue = realloc(model->queue, model->queue_capacity * sizeof(*model->queue));
        assert(model->queue != NULL);
    }
    model->queue[model->queue_count++] = type;
}

/* One for each node, which remembers it. A simpleType's has the simple type in it. */
struct tg_schema_type *tg_schema_type_at(struct tg_schema_model *model,
                                         const struct tg_schema_document *document,
                                         const xmlNode *node, struct tg_schema_name name)
{
    xmlNode *mutable = (xmlNode *)(uintptr_t)node;

    if (tg_schema_is(node, "simpleType")) {
        const struct tg_schema_simple *simple = tg_schema_simple_at(model, document, node);
        if (simple == NULL)
            return NULL;
        struct tg_schema_type *type = tg_schema_take(model, sizeof(*type));
        *type = (struct tg_schema_type){
            .id = ++model->type_total, .name = name, .simple = simple, .ready = true};
        return type;
    }
    if (node->_private != NULL)
        return node->_private;
    struct tg_schema_type *type = tg_schema_take(model, sizeof(*type));
    *type = (struct tg_schema_type){.id = ++model->type_total,
                                    .name = name,
                                    .document = document,
                                    .node = node,
                                    .complex = true};
    mutable->_private = type;
    enqueue(model, type);
    return type;
}

struct tg_schema_type *tg_schema_type_of(struct tg_schema_model *model,
                                         const struct tg_schema_document *document,
                                         const xmlNode *node, const char *text)
{
    struct tg_schema_name name = tg_schema_resolve(document, node, text);

    if (name.namespace != NULL && strcmp(name.namespace, TG_SCHEMA_XS) == 0) {
        if (strcmp(name.local, "anyType") == 0)
            return &model->any;
        const struct tg_schema_simple *simple = tg_schema_simple_named(model, document, node, text);
        if (simple == NULL)
            return NULL;
        for (size_t i = 0; i < model->simple_count; i++)
            if (model->simples[i].name.local == simple->name)
                return model->simples[i].made;
        struct tg_schema_type *type = tg_schema_take(model, sizeof(*type));
        *type = (struct tg_schema_type){.id = ++model->type_total, .simple = simple, .ready = true};
        assert(model->simple_count < 64);
        model->simples[model->simple_count++] =
            (struct tg_schema_entry){{TG_SCHEMA_XS, simple->name}, type};
        return type;
    }
    struct tg_schema_entry *entry = tg_schema_entry_of(model->types, model->type_count, name);
    if (entry != NULL && entry->made != NULL)
        return entry->made;
    const struct tg_schema_component *component =
        tg_schema_find(model->index, TG_SCHEMA_TYPE, name);
    if (component == NULL || entry == NULL) {
        tg_schema_fail_at(model->error, document, node, "there is no type '%.100s'", text);
        return NULL;
    }
    entry->made = tg_schema_type_at(model, component->document, component->node, entry->name);
    return entry->made;
}

static const xmlNode *child_of(const xmlNode *node, const char *name)
{
    for (const xmlNode *child = node->children; child != NULL; child = child->next)
        if (child->type == XML_ELEMENT_NODE && tg_schema_is(child, name))
            return child;
    return NULL;
}

static const xmlNode *particle_in(const xmlNode *node)
{
    static const char *const names[] = {"sequence", "choice", "all", "group"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const xmlNode *child = child_of(node, names[i]);
        if (child != NULL)
            return child;
    }
    return NULL;
}

/* Attributes and particle of the node; the particle follows that of the base type. */
static bool read_content(struct tg_schema_model *model, struct tg_schema_type *type,
                         const xmlNode *node, struct tg_schema_part *before)
{
    const xmlNode *particle = particle_in(node);
    struct tg_schema_part *part = NULL;

    if (particle != NULL) {
        part = tg_schema_read_part(model, type->document, particle);
        if (part == NULL)
            return false;
    }
    type->part = tg_schema_join(model, before, part);
    return tg_schema_read_attributes(model, type, type->document, node);
}

static void inherit_attributes(struct tg_schema_model *model, struct tg_schema_type *type,
                               const struct tg_schema_type *base, bool extends)
{
    size_t size = base->attribute_count * sizeof(*type->attributes);

    type->attributes = tg_schema_take(model, size + 1);
    if (size != 0)
        memcpy(type->attributes, base->attributes, size);
    type->attribute_count = base->attribute_count;
    type->any_attribute = extends ? base->any_attribute : NULL;
}

static bool is_mixed(const struct tg_schema_type *type, const xmlNode *content)
{
    const char *mixed = tg_schema_attribute(type->node, "mixed");

    if (content != NULL && tg_schema_attribute(content, "mixed") != NULL)
        mixed = tg_schema_attribute(content, "mixed");
    return mixed != NULL && (strcmp(mixed, "true") == 0 || strcmp(mixed, "1") == 0);
}

/* The base type, filled: what is derived from it needs all of it. */
static struct tg_schema_type *base_of(struct tg_schema_model *model, struct tg_schema_type *type,
                                      const xmlNode *step)
{
    const char *text = tg_schema_attribute(step, "base");

    if (text == NULL) {
        tg_schema_fail_at(model->error, type->document, step, "<%s> without a base",
                          (const char *)step->name);
        return NULL;
    }
    struct tg_schema_type *base = tg_schema_type_of(model, type->document, step, text);
    if (base == NULL || !tg_schema_fill(model, base))
        return NULL;
    type->base = base;
    return base;
}

static bool read_complex_content(struct tg_schema_model *model, struct tg_schema_type *type,
                                 const xmlNode *content)
{
    const xmlNode *step = child_of(content, "extension");
    bool extends = step != NULL;

    if (step == NULL)
        step = child_of(content, "restriction");
    if (step == NULL)
        return tg_schema_fail_at(model->error, type->document, content, "an empty complexContent");
    struct tg_schema_type *base = base_of(model, type, step);
    if (base == NULL)
        return false;
    type->raw = is_mixed(type, content) || (extends && base->raw && !base->is_any);
    inherit_attributes(model, type, base, extends);
    return read_content(model, type, step, extends ? base->part : NULL);
}

static bool read_simple_content(struct tg_schema_model *model, struct tg_schema_type *type,
                                const xmlNode *content)
{
    const xmlNode *step = child_of(content, "extension"), *own = NULL;
    bool extends = step != NULL;

    if (step == NULL)
        step = child_of(content, "restriction");
    if (step == NULL)
        return tg_schema_fail_at(model->error, type->document, content, "an empty simpleContent");
    struct tg_schema_type *base = base_of(model, type, step);
    if (base == NULL)
        return false;
    type->simple = base->simple;
    if (!extends) {
        own = child_of(step, "simpleType");
        if (own != NULL)
            type->simple = tg_schema_simple_at(model, type->document, own);
        if (type->simple != NULL)
            type->simple = tg_schema_restrict(model, type->simple, type->document, step);
        if (type->simple == NULL)
            return model->error->text[0] != '\0' ||
                   tg_schema_fail_at(model->error, type->document, step, "a base without text");
    }
    if (type->simple == NULL)
        return tg_schema_fail_at(model->error, type->document, step, "a base without text");
    inherit_attributes(model, type, base, extends);
    return tg_schema_read_attributes(model, type, type->document, step);
}

static bool read_type(struct tg_schema_model *model, struct tg_schema_type *type)
{
    const xmlNode *complex = child_of(type->node, "complexContent");
    const xmlNode *simple = child_of(type->node, "simpleContent");
    const char *abstract = tg_schema_attribute(type->node, "abstract");

    type->abstract = abstract != NULL && (strcmp(abstract, "true") == 0 || abstract[0] == '1');
    if (simple != NULL)
        return read_simple_content(model, type, simple);
    if (complex != NULL)
        return read_complex_content(model, type, complex) && tg_schema_compile(model, type);
    type->base = &model->any;
    type->raw = is_mixed(type, NULL);
    return read_content(model, type, type->node, NULL) && tg_schema_compile(model, type);
}

/* Text with attributes is an object; without any it is just the text. */
bool tg_schema_fill(struct tg_schema_model *model, struct tg_schema_type *type)
{
    if (type->ready)
        return true;
    if (type->filling)
        return tg_schema_fail_at(model->error, type->document, type->node,
                                 "a type that is based on itself");
    type->filling = true;
    if (!read_type(model, type))
        return false;
    if (type->simple != NULL && type->attribute_count == 0 && type->any_attribute == NULL)
        type->complex = false;
    tg_schema_plan(model, type);
    type->filling = false;
    type->ready = true;
    return true;
}

/* ---- elements */

static bool is_true(const xmlNode *node, const char *name)
{
    const char *text = tg_schema_attribute(node, name);

    return text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "1") == 0);
}

static bool is_global(const xmlNode *node)
{
    return node->parent == xmlDocGetRootElement(node->doc);
}

static const char *namespace_of(const struct tg_schema_document *document, const xmlNode *node)
{
    const char *form = tg_schema_attribute(node, "form");

    if (is_global(node))
        return document->namespace;
    if (form == NULL)
        form = tg_schema_attribute(xmlDocGetRootElement(node->doc), "elementFormDefault");
    return form != NULL && strcmp(form, "qualified") == 0 ? document->namespace : "";
}

/* An element without a type has that of the one it may stand for, or any. */
static struct tg_schema_type *type_of_element(struct tg_schema_model *model,
                                              const struct tg_schema_document *document,
                                              const xmlNode *node, unsigned depth)
{
    const char *text = tg_schema_attribute(node, "type");
    const char *head = tg_schema_attribute(node, "substitutionGroup");
    const xmlNode *own = child_of(node, "complexType");

    if (text != NULL)
        return tg_schema_type_of(model, document, node, text);
    if (own == NULL)
        own = child_of(node, "simpleType");
    if (own != NULL)
        return tg_schema_type_at(model, document, own, (struct tg_schema_name){NULL, NULL});
    if (head == NULL || depth > 50)
        return &model->any;
    const struct tg_schema_component *component =
        tg_schema_find(model->index, TG_SCHEMA_ELEMENT, tg_schema_resolve(document, node, head));
    if (component == NULL)
        return &model->any;
    return type_of_element(model, component->document, component->node, depth + 1);
}

struct tg_schema_element *tg_schema_element_of(struct tg_schema_model *model,
                                               const struct tg_schema_document *document,
                                               const xmlNode *node)
{
    xmlNode *mutable = (xmlNode *)(uintptr_t)node;
    const char *name = tg_schema_attribute(node, "name");
    const char *fixed = tg_schema_attribute(node, "fixed");
    const char *value = fixed != NULL ? fixed : tg_schema_attribute(node, "default");

    if (node->_private != NULL)
        return node->_private;
    if (name == NULL) {
        tg_schema_fail_at(model->error, document, node, "an element without a name");
        return NULL;
    }
    struct tg_schema_element *element = tg_schema_take(model, sizeof(*element));
    *element = (struct tg_schema_element){
        .name = tg_schema_keep(model, name),
        .namespace = tg_schema_namespace(model, namespace_of(document, node)),
        .has_default = value != NULL,
        .is_fixed = fixed != NULL,
        .nillable = is_true(node, "nillable"),
        .abstract = is_true(node, "abstract"),
        .key = tg_schema_key(model, "", name),
    };
    memcpy(element->first, name, element->name.len < TG_BLOCK ? element->name.len : TG_BLOCK);
    mutable->_private = element;
    element->open = tg_schema_written(model, "<", element->namespace, name, "");
    element->close = tg_schema_written(model, "</", element->namespace, name, ">");
    if (value != NULL)
        element->value = tg_schema_keep(model, value);
    element->type = type_of_element(model, document, node, 0);
    return element->type != NULL ? element : NULL;
}
