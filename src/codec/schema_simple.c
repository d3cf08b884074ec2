/* Simple types as the model has them: their facets, gathered along their base types. */
#include <stdio.h>

#include "codec/schema_model.h"

enum { DEPTH = 100 };

/* The types of XML Schema itself, by name. */
struct tg_schema_builtin {
    struct tg_schema_simple simple;
    char name[32];
    struct tg_schema_builtin *next;
};

static const struct {
    const char *name, *low, *high;
} integers[] = {
    {"integer", NULL, NULL},
    {"nonPositiveInteger", NULL, "0"},
    {"negativeInteger", NULL, "-1"},
    {"nonNegativeInteger", "0", NULL},
    {"positiveInteger", "1", NULL},
    {"long", "-9223372036854775808", "9223372036854775807"},
    {"int", "-2147483648", "2147483647"},
    {"short", "-32768", "32767"},
    {"byte", "-128", "127"},
    {"unsignedLong", "0", "18446744073709551615"},
    {"unsignedInt", "0", "4294967295"},
    {"unsignedShort", "0", "65535"},
    {"unsignedByte", "0", "255"},
};

static bool is_one_of(const char *name, const char *names)
{
    size_t len = strlen(name);

    for (const char *at = names; (at = strstr(at, name)) != NULL; at += len)
        if ((at == names || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

static void set_number(struct tg_schema_simple *simple, const char *name)
{
    for (size_t i = 0; i < sizeof(integers) / sizeof(*integers); i++) {
        if (strcmp(name, integers[i].name) != 0)
            continue;
        simple->class = TG_SCHEMA_DECIMAL;
        simple->integer = true;
        if (integers[i].low != NULL)
            tg_schema_set_limit(&simple->low, tg_text_of(integers[i].low), NULL, false);
        if (integers[i].high != NULL)
            tg_schema_set_limit(&simple->high, tg_text_of(integers[i].high), NULL, false);
    }
    if (strcmp(name, "decimal") == 0)
        simple->class = TG_SCHEMA_DECIMAL;
    if (is_one_of(name, "float double"))
        simple->class = TG_SCHEMA_FLOAT;
    if (simple->class == TG_SCHEMA_DECIMAL || simple->class == TG_SCHEMA_FLOAT)
        simple->json = TG_SCHEMA_JSON_NUMBER;
}

static void set_class(struct tg_schema_simple *simple, const char *name)
{
    simple->class = TG_SCHEMA_OTHER;
    simple->space = TG_SCHEMA_COLLAPSE;
    if (is_one_of(name, "string anySimpleType normalizedString token")) {
        simple->class = TG_SCHEMA_TEXT;
        simple->space = strcmp(name, "token") == 0              ? TG_SCHEMA_COLLAPSE
                        : strcmp(name, "normalizedString") == 0 ? TG_SCHEMA_REPLACE
                                                                : TG_SCHEMA_PRESERVE;
    }
    if (strcmp(name, "boolean") == 0) {
        simple->class = TG_SCHEMA_BOOLEAN;
        simple->json = TG_SCHEMA_JSON_BOOLEAN;
    }
    set_number(simple, name);
    simple->deep = is_one_of(name, "ID IDREF IDREFS ENTITY ENTITIES NOTATION");
}

static void set_items(struct tg_schema_model *model, struct tg_schema_simple *simple,
                      const char *name)
{
    const char *item = strcmp(name, "IDREFS") == 0     ? "IDREF"
                       : strcmp(name, "NMTOKENS") == 0 ? "NMTOKEN"
                       : strcmp(name, "ENTITIES") == 0 ? "ENTITY"
                                                       : NULL;

    if (item == NULL)
        return;
    simple->class = TG_SCHEMA_LIST;
    simple->item = tg_schema_builtin_of(model, item);
    simple->levels = 1;
    simple->min_length = 1;
}

/* NULL: there is none of that name. */
const struct tg_schema_simple *tg_schema_builtin_of(struct tg_schema_model *model, const char *name)
{
    char shown[40];

    for (struct tg_schema_builtin *at = model->builtins; at != NULL; at = at->next)
        if (strcmp(at->name, name) == 0)
            return &at->simple;
    xmlSchemaType *type =
        xmlSchemaGetPredefinedType((const xmlChar *)name, (const xmlChar *)TG_SCHEMA_XS);
    if (type == NULL || strlen(name) >= sizeof(model->builtins->name))
        return NULL;
    struct tg_schema_builtin *builtin = tg_schema_take(model, sizeof(*builtin));
    snprintf(builtin->name, sizeof(builtin->name), "%s", name);
    snprintf(shown, sizeof(shown), "xs:%s", name);
    builtin->simple = (struct tg_schema_simple){.name = tg_schema_keep(model, shown).base,
                                                .builtin = type,
                                                .max_length = SIZE_MAX,
                                                .total_digits = SIZE_MAX,
                                                .fraction_digits = SIZE_MAX};
    set_class(&builtin->simple, name);
    set_items(model, &builtin->simple, name);
    tg_schema_settle(&builtin->simple);
    if (strcmp(name, "anySimpleType") != 0)
        builtin->simple.base = tg_schema_builtin_of(
            model, type->baseType != NULL && type->baseType->name != NULL &&
                           xmlStrcmp(type->baseType->name, (const xmlChar *)"anyType") != 0
                       ? (const char *)type->baseType->name
                       : "anySimpleType");
    builtin->next = model->builtins;
    model->builtins = builtin;
    return &builtin->simple;
}

/* ---- lists and unions */

static const struct tg_schema_simple *child_simple(struct tg_schema_model *model,
                                                   const struct tg_schema_document *document,
                                                   const xmlNode *node)
{
    for (const xmlNode *child = node->children; child != NULL; child = child->next)
        if (child->type == XML_ELEMENT_NODE && tg_schema_is(child, "simpleType"))
            return tg_schema_simple_at(model, document, child);
    tg_schema_fail_at(model->error, document, node, "<%s> without a type",
                      (const char *)node->name);
    return NULL;
}

static struct tg_schema_simple *blank(struct tg_schema_model *model)
{
    struct tg_schema_simple *simple = tg_schema_take(model, sizeof(*simple));

    *simple = *tg_schema_builtin_of(model, "anySimpleType");
    simple->base = tg_schema_builtin_of(model, "anySimpleType");
    return simple;
}

static const struct tg_schema_simple *read_list(struct tg_schema_model *model,
                                                const struct tg_schema_document *document,
                                                const xmlNode *node)
{
    const char *type = tg_schema_attribute(node, "itemType");
    const struct tg_schema_simple *item = type != NULL
                                              ? tg_schema_simple_named(model, document, node, type)
                                              : child_simple(model, document, node);

    if (item == NULL)
        return NULL;
    if (item->class == TG_SCHEMA_LIST) {
        tg_schema_fail_at(model->error, document, node, "a list of lists");
        return NULL;
    }
    struct tg_schema_simple *simple = blank(model);
    simple->class = TG_SCHEMA_LIST;
    simple->space = TG_SCHEMA_COLLAPSE;
    simple->item = item;
    simple->levels = item->levels + 1;
    simple->json = item->json;
    simple->deep = item->deep;
    return simple;
}

/* One kind of JSON when all members are of it; else a string. */
static void add_member(struct tg_schema_simple *simple, const struct tg_schema_simple *member)
{
    enum tg_schema_json json =
        member->class == TG_SCHEMA_LIST ? TG_SCHEMA_JSON_STRING : member->json;

    if (simple->member_count == 0)
        simple->json = json;
    else if (simple->json != json)
        simple->json = TG_SCHEMA_JSON_STRING;
    simple->deep = simple->deep || member->deep;
    if (simple->levels <= member->levels)
        simple->levels = member->levels + 1;
    simple->members[simple->member_count++] = member;
}

static const struct tg_schema_simple *read_union(struct tg_schema_model *model,
                                                 const struct tg_schema_document *document,
                                                 const xmlNode *node)
{
    const char *types = tg_schema_attribute(node, "memberTypes");
    struct tg_schema_simple *simple = blank(model);
    const struct tg_schema_simple *member;
    size_t most = 1 + xmlChildElementCount((xmlNode *)(uintptr_t)node);
    char name[256];

    for (const char *at = types; at != NULL && *at != '\0'; at++)
        most += *at == ' ' || *at == '\n' || *at == '\t';
    simple->members = tg_schema_take(model, (most + 1) * sizeof(*simple->members));
    simple->class = TG_SCHEMA_UNION;
    for (const char *at = types != NULL ? types : ""; *(at += strspn(at, " \t\n")) != '\0';) {
        size_t len = strcspn(at, " \t\n");
        snprintf(name, sizeof(name), "%.*s", (int)len, at);
        member = tg_schema_simple_named(model, document, node, name);
        if (member == NULL)
            return NULL;
        add_member(simple, member);
        at += len;
    }
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        if (child->type != XML_ELEMENT_NODE || !tg_schema_is(child, "simpleType"))
            continue;
        member = tg_schema_simple_at(model, document, child);
        if (member == NULL)
            return NULL;
        add_member(simple, member);
    }
    return simple;
}

/* ---- by name and by node */

static const struct tg_schema_simple *read_restriction(struct tg_schema_model *model,
                                                       const struct tg_schema_document *document,
                                                       const xmlNode *node)
{
    const char *base = tg_schema_attribute(node, "base");
    const struct tg_schema_simple *simple =
        base != NULL ? tg_schema_simple_named(model, document, node, base)
                     : child_simple(model, document, node);

    return simple != NULL ? tg_schema_restrict(model, simple, document, node) : NULL;
}

static const struct tg_schema_simple *read_simple(struct tg_schema_model *model,
                                                  const struct tg_schema_document *document,
                                                  const xmlNode *node)
{
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        if (child->type != XML_ELEMENT_NODE)
            continue;
        if (tg_schema_is(child, "restriction"))
            return read_restriction(model, document, child);
        if (tg_schema_is(child, "list"))
            return read_list(model, document, child);
        if (tg_schema_is(child, "union"))
            return read_union(model, document, child);
    }
    tg_schema_fail_at(model->error, document, node, "a simpleType without content");
    return NULL;
}

/* Made once for each node, which remembers it. */
const struct tg_schema_simple *tg_schema_simple_at(struct tg_schema_model *model,
                                                   const struct tg_schema_document *document,
                                                   const xmlNode *node)
{
    xmlNode *mutable = (xmlNode *)(uintptr_t)node;
    const char *name = tg_schema_attribute(node, "name");

    if (node->_private != NULL)
        return node->_private;
    if (model->simple_depth == DEPTH) {
        tg_schema_fail_at(model->error, document, node,
                          "more than 100 simple types in each other: one may be of itself");
        return NULL;
    }
    model->simple_depth++;
    const struct tg_schema_simple *made = read_simple(model, document, node);
    model->simple_depth--;
    if (made == NULL)
        return NULL;
    struct tg_schema_simple *simple = tg_schema_take(model, sizeof(*simple));
    *simple = *made;
    simple->name = name != NULL ? tg_schema_keep(model, name).base : made->name;
    tg_schema_settle(simple);
    model->deep = model->deep || simple->deep;
    mutable->_private = simple;
    return simple;
}

const struct tg_schema_simple *tg_schema_simple_named(struct tg_schema_model *model,
                                                      const struct tg_schema_document *document,
                                                      const xmlNode *node, const char *text)
{
    struct tg_schema_name name = tg_schema_resolve(document, node, text);
    const struct tg_schema_component *component;
    const struct tg_schema_simple *simple;

    if (name.namespace != NULL && strcmp(name.namespace, TG_SCHEMA_XS) == 0) {
        simple = tg_schema_builtin_of(model, name.local);
        if (simple != NULL && simple->deep)
            model->deep = true;
        if (simple != NULL)
            return simple;
    }
    component = tg_schema_find(model->index, TG_SCHEMA_TYPE, name);
    if (component == NULL || !tg_schema_is(component->node, "simpleType")) {
        tg_schema_fail_at(model->error, document, node, "there is no simple type '%.100s'", text);
        return NULL;
    }
    return tg_schema_simple_at(model, component->document, component->node);
}
