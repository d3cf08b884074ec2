/* Restrictions of simple types: the facets, gathered along the base types. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/schema_model.h"

void tg_schema_set_limit(struct tg_schema_limit *limit, struct tg_text text, xmlSchemaVal *value,
                         bool exclusive)
{
    *limit =
        (struct tg_schema_limit){.text = text, .value = value, .set = true, .exclusive = exclusive};
    limit->whole = memchr(text.base, '.', text.len) == NULL;
    limit->number = strtoll(text.base, NULL, 10);
}

static void *add(void *list, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return list;
    *capacity = count * 2 + 8;
    list = realloc(list, *capacity * size);
    assert(list != NULL);
    return list;
}

static xmlSchemaVal *value_of(struct tg_schema_model *model, const struct tg_schema_simple *simple,
                              const char *text)
{
    xmlSchemaVal *value = NULL;

    if (simple->class != TG_SCHEMA_OTHER && simple->class != TG_SCHEMA_FLOAT)
        return NULL;
    if (xmlSchemaValidatePredefinedType(simple->builtin, (const xmlChar *)text, &value) != 0)
        return NULL;
    model->values =
        add(model->values, &model->value_capacity, model->value_count, sizeof(*model->values));
    model->values[model->value_count++] = value;
    return value;
}

struct restricting {
    struct tg_schema_model *model;
    struct tg_schema_simple *simple;
    const struct tg_schema_document *document;
    struct tg_buffer pattern; /* those of one step are alternatives */
    size_t enumerated, capacity;
    bool enumerates;
};

/* A value that libxml2 compares needs its value there. */
static bool set_limit(struct restricting *r, struct tg_schema_limit *limit, const xmlNode *node,
                      const char *text, bool exclusive)
{
    const struct tg_schema_simple *simple = r->simple;

    tg_schema_set_limit(limit, tg_schema_keep(r->model, text), value_of(r->model, simple, text),
                        exclusive);
    bool compared = simple->class == TG_SCHEMA_OTHER || simple->class == TG_SCHEMA_FLOAT;
    if (compared ? limit->value != NULL : simple->class == TG_SCHEMA_DECIMAL)
        return true;
    return tg_schema_fail_at(r->model->error, r->document, node, "%s of '%.80s' can't be compared",
                             (const char *)node->name, text);
}

static bool add_enumeration(struct restricting *r, const char *text)
{
    struct tg_schema_simple *simple = r->simple;

    if (!r->enumerates) {
        r->enumerates = true;
        simple->enumeration = NULL;
        simple->enumeration_count = 0;
    }
    simple->enumeration = add(simple->enumeration, &r->capacity, simple->enumeration_count,
                              sizeof(*simple->enumeration));
    tg_schema_set_limit(&simple->enumeration[simple->enumeration_count++],
                        tg_schema_keep(r->model, text), value_of(r->model, simple, text), false);
    return true;
}

static void add_pattern(struct restricting *r, const char *text)
{
    tg_buffer_printf(&r->pattern, "%s(%s)", r->pattern.len != 0 ? "|" : "", text);
}

static void set_space(struct tg_schema_simple *simple, const char *text)
{
    simple->space = strcmp(text, "collapse") == 0  ? TG_SCHEMA_COLLAPSE
                    : strcmp(text, "replace") == 0 ? TG_SCHEMA_REPLACE
                                                   : simple->space;
}

