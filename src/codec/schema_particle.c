/* Particles: elements, wildcards, and the sequences, choices and groups they stand in. */
#include <stdlib.h>

#include "codec/schema_model.h"

static uint32_t occurs(const xmlNode *node, const char *name)
{
    const char *text = tg_schema_attribute(node, name);

    if (text == NULL)
        return 1;
    if (strcmp(text, "unbounded") == 0)
        return TG_SCHEMA_UNBOUNDED;
    return (uint32_t)strtoul(text, NULL, 10);
}

static struct tg_schema_part *make(struct tg_schema_model *model, enum tg_schema_part_kind kind,
                                   const struct tg_schema_document *document, const xmlNode *node,
                                   size_t room)
{
    struct tg_schema_part *part = tg_schema_take(model, sizeof(*part));

    *part = (struct tg_schema_part){.kind = kind,
                                    .min = occurs(node, "minOccurs"),
                                    .max = occurs(node, "maxOccurs"),
                                    .document = document,
                                    .node = node};
    part->parts = tg_schema_take(model, (room + 1) * sizeof(struct tg_schema_part *));
    return part;
}

static struct tg_schema_part *leaf(struct tg_schema_model *model,
                                   const struct tg_schema_document *document, const xmlNode *node,
                                   const struct tg_schema_element *element)
{
    struct tg_schema_part *part = make(model, TG_SCHEMA_LEAF, document, node, 0);

    part->element = element;
    part->min = part->max = 1;
    return part;
}

/* Elements that may stand for the head, and for those. */
static bool add_substitutes(struct tg_schema_model *model, struct tg_schema_part *choice,
                            size_t room, const struct tg_schema_part *from,
                            struct tg_schema_name head, unsigned depth)
{
    size_t count;
    const struct tg_schema_substitute *list = tg_schema_substitutes(model->index, head, &count);

    for (size_t i = 0; i < count; i++) {
        const struct tg_schema_component *component = list[i].element;
        if (choice->count == room || depth > 50)
            return tg_schema_fail_at(model->error, from->document, from->node,
                                     "more than %zu elements stand for '%.80s'", room, head.local);
        struct tg_schema_element *element =
            tg_schema_element_of(model, component->document, component->node);
        if (element == NULL)
            return false;
        if (!element->abstract)
            choice->parts[choice->count++] = leaf(model, from->document, from->node, element);
        if (!add_substitutes(model, choice, room, from, component->name, depth + 1))
            return false;
    }
    return true;
}

static struct tg_schema_part *read_reference(struct tg_schema_model *model,
                                             const struct tg_schema_document *document,
                                             const xmlNode *node, const char *ref)
{
    enum { ROOM = 300 };
    struct tg_schema_name name = tg_schema_resolve(document, node, ref);
    const struct tg_schema_component *component =
        tg_schema_find(model->index, TG_SCHEMA_ELEMENT, name);
    size_t count;

    if (component == NULL) {
        tg_schema_fail_at(model->error, document, node, "there is no element '%.100s'", ref);
        return NULL;
    }
    struct tg_schema_element *element =
        tg_schema_element_of(model, component->document, component->node);
    if (element == NULL)
        return NULL;
    tg_schema_substitutes(model->index, name, &count);
    if (count == 0 && !element->abstract) {
        struct tg_schema_part *part = make(model, TG_SCHEMA_LEAF, document, node, 0);
        part->element = element;
        return part;
    }
    struct tg_schema_part *choice = make(model, TG_SCHEMA_CHOICE, document, node, ROOM);
    if (!element->abstract)
        choice->parts[choice->count++] = leaf(model, document, node, element);
    return add_substitutes(model, choice, ROOM, choice, component->name, 0) ? choice : NULL;
}

