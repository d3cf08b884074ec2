/* How big the types of a schema become: asked before anything compiles them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/schema_index.h"

enum { DEPTH = 200 };

struct scale {
    struct tg_schema_index *index;
    struct tg_schema_error *error;
    size_t total;
    unsigned depth; /* components in each other */
    bool failed;
};

static size_t weigh(struct scale *scale, const struct tg_schema_document *document,
                    const xmlNode *node);

static size_t fail(struct scale *scale, const struct tg_schema_document *document,
                   const xmlNode *node, const char *format, const char *name)
{
    if (!scale->failed)
        tg_schema_fail_at(scale->error, document, node, format, name);
    scale->failed = true;
    return 0;
}

static void check_occurs(struct scale *scale, const struct tg_schema_document *document,
                         const xmlNode *node, const char *name)
{
    const char *text = tg_schema_attribute(node, name);

    if (text == NULL || strcmp(text, "unbounded") == 0)
        return;
    text += strspn(text, " \t\n0");
    if (strspn(text, "0123456789") > 6 || strtol(text, NULL, 10) > TG_SCHEMA_OCCURS)
        fail(scale, document, node, "%s is more than 100000; unbounded has no such end", name);
}

static size_t weigh_children(struct scale *scale, const struct tg_schema_document *document,
                             const xmlNode *node)
{
    size_t sum = 0;

    for (const xmlNode *child = node->children; child != NULL && !scale->failed;
         child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            sum += weigh(scale, document, child);
    if (sum > TG_SCHEMA_PARTICLES)
        fail(scale, document, node, "more than 5000 particles in <%s>, groups expanded",
             (const char *)node->name);
    return sum;
}

/* What is declared elsewhere, once. */
static size_t weigh_component(struct scale *scale, struct tg_schema_component *component)
{
    if (component->weight != 0)
        return component->weight;
    if (component->open)
        return fail(scale, component->document, component->node, "'%s' is defined by itself",
                    component->name.local);
    if (scale->depth == DEPTH)
        return fail(scale, component->document, component->node,
                    "more than 200 groups and base types in each other at '%s'",
                    component->name.local);
    component->open = true;
    scale->depth++;
    component->weight = weigh_children(scale, component->document, component->node) + 1;
    scale->depth--;
    component->open = false;
    return component->weight;
}

/* What is not there is found out when it is compiled. */
static size_t weigh_reference(struct scale *scale, const struct tg_schema_document *document,
                              const xmlNode *node, enum tg_schema_what what, const char *text)
{
    struct tg_schema_component *component =
        tg_schema_find(scale->index, what, tg_schema_resolve(document, node, text));

    return component != NULL ? weigh_component(scale, component) : 1;
}

static size_t weigh_element(struct scale *scale, const struct tg_schema_document *document,
                            const xmlNode *node)
{
    const char *ref = tg_schema_attribute(node, "ref");
    size_t count = 0;

    for (const xmlNode *child = node->children; child != NULL; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            scale->total += weigh(scale, document, child);
    if (ref != NULL)
        tg_schema_substitutes(scale->index, tg_schema_resolve(document, node, ref), &count);
    return 1 + count;
}

static size_t weigh(struct scale *scale, const struct tg_schema_document *document,
                    const xmlNode *node)
{
    const char *ref = tg_schema_attribute(node, "ref");
    const char *base = tg_schema_attribute(node, "base");
    size_t more = 0;

    check_occurs(scale, document, node, "minOccurs");
    check_occurs(scale, document, node, "maxOccurs");
    if (scale->failed || !tg_schema_is(node, (const char *)node->name))
        return 0;
    if (tg_schema_is(node, "element"))
        return weigh_element(scale, document, node);
    if (tg_schema_is(node, "annotation"))
        return 0;
    if (tg_schema_is(node, "group") && ref != NULL)
        return weigh_reference(scale, document, node, TG_SCHEMA_GROUP, ref);
    if (tg_schema_is(node, "attributeGroup") && ref != NULL)
        return weigh_reference(scale, document, node, TG_SCHEMA_ATTRIBUTE_GROUP, ref);
    if (base != NULL && (tg_schema_is(node, "extension") || tg_schema_is(node, "restriction")))
        more = weigh_reference(scale, document, node, TG_SCHEMA_TYPE, base);
    return weigh_children(scale, document, node) + more + 1;
}

bool tg_schema_weigh(struct tg_schema_index *index, struct tg_schema_error *error)
{
    struct scale scale = {.index = index, .error = error};

    for (size_t i = 0; i < index->count && !scale.failed; i++) {
        struct tg_schema_component *component = &index->components[i];
        if (component->what == TG_SCHEMA_ELEMENT)
            scale.total += weigh_element(&scale, component->document, component->node);
        else
            scale.total += weigh_component(&scale, component);
        if (scale.total > TG_SCHEMA_ALL_PARTICLES)
            fail(&scale, component->document, component->node,
                 "more than 200000 particles in all types, groups expanded; at '%s'",
                 component->name.local);
    }
    return !scale.failed;
}
