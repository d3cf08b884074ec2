/* The model of a schema as a whole: made of what its documents declare, and looked into afterwards.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/schema_model.h"

/* ---- memory and names */

void *tg_schema_take(struct tg_schema_model *model, size_t n)
{
    return tg_xml_arena_take(&model->arena, n);
}

struct tg_text tg_schema_keep(struct tg_schema_model *model, const char *text)
{
    size_t len = strlen(text);
    char *copy = tg_schema_take(model, len + 1);

    memcpy(copy, text, len + 1);
    return tg_text(copy, len);
}

/* As JSON: the quotes, the name, the colon. Names of XML need no escape. */
struct tg_text tg_schema_key(struct tg_schema_model *model, const char *before, const char *name)
{
    size_t n = strlen(before), m = strlen(name);
    char *key = tg_schema_take(model, n + m + 4 + TG_BLOCK); /* read in blocks */

    snprintf(key, n + m + 4, "\"%s%s\":", before, name);
    return tg_text(key, n + m + 3);
}

struct tg_text tg_schema_written(struct tg_schema_model *model, const char *before,
                                 size_t namespace, const char *name, const char *after)
{
    const char *uri = namespace < model->namespace_count ? model->namespaces[namespace] : "";
    char prefix[32] = "";

    if (strcmp(uri, TG_SCHEMA_XML_NAMESPACE) == 0)
        snprintf(prefix, sizeof(prefix), "xml:");
    else if (uri[0] != '\0')
        snprintf(prefix, sizeof(prefix), "n%zu:", namespace);
    size_t len = strlen(before) + strlen(prefix) + strlen(name) + strlen(after);
    char *text = tg_schema_take(model, len + 1 + TG_BLOCKS_COPIED);
    snprintf(text, len + 1, "%s%s%s%s", before, prefix, name, after);
    return tg_text(text, len);
}

size_t tg_schema_namespace(const struct tg_schema_model *model, const char *namespace)
{
    for (size_t i = 0; i < model->namespace_count; i++)
        if (strcmp(model->namespaces[i], namespace) == 0)
            return i;
    return TG_SCHEMA_NO_NAMESPACE;
}

static void list_namespaces(struct tg_schema_model *model)
{
    const struct tg_schema_files *files = model->index->files;

    model->namespaces = tg_schema_take(model, (files->count + 2) * sizeof(*model->namespaces));
    model->namespaces[model->namespace_count++] = "";
    for (size_t i = 0; i < files->count; i++)
        if (tg_schema_namespace(model, files->documents[i].namespace) == TG_SCHEMA_NO_NAMESPACE)
            model->namespaces[model->namespace_count++] =
                tg_schema_keep(model, files->documents[i].namespace).base;
}

static struct tg_schema_name keep_name(struct tg_schema_model *model, struct tg_schema_name name)
{
    return (struct tg_schema_name){tg_schema_keep(model, name.namespace).base,
                                   tg_schema_keep(model, name.local).base};
}

/* ---- what only libxml2 checks */

static bool asks_for_more(const xmlNode *node)
{
    const char *block = tg_schema_attribute(node, "block");

    if (tg_schema_is(node, "key") || tg_schema_is(node, "unique") || tg_schema_is(node, "keyref"))
        return true;
    if (tg_schema_is(node, "schema") && tg_schema_attribute(node, "blockDefault") != NULL)
        return true;
    return block != NULL && block[0] != '\0';
}

static bool is_deep(const struct tg_schema_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        const xmlNode *root = xmlDocGetRootElement(files->documents[i].tree), *node = root;
        while (node != NULL) {
            if (node->type == XML_ELEMENT_NODE && asks_for_more(node))
                return true;
            if (node->type == XML_ELEMENT_NODE && node->children != NULL) {
                node = node->children;
                continue;
            }
            while (node != root && node->next == NULL)
                node = node->parent;
            node = node == root ? NULL : node->next;
        }
    }
    return false;
}

/* ---- all of it */

static int compare_names(const struct tg_schema_name *a, const struct tg_schema_name *b)
{
    int order = strcmp(a->local, b->local);

    return order != 0 ? order : strcmp(a->namespace, b->namespace);
}

static int compare(const void *a, const void *b)
{
    return compare_names(&((const struct tg_schema_entry *)a)->name,
                         &((const struct tg_schema_entry *)b)->name);
}

struct tg_schema_entry *tg_schema_entry_of(struct tg_schema_entry *list, size_t count,
                                           struct tg_schema_name name)
{
    struct tg_schema_entry key = {.name = name};

    if (name.namespace == NULL)
        return NULL;
    return bsearch(&key, list, count, sizeof(key), compare);
}

/* The index is sorted the same way. */
static struct tg_schema_entry *list_names(struct tg_schema_model *model, enum tg_schema_what what,
                                          size_t *count)
{
    const struct tg_schema_index *index = model->index;
    struct tg_schema_entry *list = tg_schema_take(model, (index->count + 1) * sizeof(*list));

    *count = 0;
    for (size_t i = 0; i < index->count; i++)
        if (index->components[i].what == what)
            list[(*count)++].name = keep_name(model, index->components[i].name);
    return list;
}