static struct tg_schema_part *read_element(struct tg_schema_model *model,
                                           const struct tg_schema_document *document,
                                           const xmlNode *node)
{
    const char *ref = tg_schema_attribute(node, "ref");

    if (ref != NULL)
        return read_reference(model, document, node, ref);
    struct tg_schema_part *part = make(model, TG_SCHEMA_LEAF, document, node, 0);
    part->element = tg_schema_element_of(model, document, node);
    return part->element != NULL ? part : NULL;
}

static bool is_particle(const xmlNode *node)
{
    return tg_schema_is(node, "element") || tg_schema_is(node, "any") ||
           tg_schema_is(node, "group") || tg_schema_is(node, "sequence") ||
           tg_schema_is(node, "choice") || tg_schema_is(node, "all");
}

/* The particles in the node. */
static bool read_children(struct tg_schema_model *model, const struct tg_schema_document *document,
                          const xmlNode *node, struct tg_schema_part *part)
{
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        if (child->type != XML_ELEMENT_NODE || !is_particle(child))
            continue;
        struct tg_schema_part *inner = tg_schema_read_part(model, document, child);
        if (inner == NULL)
            return false;
        part->parts[part->count++] = inner;
    }
    return true;
}

/* A group is its one child, as often as the reference says. */
static struct tg_schema_part *read_group(struct tg_schema_model *model,
                                         const struct tg_schema_document *document,
                                         const xmlNode *node)
{
    const char *ref = tg_schema_attribute(node, "ref");
    const struct tg_schema_component *component = tg_schema_find(
        model->index, TG_SCHEMA_GROUP, tg_schema_resolve(document, node, ref != NULL ? ref : ""));

    if (component == NULL) {
        tg_schema_fail_at(model->error, document, node, "there is no group '%.100s'",
                          ref != NULL ? ref : "");
        return NULL;
    }
    struct tg_schema_part *part = make(model, TG_SCHEMA_SEQUENCE, document, node, 4);
    for (const xmlNode *child = component->node->children; child != NULL; child = child->next) {
        if (child->type != XML_ELEMENT_NODE || !is_particle(child))
            continue;
        struct tg_schema_part *inner = tg_schema_read_part(model, component->document, child);
        if (inner == NULL)
            return NULL;
        if (part->count < 4)
            part->parts[part->count++] = inner;
    }
    return part;
}

struct tg_schema_part *tg_schema_read_part(struct tg_schema_model *model,
                                           const struct tg_schema_document *document,
                                           const xmlNode *node)
{
    enum tg_schema_part_kind kind = tg_schema_is(node, "choice") ? TG_SCHEMA_CHOICE
                                    : tg_schema_is(node, "all")  ? TG_SCHEMA_ALL
                                                                 : TG_SCHEMA_SEQUENCE;

    if (tg_schema_is(node, "element"))
        return read_element(model, document, node);
    if (tg_schema_is(node, "group"))
        return read_group(model, document, node);
    if (tg_schema_is(node, "any")) {
        struct tg_schema_part *part = make(model, TG_SCHEMA_LEAF, document, node, 0);
        part->wildcard = tg_schema_read_wildcard(model, document, node);
        return part;
    }
    struct tg_schema_part *part =
        make(model, kind, document, node, xmlChildElementCount((xmlNode *)(uintptr_t)node));
    return read_children(model, document, node, part) ? part : NULL;
}

struct tg_schema_part *tg_schema_join(struct tg_schema_model *model, struct tg_schema_part *a,
                                      struct tg_schema_part *b)
{
    if (a == NULL || b == NULL)
        return a != NULL ? a : b;
    struct tg_schema_part *part = tg_schema_take(model, sizeof(*part));
    *part = (struct tg_schema_part){.kind = TG_SCHEMA_SEQUENCE,
                                    .min = 1,
                                    .max = 1,
                                    .document = b->document,
                                    .node = b->node,
                                    .parts = tg_schema_take(model, 2 * sizeof(part))};
    part->parts[part->count++] = a;
    part->parts[part->count++] = b;
    return part;
}
