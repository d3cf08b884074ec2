/* Attributes of elements, and xsi:type. */
#include "codec/schema_json_parts.h"

enum { SEEN = 64 }; /* attributes that have a bit */

static bool put_other_attribute(struct converter *c, const struct tg_schema_type *type,
                                const struct tg_xml_attribute *attribute)
{
    const struct tg_xml_name *name = attribute->name;
    struct tg_text namespace =
        name->prefix != NULL ? uri_text(name->prefix->namespace) : tg_text("", 0);
    struct tg_text local = tg_xml_name_text(name->local);
    uint64_t high = 0;

    if (type->any_attribute == NULL || !tg_schema_allows(type->any_attribute, namespace))
        return tg_sjson_refuse(c, "there is no attribute '%.*s' here", tg_sjson_shown(local),
                               local.base);
    c->deep = true;
    c->tools->scratch->len = 0;
    tg_buffer_printf(c->tools->scratch, "@%s", namespace.len != 0 ? "{" : "");
    tg_buffer_append(c->tools->scratch, namespace.base, namespace.len);
    tg_buffer_printf(c->tools->scratch, "%s", namespace.len != 0 ? "}" : "");
    tg_buffer_append(c->tools->scratch, local.base, local.len);
    return comma(c) &&
           tg_json_write_string(c->out, tg_text(c->tools->scratch->base, c->tools->scratch->len),
                                &high) &&
           tg_buffer_put(c->out, ':') && tg_json_write_string(c->out, attribute->value, &high);
}

static const struct tg_schema_attribute *find_attribute(struct converter *c,
                                                        const struct tg_schema_type *type,
                                                        const struct tg_xml_name *name)
{
    size_t space = name->prefix != NULL ? namespace_index(c, name->prefix->namespace) : 0;

    for (size_t i = 0; i < type->attribute_count; i++)
        if (type->attributes[i].namespace == space &&
            is_named(name->local, type->attributes[i].name))
            return &type->attributes[i];
    return NULL;
}

static bool put_attribute(struct converter *c, const struct tg_schema_attribute *attribute,
                          struct tg_text value)
{
    if (attribute->is_fixed && !tg_sjson_is_fixed_value(attribute->value, value, attribute->type))
        return tg_sjson_refuse(c, "attribute '%s' is always \"%s\"", attribute->name.base,
                               attribute->value.base);
    put_key(c, attribute->key);
    const char *reason = tg_sjson_put_value(c, attribute->type, value);
    return reason == NULL ||
           tg_sjson_refuse_value(c, attribute->type, value, reason, "attribute", attribute->name);
}

static bool is_given(struct converter *c, const struct tg_schema_attribute *attribute,
                     const struct tg_schema_type *type)
{
    for (size_t i = 0; i < c->xml->attribute_count; i++)
        if (c->xml->attributes[i].name->kind == TG_XML_PLAIN &&
            !is_xsi(c->xml->attributes[i].name) &&
            find_attribute(c, type, c->xml->attributes[i].name) == attribute)
            return true;
    return false;
}

/* `seen` has a bit for each of the first attributes that was there. */
static bool put_missing(struct converter *c, const struct tg_schema_type *type, uint64_t seen)
{
    for (size_t i = 0; i < type->attribute_count; i++) {
        const struct tg_schema_attribute *attribute = &type->attributes[i];
        if ((!attribute->required && !attribute->has_default) ||
            (i < SEEN ? (seen >> i & 1) != 0 : is_given(c, attribute, type)))
            continue;
        if (attribute->required)
            return tg_sjson_refuse(c, "attribute '%s' is missing", attribute->name.base);
        if (!put_attribute(c, attribute, attribute->value))
            return false;
    }
    return true;
}