static bool make_elements(struct tg_schema_model *model)
{
    for (size_t i = 0; i < model->element_count; i++) {
        struct tg_schema_entry *entry = &model->elements[i];
        const struct tg_schema_component *component =
            tg_schema_find(model->index, TG_SCHEMA_ELEMENT, entry->name);
        entry->made = tg_schema_element_of(model, component->document, component->node);
        if (entry->made == NULL)
            return false;
    }
    return true;
}

static bool make_types(struct tg_schema_model *model)
{
    for (size_t i = 0; i < model->type_count; i++) {
        struct tg_schema_entry *entry = &model->types[i];
        if (entry->made != NULL)
            continue;
        const struct tg_schema_component *component =
            tg_schema_find(model->index, TG_SCHEMA_TYPE, entry->name);
        entry->made = tg_schema_type_at(model, component->document, component->node, entry->name);
        if (entry->made == NULL)
            return false;
    }
    for (size_t i = 0; i < model->queue_count; i++)
        if (!tg_schema_fill(model, model->queue[i]))
            return false;
    return true;
}

/* The local name, where that is enough. */
static void name_types(struct tg_schema_model *model)
{
    char text[2200];

    for (size_t i = 0; i < model->type_count; i++) {
        const struct tg_schema_entry *list = model->types;
        struct tg_schema_type *type = list[i].made;
        const char *local = list[i].name.local;
        bool same = (i != 0 && strcmp(list[i - 1].name.local, local) == 0) ||
                    (i + 1 < model->type_count && strcmp(list[i + 1].name.local, local) == 0);
        snprintf(text, sizeof(text), same ? "{%s}%s" : "%s%s", same ? list[i].name.namespace : "",
                 local);
        type->shown = tg_schema_keep(model, text);
        type->name = list[i].name;
    }
}

/* Trees and files are gone afterwards. */
static void forget(struct tg_schema_model *model)
{
    for (size_t i = 0; i < model->queue_count; i++) {
        model->queue[i]->document = NULL;
        model->queue[i]->node = NULL;
    }
    free(model->queue);
    model->queue = NULL;
    model->index = NULL;
}

bool tg_schema_model_init(struct tg_schema_model *model, struct tg_schema_index *index,
                          struct tg_schema_error *error)
{
    *model = (struct tg_schema_model){.index = index, .error = error};
    model->any = (struct tg_schema_type){
        .raw = true, .complex = true, .is_any = true, .ready = true, .nullable = true};
    model->simples = tg_schema_take(model, 64 * sizeof(*model->simples));
    list_namespaces(model);
    model->elements = list_names(model, TG_SCHEMA_ELEMENT, &model->element_count);
    model->types = list_names(model, TG_SCHEMA_TYPE, &model->type_count);
    bool good = make_elements(model) && make_types(model);
    if (good)
        name_types(model);
    model->deep = model->deep || is_deep(index->files);
    forget(model);
    return good;
}

void tg_schema_model_dispose(struct tg_schema_model *model)
{
    for (size_t i = 0; i < model->regexp_count; i++)
        xmlRegFreeRegexp(model->regexps[i]);
    for (size_t i = 0; i < model->value_count; i++)
        xmlSchemaFreeValue(model->values[i]);
    free(model->regexps);
    free(model->values);
    tg_xml_arena_dispose(&model->arena);
}

/* ---- when it is made */

static bool is_text(const char *a, struct tg_text b)
{
    return tg_text_is(tg_text_of(a), b);
}

const struct tg_schema_element *tg_schema_model_element(const struct tg_schema_model *model,
                                                        struct tg_text namespace,
                                                        struct tg_text name, bool *many)
{
    const struct tg_schema_element *found = NULL;

    *many = false;
    for (size_t i = 0; i < model->element_count; i++) {
        const struct tg_schema_entry *entry = &model->elements[i];
        if (!is_text(entry->name.local, name))
            continue;
        if (namespace.base != NULL && !is_text(entry->name.namespace, namespace))
            continue;
        *many = found != NULL;
        found = entry->made;
    }
    return found;
}

const struct tg_schema_type *tg_schema_model_type(const struct tg_schema_model *model,
                                                  struct tg_text namespace, struct tg_text name)
{
    if (tg_text_is(namespace, TG_TEXT(TG_SCHEMA_XS))) {
        for (size_t i = 0; i < model->simple_count; i++)
            if (is_text(model->simples[i].name.local + 3, name))
                return model->simples[i].made;
        return NULL;
    }
    for (size_t i = 0; i < model->type_count; i++)
        if (is_text(model->types[i].name.local, name) &&
            is_text(model->types[i].name.namespace, namespace))
            return model->types[i].made;
    return NULL;
}

static bool simple_derives(const struct tg_schema_simple *type, const struct tg_schema_simple *from)
{
    for (; type != NULL; type = type->base)
        if (type == from || type->name == from->name)
            return true;
    return false;
}

bool tg_schema_derives(const struct tg_schema_type *type, const struct tg_schema_type *from)
{
    assert(type != NULL);
    if (from->is_any)
        return true;
    for (const struct tg_schema_type *at = type; at != NULL; at = at->base)
        if (at == from)
            return true;
    return type->simple != NULL && from->simple != NULL && !type->complex && !from->complex &&
           simple_derives(type->simple, from->simple);
}
