#include "codec/schema_index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int compare_names(struct tg_schema_name a, struct tg_schema_name b)
{
    int order = strcmp(a.local, b.local);

    return order != 0 ? order : strcmp(a.namespace, b.namespace);
}

static int compare(const void *a, const void *b)
{
    const struct tg_schema_component *x = a, *y = b;

    return x->what != y->what ? (x->what < y->what ? -1 : 1) : compare_names(x->name, y->name);
}

static int compare_heads(const void *a, const void *b)
{
    const struct tg_schema_substitute *x = a, *y = b;

    return compare_names(x->head, y->head);
}

/* Whether the node is a declaration, and of what. */
static bool sort_out(const xmlNode *node, enum tg_schema_what *what)
{
    static const struct {
        const char *name;
        enum tg_schema_what what;
    } kinds[] = {
        {"element", TG_SCHEMA_ELEMENT},     {"complexType", TG_SCHEMA_TYPE},
        {"simpleType", TG_SCHEMA_TYPE},     {"group", TG_SCHEMA_GROUP},
        {"attribute", TG_SCHEMA_ATTRIBUTE}, {"attributeGroup", TG_SCHEMA_ATTRIBUTE_GROUP},
    };

    for (size_t i = 0; node->type == XML_ELEMENT_NODE && i < sizeof(kinds) / sizeof(*kinds); i++)
        if (tg_schema_is(node, kinds[i].name) && tg_schema_attribute(node, "name") != NULL) {
            *what = kinds[i].what;
            return true;
        }
    return false;
}

/* Called twice: to count, and to fill in. */
static size_t list(struct tg_schema_index *index, bool fill)
{
    size_t count = 0;
    enum tg_schema_what what;

    for (size_t i = 0; i < index->files->count; i++) {
        const struct tg_schema_document *document = &index->files->documents[i];
        const xmlNode *root = xmlDocGetRootElement(document->tree);
        for (const xmlNode *node = root->children; node != NULL; node = node->next) {
            if (!sort_out(node, &what))
                continue;
            if (fill)
                index->components[count] = (struct tg_schema_component){
                    .what = what,
                    .name = {document->namespace, tg_schema_attribute(node, "name")},
                    .node = node,
                    .document = document,
                };
            count++;
        }
    }
    return count;
}

static void list_substitutes(struct tg_schema_index *index)
{
    index->substitutes = calloc(index->count + 1, sizeof(*index->substitutes));
    assert(index->substitutes != NULL);
    for (size_t i = 0; i < index->count; i++) {
        const struct tg_schema_component *element = &index->components[i];
        const char *head = tg_schema_attribute(element->node, "substitutionGroup");
        if (element->what != TG_SCHEMA_ELEMENT || head == NULL)
            continue;
        struct tg_schema_name name = tg_schema_resolve(element->document, element->node, head);
        if (name.namespace != NULL)
            index->substitutes[index->substitute_count++] =
                (struct tg_schema_substitute){name, element};
    }
    qsort(index->substitutes, index->substitute_count, sizeof(*index->substitutes), compare_heads);
}

void tg_schema_index_init(struct tg_schema_index *index, const struct tg_schema_files *files)
{
    *index = (struct tg_schema_index){.files = files};
    index->count = list(index, false);
    index->components = calloc(index->count + 1, sizeof(*index->components));
    assert(index->components != NULL);
    list(index, true);
    qsort(index->components, index->count, sizeof(*index->components), compare);
    list_substitutes(index);
}

void tg_schema_index_dispose(struct tg_schema_index *index)
{
    free(index->components);
    free(index->substitutes);
}

struct tg_schema_component *tg_schema_find(const struct tg_schema_index *index,
                                           enum tg_schema_what what, struct tg_schema_name name)
{
    struct tg_schema_component key = {.what = what, .name = name};

    if (name.namespace == NULL)
        return NULL;
    return bsearch(&key, index->components, index->count, sizeof(key), compare);
}

const struct tg_schema_substitute *tg_schema_substitutes(const struct tg_schema_index *index,
                                                         struct tg_schema_name head, size_t *count)
{
    struct tg_schema_substitute key = {.head = head};
    const struct tg_schema_substitute *end = index->substitutes + index->substitute_count;
    const struct tg_schema_substitute *first =
        bsearch(&key, index->substitutes, index->substitute_count, sizeof(key), compare_heads);

    *count = 0;
    if (first == NULL)
        return NULL;
    while (first > index->substitutes && compare_heads(first - 1, &key) == 0)
        first--;
    while (first + *count < end && compare_heads(first + *count, &key) == 0)
        (*count)++;
    return first;
}

struct tg_schema_name tg_schema_resolve(const struct tg_schema_document *document,
                                        const xmlNode *node, const char *text)
{
    const char *colon;
    char prefix[256];

    text += strspn(text, " \t\n");
    colon = strchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    if (len >= sizeof(prefix))
        return (struct tg_schema_name){NULL, text};
    memcpy(prefix, text, len);
    prefix[len] = '\0';
    const xmlNs *ns = xmlSearchNs(node->doc, (xmlNode *)(uintptr_t)node,
                                  colon != NULL ? (const xmlChar *)prefix : NULL);
    if (colon != NULL)
        return (struct tg_schema_name){ns != NULL ? (const char *)ns->href : NULL, colon + 1};
    if (ns != NULL && ns->href[0] != '\0')
        return (struct tg_schema_name){(const char *)ns->href, text};
    const xmlNode *root = xmlDocGetRootElement(node->doc);
    bool chameleon = tg_schema_attribute(root, "targetNamespace") == NULL;
    return (struct tg_schema_name){chameleon ? document->namespace : "", text};
}