static bool put_attributes(struct converter *c, const struct tg_schema_type *type)
{
    struct tg_xml *xml = c->xml;
    uint64_t seen = 0;

    for (size_t i = 0; i < xml->attribute_count; i++) {
        const struct tg_xml_attribute *attribute = &xml->attributes[i];
        if (attribute->name->kind != TG_XML_PLAIN || is_xsi(attribute->name))
            continue;
        const struct tg_schema_attribute *known = find_attribute(c, type, attribute->name);
        size_t index = known != NULL ? (size_t)(known - type->attributes) : SEEN;
        seen |= index < SEEN ? (uint64_t)1 << index : 0;
        if (!(known != NULL ? put_attribute(c, known, attribute->value)
                            : put_other_attribute(c, type, attribute)))
            return false;
    }
    return type->attribute_count == 0 || put_missing(c, type, seen);
}

bool tg_sjson_has_attributes(const struct tg_xml *xml)
{
    for (size_t i = 0; i < xml->attribute_count; i++)
        if (xml->attributes[i].name->kind == TG_XML_PLAIN && !is_xsi(xml->attributes[i].name))
            return true;
    return false;
}

bool tg_sjson_check_required(struct converter *c, const struct tg_schema_type *type)
{
    for (size_t i = 0; i < type->attribute_count; i++)
        if (type->attributes[i].required)
            return tg_sjson_refuse(c, "attribute '%s' is missing", type->attributes[i].name.base);
    return true;
}

/* What xsi:type says, a QName. */
static bool find_type(struct converter *c, struct tg_text name, struct tg_xml_name *space,
                      const struct tg_schema_type **found)
{
    name = tg_xml_trim_end(tg_xml_trim_start(name));
    const char *colon = memchr(name.base, ':', name.len);
    struct tg_text local = name, namespace = uri_text(space);

    if (colon != NULL) {
        struct tg_text prefix = tg_text(name.base, (size_t)(colon - name.base));
        struct tg_xml_name *known =
            tg_xml_names_find(&c->xml->names, prefix, tg_xml_names_hash(&c->xml->names, prefix));
        if (known == NULL || known->namespace == NULL)
            return tg_sjson_refuse(c, "xsi:type \"%.*s\" has an unknown prefix",
                                   tg_sjson_shown(name), name.base);
        namespace = uri_text(known->namespace);
        local = tg_text(colon + 1, name.len - prefix.len - 1);
    }
    *found = tg_schema_model_type(c->model, namespace, local);
    return *found != NULL || tg_sjson_refuse(c, "xsi:type \"%.*s\" is no type of the schema",
                                             tg_sjson_shown(name), name.base);
}

/* The type that the element has here. */
bool tg_sjson_choose_type(struct converter *c, const struct tg_schema_element *element,
                          struct tg_xml_name *space, const struct tg_schema_type **type)
{
    struct tg_xml *xml = c->xml;

    *type = element->type;
    for (size_t i = 0; i < xml->attribute_count; i++) {
        const struct tg_xml_name *name = xml->attributes[i].name;
        if (!is_xsi(name) || !is_named(name->local, TG_TEXT("type")))
            continue;
        if (!find_type(c, xml->attributes[i].value, space, type))
            return false;
        if (!tg_schema_derives(*type, element->type))
            return tg_sjson_refuse(c, "xsi:type of '%s' is not derived from its type",
                                   element->name.base);
    }
    if ((*type)->abstract)
        return tg_sjson_refuse(c, "'%s' needs an xsi:type: its own is abstract",
                               element->name.base);
    return true;
}

bool tg_sjson_begin_object(struct converter *c, const struct tg_schema_element *element,
                           const struct tg_schema_type *type)
{
    uint64_t high = 0;

    tg_buffer_put(c->out, '{');
    if (type != element->type && !(put_word(c, TG_TEXT("\"@xsi:type\":")) &&
                                   tg_json_write_string(c->out, type->shown, &high)))
        return false;
    if (c->frame->nil && !put_word(c, TG_TEXT("\"@xsi:nil\":true")))
        return false;
    return put_attributes(c, type);
}
