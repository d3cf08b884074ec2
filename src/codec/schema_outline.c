#include "codec/schema_outline.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "codec/json_write.h"
#include "codec/schema_parts.h"

struct outline {
    const struct tg_schema_model *model;
    struct tg_buffer *out;
    const struct tg_schema_type **types; /* by id; those that are wanted */
    size_t *queue;
    size_t queued;
};

/* ---- JSON */

static void text(struct outline *o, const char *before, struct tg_text value)
{
    uint64_t high = 0;

    tg_buffer_append(o->out, before, strlen(before));
    tg_json_write_string(o->out, value, &high);
}

static void flag(struct outline *o, const char *name, bool value)
{
    if (value)
        tg_buffer_printf(o->out, ",\"%s\":true", name);
}

static void number(struct outline *o, const char *name, size_t value, size_t absent)
{
    if (value != absent)
        tg_buffer_printf(o->out, ",\"%s\":%zu", name, value);
}

static void comma(struct outline *o, size_t i)
{
    if (i != 0)
        tg_buffer_put(o->out, ',');
}

/* ---- simple types */

static const char *class_of(const struct tg_schema_simple *simple)
{
    switch (simple->class) {
    case TG_SCHEMA_TEXT:
        return "text";
    case TG_SCHEMA_BOOLEAN:
        return "boolean";
    case TG_SCHEMA_DECIMAL:
        return simple->integer ? "integer" : "decimal";
    case TG_SCHEMA_FLOAT:
        return "float";
    case TG_SCHEMA_OTHER:
        return "other";
    case TG_SCHEMA_LIST:
        return "list";
    case TG_SCHEMA_UNION:
        return "union";
    }
    return "";
}

static const char *json_of(const struct tg_schema_simple *simple)
{
    switch (simple->json) {
    case TG_SCHEMA_JSON_STRING:
        return "string";
    case TG_SCHEMA_JSON_NUMBER:
        return "number";
    case TG_SCHEMA_JSON_BOOLEAN:
        return "boolean";
    }
    return "";
}

static void put_limit(struct outline *o, const char *name, const struct tg_schema_limit *limit)
{
    if (!limit->set)
        return;
    tg_buffer_printf(o->out, ",\"%s\":{", name);
    text(o, "\"text\":", limit->text);
    flag(o, "exclusive", limit->exclusive);
    tg_buffer_put(o->out, '}');
}

static void put_facets(struct outline *o, const struct tg_schema_simple *simple)
{
    number(o, "min_length", simple->min_length, 0);
    number(o, "max_length", simple->max_length, SIZE_MAX);
    number(o, "total_digits", simple->total_digits, SIZE_MAX);
    number(o, "fraction_digits", simple->fraction_digits, SIZE_MAX);
    put_limit(o, "low", &simple->low);
    put_limit(o, "high", &simple->high);
    if (simple->enumeration_count != 0) {
        tg_buffer_printf(o->out, ",\"enumeration\":[");
        for (size_t i = 0; i < simple->enumeration_count; i++)
            text(o, i != 0 ? "," : "", simple->enumeration[i].text);
        tg_buffer_put(o->out, ']');
    }
    if (simple->pattern_count != 0) {
        tg_buffer_printf(o->out, ",\"patterns\":[");
        for (size_t i = 0; i < simple->pattern_count; i++)
            text(o, i != 0 ? "," : "", tg_text_of(simple->pattern_texts[i]));
        tg_buffer_put(o->out, ']');
    }
}

/* Unions of unions may be many times in each other: the limit ends that. */
static void put_simple(struct outline *o, const struct tg_schema_simple *simple)
{
    if (o->out->full)
        return;
    tg_buffer_printf(o->out, "{\"class\":\"%s\",\"json\":\"%s\"", class_of(simple),
                     json_of(simple));
    text(o, ",\"name\":", tg_text_of(simple->name));
    text(o, ",\"builtin\":", tg_text_of((const char *)simple->builtin->name));
    flag(o, "preserves", simple->space != TG_SCHEMA_COLLAPSE);
    put_facets(o, simple);
    if (simple->item != NULL) {
        tg_buffer_printf(o->out, ",\"item\":");
        put_simple(o, simple->item);
    }
    if (simple->member_count != 0) {
        tg_buffer_printf(o->out, ",\"members\":[");
        for (size_t i = 0; i < simple->member_count; i++) {
            comma(o, i);
            put_simple(o, simple->members[i]);
        }
        tg_buffer_put(o->out, ']');
    }
    tg_buffer_put(o->out, '}');
}

/* ---- complex types */

static size_t want(struct outline *o, const struct tg_schema_type *type)
{
    if (o->types[type->id] == NULL) {
        o->types[type->id] = type;
        o->queue[o->queued++] = type->id;
    }
    return type->id;
}

static void put_element(struct outline *o, const struct tg_schema_element *element)
{
    text(o, "{\"name\":", element->name);
    text(o, ",\"namespace\":", tg_text_of(o->model->namespaces[element->namespace]));
    tg_buffer_printf(o->out, ",\"type\":%zu", want(o, element->type));
    flag(o, "nillable", element->nillable);
    if (element->has_default)
        text(o, ",\"value\":", element->value);
    flag(o, "fixed", element->is_fixed);
    tg_buffer_put(o->out, '}');
}

static void put_attributes(struct outline *o, const struct tg_schema_type *type)
{
    tg_buffer_printf(o->out, ",\"attributes\":[");
    for (size_t i = 0; i < type->attribute_count; i++) {
        const struct tg_schema_attribute *attribute = &type->attributes[i];
        comma(o, i);
        text(o, "{\"key\":", attribute->shown);
        flag(o, "required", attribute->required);
        if (attribute->has_default)
            text(o, ",\"value\":", attribute->value);
        flag(o, "fixed", attribute->is_fixed);
        tg_buffer_printf(o->out, ",\"simple\":");
        put_simple(o, attribute->type);
        tg_buffer_put(o->out, '}');
    }
    tg_buffer_put(o->out, ']');
    flag(o, "any_attribute", type->any_attribute != NULL);
}