static bool read_facet(struct restricting *r, const xmlNode *node)
{
    struct tg_schema_simple *simple = r->simple;
    const char *name = (const char *)node->name, *text = tg_schema_attribute(node, "value");
    size_t number = text != NULL ? strtoull(text, NULL, 10) : 0;

    if (text == NULL)
        return true;
    if (strcmp(name, "enumeration") == 0)
        return add_enumeration(r, text);
    if (strcmp(name, "pattern") == 0)
        add_pattern(r, text);
    else if (strcmp(name, "length") == 0)
        simple->min_length = simple->max_length = number;
    else if (strcmp(name, "minLength") == 0)
        simple->min_length = number;
    else if (strcmp(name, "maxLength") == 0)
        simple->max_length = number;
    else if (strcmp(name, "totalDigits") == 0)
        simple->total_digits = number;
    else if (strcmp(name, "fractionDigits") == 0)
        simple->fraction_digits = number;
    else if (strcmp(name, "whiteSpace") == 0)
        set_space(simple, text);
    else if (strncmp(name, "min", 3) == 0)
        return set_limit(r, &simple->low, node, text, strcmp(name, "minExclusive") == 0);
    else if (strncmp(name, "max", 3) == 0)
        return set_limit(r, &simple->high, node, text, strcmp(name, "maxExclusive") == 0);
    return true;
}

static bool set_patterns(struct restricting *r, const xmlNode *node)
{
    struct tg_schema_model *model = r->model;
    struct tg_schema_simple *simple = r->simple;

    if (r->pattern.len == 0)
        return true;
    tg_buffer_put(&r->pattern, '\0');
    xmlRegexp *regexp = xmlRegexpCompile((const xmlChar *)r->pattern.base);
    if (regexp == NULL)
        return tg_schema_fail_at(model->error, r->document, node, "a pattern that can't be read");
    model->regexps =
        add(model->regexps, &model->regexp_capacity, model->regexp_count, sizeof(*model->regexps));
    model->regexps[model->regexp_count++] = regexp;
    xmlRegexp **all =
        tg_schema_take(model, (simple->pattern_count + 1) * sizeof(*simple->patterns));
    const char **texts =
        tg_schema_take(model, (simple->pattern_count + 1) * sizeof(*simple->pattern_texts));
    for (size_t i = 0; i < simple->pattern_count; i++) {
        all[i] = simple->patterns[i];
        texts[i] = simple->pattern_texts[i];
    }
    texts[simple->pattern_count] = tg_schema_keep(model, r->pattern.base).base;
    all[simple->pattern_count++] = regexp;
    simple->patterns = all;
    simple->pattern_texts = texts;
    return true;
}

/* A list that was grown here goes into the model's memory. */
static void keep_enumeration(struct restricting *r)
{
    struct tg_schema_simple *simple = r->simple;

    if (!r->enumerates)
        return;
    size_t size = simple->enumeration_count * sizeof(*simple->enumeration);
    struct tg_schema_limit *kept = tg_schema_take(r->model, size);
    memcpy(kept, simple->enumeration, size);
    free(simple->enumeration);
    simple->enumeration = kept;
}

void tg_schema_settle(struct tg_schema_simple *simple)
{
    simple->faceted = simple->min_length != 0 || simple->max_length != SIZE_MAX ||
                      simple->enumeration_count != 0 || simple->pattern_count != 0;
    simple->free =
        simple->class == TG_SCHEMA_TEXT && simple->space == TG_SCHEMA_PRESERVE && !simple->faceted;
    simple->any_decimal = simple->class == TG_SCHEMA_DECIMAL && !simple->integer &&
                          !simple->low.set && !simple->high.set &&
                          simple->total_digits == SIZE_MAX && simple->fraction_digits == SIZE_MAX;
}

const struct tg_schema_simple *tg_schema_restrict(struct tg_schema_model *model,
                                                  const struct tg_schema_simple *base,
                                                  const struct tg_schema_document *document,
                                                  const xmlNode *node)
{
    struct tg_schema_simple *simple = tg_schema_take(model, sizeof(*simple));
    struct restricting r = {.model = model, .simple = simple, .document = document};
    bool good = true;

    *simple = *base;
    simple->base = base;
    for (const xmlNode *child = node->children; child != NULL && good; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            good = read_facet(&r, child);
    keep_enumeration(&r);
    good = good && set_patterns(&r, node);
    tg_buffer_dispose(&r.pattern);
    tg_schema_settle(simple);
    return good ? simple : NULL;
}