static void put_members(struct outline *o, const struct tg_schema_type *type)
{
    tg_buffer_printf(o->out, ",\"members\":[");
    for (size_t i = 0; i < type->member_count; i++) {
        const struct tg_schema_member *member = &type->members[i];
        comma(o, i);
        text(o, "{\"name\":", member->name);
        flag(o, "array", member->array);
        if (member->element != NULL) {
            tg_buffer_printf(o->out, ",\"element\":");
            put_element(o, member->element);
        }
        tg_buffer_put(o->out, '}');
    }
    tg_buffer_put(o->out, ']');
}

/* From 1; 0: the leaf may never be there. */
static size_t member_of(const struct tg_schema_type *type, const struct tg_schema_part *leaf)
{
    struct tg_text name = leaf->element != NULL ? leaf->element->name : TG_TEXT("#any");

    for (size_t i = 0; i < type->member_count; i++)
        if ((type->members[i].element != NULL) == (leaf->element != NULL) &&
            tg_text_is(name, type->members[i].name))
            return i + 1;
    return 0;
}

static void put_part(struct outline *o, const struct tg_schema_type *type,
                     const struct tg_schema_part *part)
{
    static const char *const kinds[] = {"leaf", "sequence", "choice", "all"};

    tg_buffer_printf(o->out, "{\"kind\":\"%s\",\"min\":%" PRIu32 ",\"max\":%" PRId64,
                     kinds[part->kind], part->min,
                     part->max == TG_SCHEMA_UNBOUNDED ? INT64_C(-1) : (int64_t)part->max);
    if (part->kind == TG_SCHEMA_LEAF)
        number(o, "member", member_of(type, part), 0);
    if (part->count != 0 && !o->out->full) {
        tg_buffer_printf(o->out, ",\"parts\":[");
        for (size_t i = 0; i < part->count; i++) {
            comma(o, i);
            put_part(o, type, part->parts[i]);
        }
        tg_buffer_put(o->out, ']');
    }
    tg_buffer_put(o->out, '}');
}

/* Types by name alone may be named by xsi:type. */
static void put_derived(struct outline *o, const struct tg_schema_type *type)
{
    size_t count = 0;

    if (type->is_any || type->name.local == NULL)
        return;
    for (size_t i = 0; i < o->model->type_count; i++) {
        const struct tg_schema_type *other = o->model->types[i].made;
        if (other == type || other->abstract || !tg_schema_derives(other, type))
            continue;
        if (!type->complex && !other->complex)
            continue; /* its values are among those of the other */
        tg_buffer_printf(o->out, "%s%zu", count++ == 0 ? ",\"derived\":[" : ",", want(o, other));
    }
    if (count != 0)
        tg_buffer_put(o->out, ']');
}

static void put_type(struct outline *o, const struct tg_schema_type *type)
{
    tg_buffer_printf(o->out, "\"%zu\":{\"id\":%zu", type->id, type->id);
    if (type->name.local != NULL)
        text(o, ",\"name\":", tg_text_of(type->name.local));
    if (type->name.local != NULL)
        text(o, ",\"namespace\":", tg_text_of(type->name.namespace));
    if (type->shown.base != NULL)
        text(o, ",\"shown\":", type->shown);
    flag(o, "complex", type->complex);
    flag(o, "raw", type->raw);
    flag(o, "abstract", type->abstract);
    if (type->simple != NULL) {
        tg_buffer_printf(o->out, ",\"simple\":");
        put_simple(o, type->simple);
    }
    put_attributes(o, type);
    put_members(o, type);
    if (type->part != NULL && !type->raw) {
        tg_buffer_printf(o->out, ",\"part\":");
        put_part(o, type, type->part);
    }
    put_derived(o, type);
    tg_buffer_put(o->out, '}');
}

/* ---- all of it */

static void put_elements(struct outline *o)
{
    size_t count = 0;

    tg_buffer_printf(o->out, "{\"elements\":{");
    for (size_t i = 0; i < o->model->element_count; i++) {
        const struct tg_schema_entry *entry = &o->model->elements[i];
        const struct tg_schema_element *element = entry->made;
        struct tg_buffer name = {.limit = 0};
        if (element->abstract)
            continue;
        comma(o, count++);
        tg_buffer_printf(&name, "{%s}%s", entry->name.namespace, entry->name.local);
        text(o, "", tg_text(name.base, name.len));
        tg_buffer_put(o->out, ':');
        put_element(o, element);
        tg_buffer_dispose(&name);
    }
    tg_buffer_put(o->out, '}');
}

bool tg_schema_outline(const struct tg_schema *schema, struct tg_buffer *out)
{
    struct outline o = {.model = &schema->model, .out = out};
    size_t room = schema->model.type_total + 1;

    assert(tg_schema_refusal(schema) == NULL);
    o.types = calloc(room, sizeof(*o.types));
    o.queue = calloc(room, sizeof(*o.queue));
    assert(o.types != NULL && o.queue != NULL);
    put_elements(&o);
    tg_buffer_printf(out, ",\"types\":{");
    for (size_t i = 0; i < o.queued && !out->full; i++) {
        comma(&o, i);
        put_type(&o, o.types[o.queue[i]]);
    }
    tg_buffer_printf(out, "}}");
    free(o.types);
    free(o.queue);
    return !out->full;
}
