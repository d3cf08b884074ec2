/* XML to JSON by a schema, in one pass over the scanner's events. */
#include <assert.h>
#include <stdio.h>

#include "codec/json_write.h"
#include "codec/schema_parts.h"
#include "codec/xml_scan.h"
#include "codec/xml_slice.h"

#define NONE UINT32_MAX

/* An open element with children, or with attributes. */
struct frame {
    const struct tg_schema_type *type;
    const struct tg_schema_element *element;
    uint32_t position, count;  /* the last place that was taken, and how often in a row */
    uint32_t member;           /* whose array is open; NONE */
    struct tg_xml_name *space; /* the namespace of names without prefix; NULL: none */
    size_t segments;           /* of the converter: where those of this element begin */
    size_t seen;               /* the same for xs:all */
    size_t text;               /* where its text begins in `texts` */
    size_t begin;              /* of the value in the output */
    bool nil;
};

/* A child's value in the output, of a type whose members scatter. */
struct segment {
    uint32_t member;
    size_t begin, end;
};

struct converter {
    const struct tg_schema_model *model;
    const struct tg_schema_tools *tools;
    const struct tg_schema_root *root;
    struct tg_xml *xml;
    struct tg_buffer *out;
    size_t base, limit;
    struct tg_buffer frames, segments, seen, texts, moved, prefixes;
    struct frame *frame;             /* NULL: outside of the root element */
    const char *at;                  /* where the event began */
    const struct tg_xml_name *known; /* a namespace, */
    size_t known_index;              /* and its index */
    bool invalid;                    /* the error is the schema's, not the scanner's */
    bool deep;
};

/* ---- errors */

static bool refuse(struct converter *c, const char *format, ...)
    __attribute__((format(printf, 2, 3), cold));

static bool refuse(struct converter *c, const char *format, ...)
{
    char text[200];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    tg_xml_fail(c->xml, c->at, "%s", text);
    c->invalid = true;
    return false;
}

static int shown(struct tg_text text)
{
    return text.len < 60 ? (int)text.len : 60;
}

static bool fits(struct converter *c)
{
    return c->out->len - c->base <= c->limit ||
           (tg_xml_fail_limit(c->xml, c->at, "output", c->limit, "bytes of JSON"), false);
}

/* ---- names */

static struct tg_text uri_text(const struct tg_xml_name *uri)
{
    return uri != NULL ? tg_xml_name_text(uri) : tg_text("", 0);
}

static size_t namespace_index(struct converter *c, const struct tg_xml_name *uri)
{
    if (uri == NULL || uri->len == 0)
        return 0;
    if (uri == c->known)
        return c->known_index;
    c->known = uri;
    c->known_index = TG_SCHEMA_NO_NAMESPACE;
    for (size_t i = 1; i < c->model->namespace_count; i++)
        if (tg_text_is(tg_text_of(c->model->namespaces[i]), uri_text(uri)))
            c->known_index = i;
    return c->known_index;
}

/* What names without prefix are in, inside of the element that starts. */
static struct tg_xml_name *default_space(struct converter *c)
{
    struct tg_xml_name *space = c->frame != NULL ? c->frame->space : NULL;

    return c->xml->attribute_count != 0 ? tg_xml_default_space(c->xml, space) : space;
}

static bool is_named(const struct tg_xml_name *local, struct tg_text name)
{
    return local->len == name.len && memcmp(tg_xml_name_text(local).base, name.base, name.len) == 0;
}

/* As is_named, quicker for short names. */
static bool is_element(const struct tg_xml_name *local, const struct tg_schema_element *element)
{
    if (local->len != element->name.len)
        return false;
    if (local->len > TG_BLOCK)
        return is_named(local, element->name);
    return memcmp(local->first, element->first, TG_BLOCK) == 0;
}

static bool is_xsi(const struct tg_xml_name *name)
{
    return name->kind == TG_XML_PLAIN && name->prefix != NULL &&
           name->prefix->namespace->kind == TG_XML_URI_XSI;
}

/* ---- scalars */

/* A decimal as JSON has it: no plus, no zeros before it, digits on both sides of the point. */
static void put_odd_number(struct tg_buffer *out, struct tg_text text)
{
    const char *p = text.base, *end = p + text.len;

    if (p < end && (*p == '+' || *p == '-')) {
        if (*p == '-')
            tg_buffer_put(out, '-');
        p++;
    }
    while (p + 1 < end && *p == '0' && p[1] >= '0' && p[1] <= '9')
        p++;
    if (p < end && *p == '.')
        tg_buffer_put(out, '0');
    for (; p < end; p++) {
        bool lone = *p == '.' && (p + 1 == end || p[1] < '0' || p[1] > '9');
        if (!lone)
            tg_buffer_put(out, *p);
    }
}

static bool put_number(struct tg_buffer *out, const struct tg_schema_simple *type,
                       struct tg_text text)
{
    char first = text.base[0], last = text.base[text.len - 1];

    if (type->class == TG_SCHEMA_DECIMAL && first >= '1' && first <= '9' && last != '.')
        return tg_buffer_append(out, text.base, text.len);
    put_odd_number(out, text);
    return true;
}

static bool put_boolean(struct tg_buffer *out, struct tg_text text)
{
    bool is_true = text.base[0] == 't' || text.base[0] == '1';

    return is_true ? tg_buffer_append(out, "true", 4) : tg_buffer_append(out, "false", 5);
}

static bool put_scalar(struct converter *c, const struct tg_schema_simple *type,
                       struct tg_text text)
{
    uint64_t high = 0;
    char last = text.len != 0 ? text.base[text.len - 1] : ' ';

    switch (type->json) {
    case TG_SCHEMA_JSON_NUMBER:
        if ((last >= '0' && last <= '9') || last == '.')
            return put_number(c->out, type, text);
        break; /* INF, NaN */
    case TG_SCHEMA_JSON_BOOLEAN:
        return put_boolean(c->out, text);
    case TG_SCHEMA_JSON_STRING:
        break;
    }
    return tg_json_write_string(c->out, text, &high);
}

static bool put_list(struct converter *c, const struct tg_schema_simple *type, struct tg_text text)
{
    const char *p = text.base, *end = p + text.len;

    tg_buffer_put(c->out, '[');
    while (p < end) {
        const char *blank = memchr(p, ' ', (size_t)(end - p));
        const char *stop = blank != NULL ? blank : end;
        if (p != text.base)
            tg_buffer_put(c->out, ',');
        if (!put_scalar(c, type->item, tg_text(p, (size_t)(stop - p))))
            return false;
        p = stop + 1;
    }
    return tg_buffer_put(c->out, ']');
}

static bool put_value(struct converter *c, const struct tg_schema_simple *type, struct tg_text text,
                      const char *what, struct tg_text name)
{
    struct tg_text normal;

    c->tools->scratch->len = 0;
    const char *reason = tg_schema_check_value(type, text, &normal, c->tools->scratch);
    if (reason != NULL)
        return refuse(c, "%s '%.*s': \"%.*s\" %s %s", what, shown(name), name.base, shown(text),
                      text.base, reason, type->name);
    return type->class == TG_SCHEMA_LIST ? put_list(c, type, normal) : put_scalar(c, type, normal);
}

/* Fixed values are compared as they are written, and as numbers. */
static bool is_fixed_value(struct tg_text value, struct tg_text text,
                           const struct tg_schema_simple *type)
{
    struct tg_text trimmed = tg_xml_trim_end(tg_xml_trim_start(text));

    if (tg_text_is(value, text))
        return true;
    return type->space == TG_SCHEMA_COLLAPSE && tg_text_is(value, trimmed);
}

/* The text of an element by its simple type. */
static bool put_text(struct converter *c, const struct tg_schema_element *element,
                     const struct tg_schema_type *type, struct tg_text text)
{
    if (text.len == 0 && element->has_default)
        text = element->value;
    if (element->is_fixed && !is_fixed_value(element->value, text, type->simple))
        return refuse(c, "'%s' is always \"%s\"", element->name.base, element->value.base);
    return put_value(c, type->simple, text, "element", element->name);
}

/* ---- the object of an element */

static bool comma(struct converter *c)
{
    char last = c->out->base[c->out->len - 1];

    return last == '{' || last == '[' || tg_buffer_put(c->out, ',');
}

static bool put_key(struct converter *c, struct tg_text key)
{
    return comma(c) && tg_buffer_append(c->out, key.base, key.len);
}

static void push_frame(struct converter *c, const struct frame *frame)
{
    tg_buffer_append(&c->frames, frame, sizeof(*frame));
    c->frame = (struct frame *)(void *)(c->frames.base + c->frames.len) - 1;
}

static void pop_frame(struct converter *c)
{
    c->frames.len -= sizeof(struct frame);
    c->texts.len = c->frame->text;
    c->segments.len = c->frame->segments;
    c->seen.len = c->frame->seen;
    c->frame =
        c->frames.len != 0 ? (struct frame *)(void *)(c->frames.base + c->frames.len) - 1 : NULL;
}

/* ---- attributes */

static bool put_other_attribute(struct converter *c, const struct tg_schema_type *type,
                                const struct tg_xml_attribute *attribute)
{
    const struct tg_xml_name *name = attribute->name;
    struct tg_text namespace =
        name->prefix != NULL ? uri_text(name->prefix->namespace) : tg_text("", 0);
    struct tg_text local = tg_xml_name_text(name->local);
    uint64_t high = 0;

    if (type->any_attribute == NULL || !tg_schema_allows(type->any_attribute, namespace))
        return refuse(c, "there is no attribute '%.*s' here", shown(local), local.base);
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
    if (attribute->is_fixed && !is_fixed_value(attribute->value, value, attribute->type))
        return refuse(c, "attribute '%s' is always \"%s\"", attribute->name.base,
                      attribute->value.base);
    return put_key(c, attribute->key) &&
           put_value(c, attribute->type, value, "attribute", attribute->name);
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

static bool put_missing(struct converter *c, const struct tg_schema_type *type)
{
    for (size_t i = 0; i < type->attribute_count; i++) {
        const struct tg_schema_attribute *attribute = &type->attributes[i];
        if ((!attribute->required && !attribute->has_default) || is_given(c, attribute, type))
            continue;
        if (attribute->required)
            return refuse(c, "attribute '%s' is missing", attribute->name.base);
        if (!put_attribute(c, attribute, attribute->value))
            return false;
    }
    return true;
}

static bool put_attributes(struct converter *c, const struct tg_schema_type *type)
{
    struct tg_xml *xml = c->xml;

    for (size_t i = 0; i < xml->attribute_count; i++) {
        const struct tg_xml_attribute *attribute = &xml->attributes[i];
        if (attribute->name->kind != TG_XML_PLAIN || is_xsi(attribute->name))
            continue;
        const struct tg_schema_attribute *known = find_attribute(c, type, attribute->name);
        if (!(known != NULL ? put_attribute(c, known, attribute->value)
                            : put_other_attribute(c, type, attribute)))
            return false;
    }
    return type->attribute_count == 0 || put_missing(c, type);
}

/* ---- XML as it is */

/* The element that has started, whole, as a string of JSON. */
static bool put_raw(struct converter *c)
{
    const struct tg_xml_name *space = c->frame != NULL ? c->frame->space : NULL;
    uint64_t high = 0;

    c->moved.len = 0;
    if (!tg_xml_slice(c->xml, space, &c->prefixes, &c->moved))
        return false;
    c->deep = true;
    return tg_json_write_string(c->out, tg_text(c->moved.base, c->moved.len), &high);
}

/* ---- elements */

static bool start_value(struct converter *c, const struct tg_schema_element *element);

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
            return refuse(c, "xsi:type \"%.*s\" has an unknown prefix", shown(name), name.base);
        namespace = uri_text(known->namespace);
        local = tg_text(colon + 1, name.len - prefix.len - 1);
    }
    *found = tg_schema_model_type(c->model, namespace, local);
    return *found != NULL ||
           refuse(c, "xsi:type \"%.*s\" is no type of the schema", shown(name), name.base);
}

/* The type that the element has here. */
static bool choose_type(struct converter *c, const struct tg_schema_element *element,
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
            return refuse(c, "xsi:type of '%s' is not derived from its type", element->name.base);
    }
    if ((*type)->abstract)
        return refuse(c, "'%s' needs an xsi:type: its own is abstract", element->name.base);
    return true;
}

static bool has_attributes(const struct tg_xml *xml)
{
    for (size_t i = 0; i < xml->attribute_count; i++)
        if (xml->attributes[i].name->kind == TG_XML_PLAIN && !is_xsi(xml->attributes[i].name))
            return true;
    return false;
}

static bool check_required(struct converter *c, const struct tg_schema_type *type)
{
    for (size_t i = 0; i < type->attribute_count; i++)
        if (type->attributes[i].required)
            return refuse(c, "attribute '%s' is missing", type->attributes[i].name.base);
    return true;
}

static bool is_nil(struct converter *c)
{
    return c->xml->attribute_count != 0 && c->xml->nil;
}

static bool begin_object(struct converter *c, const struct tg_schema_element *element,
                         const struct tg_schema_type *type)
{
    uint64_t high = 0;

    tg_buffer_put(c->out, '{');
    if (type != element->type && !(put_key(c, TG_TEXT("\"@xsi:type\":")) &&
                                   tg_json_write_string(c->out, type->shown, &high)))
        return false;
    if (c->frame->nil && !put_key(c, TG_TEXT("\"@xsi:nil\":true")))
        return false;
    return put_attributes(c, type);
}

static bool dispatch(struct converter *c, enum tg_xml_event event);
static void end_member(struct converter *c);

static void open_element(struct converter *c, const struct tg_schema_element *element,
                         const struct tg_schema_type *type, struct tg_xml_name *space, bool nil)
{
    push_frame(c, &(struct frame){.type = type,
                                  .element = element,
                                  .position = NONE,
                                  .member = NONE,
                                  .space = space,
                                  .segments = c->segments.len,
                                  .seen = c->seen.len,
                                  .text = c->texts.len,
                                  .begin = c->out->len,
                                  .nil = nil});
}

/* Mostly nothing is in it but one text: then it needs no frame. */
static bool put_leaf(struct converter *c, const struct tg_schema_element *element,
                     const struct tg_schema_type *type, struct tg_xml_name *space)
{
    struct tg_xml *xml = c->xml;

    c->at = xml->at;
    enum tg_xml_event event = tg_xml_next(xml);
    bool text = event == TG_XML_TEXT && tg_xml_ends(xml);
    if (!text && event != TG_XML_END) {
        open_element(c, element, type, space, false);
        return dispatch(c, event);
    }
    if (!put_text(c, element, type, text ? xml->text : tg_text("", 0)))
        return false;
    end_member(c);
    return (!text || tg_xml_next(xml) != TG_XML_ERROR) && fits(c);
}

/* The element has started, and its key is written. */
static bool start_value(struct converter *c, const struct tg_schema_element *element)
{
    struct tg_xml_name *space = default_space(c);
    const struct tg_schema_type *type;

    if (!choose_type(c, element, space, &type))
        return false;
    if (element->type->raw)
        return put_raw(c);
    bool nil = is_nil(c);
    if (nil && !element->nillable)
        return refuse(c, "'%s' may not be xsi:nil", element->name.base);
    if (!type->complex && has_attributes(c->xml))
        return refuse(c, "'%s' has no attributes", element->name.base);
    if (!type->complex && !nil)
        return put_leaf(c, element, type, space);
    open_element(c, element, type, space, nil);
    if (type->all) {
        memset(tg_buffer_reserve(&c->seen, type->position_count), 0, type->position_count);
        c->seen.len += type->position_count;
    }
    if (!element->type->complex && type->complex)
        return refuse(c, "'%s' has an xsi:type with attributes", element->name.base);
    if (!type->complex)
        return true;
    if (nil && type == element->type && !has_attributes(c->xml))
        return check_required(c, type);
    return begin_object(c, element, type);
}

/* ---- children */

static bool matches(struct converter *c, const struct tg_schema_position *position, size_t space,
                    const struct tg_xml_name *uri)
{
    if (position->element != NULL)
        return position->element->namespace == space &&
               is_element(c->xml->name->local, position->element);
    return tg_schema_allows(position->wildcard, uri_text(uri));
}

static uint32_t find_among(struct converter *c, const uint16_t *list, size_t count, size_t space,
                           const struct tg_xml_name *uri)
{
    const struct tg_schema_position *positions = c->frame->type->positions;
    uint32_t wild = NONE;

    for (size_t i = 0; i < count; i++) {
        if (positions[list[i]].element == NULL && wild != NONE)
            continue;
        if (!matches(c, &positions[list[i]], space, uri))
            continue;
        if (positions[list[i]].element != NULL)
            return list[i];
        wild = list[i];
    }
    return wild;
}

/* xs:all: any order, each once. */
static uint32_t find_in_all(struct converter *c, size_t space, const struct tg_xml_name *uri)
{
    const struct tg_schema_type *type = c->frame->type;

    for (uint32_t i = 0; i < type->position_count; i++)
        if (matches(c, &type->positions[i], space, uri)) {
            char *seen = c->seen.base + c->frame->seen + i;
            if (*seen != 0)
                return NONE;
            *seen = 1;
            return i;
        }
    return NONE;
}

/* The place that the child takes; NONE: there is none for it here. */
static uint32_t step(struct converter *c, size_t space, const struct tg_xml_name *uri)
{
    struct frame *frame = c->frame;
    const struct tg_schema_type *type = frame->type;

    if (type->all)
        return find_in_all(c, space, uri);
    if (frame->position == NONE)
        return find_among(c, type->first, type->first_count, space, uri);
    const struct tg_schema_position *now = &type->positions[frame->position];
    if (frame->count < now->max && matches(c, now, space, uri))
        return frame->position;
    if (frame->count < now->min)
        return NONE;
    return find_among(c, now->next, now->next_count, space, uri);
}

/* Which elements could have come. */
static void list_expected(struct converter *c, char *text, size_t size)
{
    const struct frame *frame = c->frame;
    const struct tg_schema_type *type = frame->type;
    const uint16_t *list = type->first;
    size_t count = type->first_count, len = 0;

    text[0] = '\0';
    if (type->all)
        return;
    if (frame->position != NONE) {
        const struct tg_schema_position *now = &type->positions[frame->position];
        list = now->next;
        count = frame->count < now->min ? 0 : now->next_count;
        if (frame->count < now->max && now->element != NULL)
            len = (size_t)snprintf(text, size, "'%.40s'", now->element->name.base);
    }
    for (size_t i = 0; i < count && i < 5 && len + 60 < size; i++) {
        const struct tg_schema_element *element = type->positions[list[i]].element;
        if (element != NULL)
            len += (size_t)snprintf(text + len, size - len, "%s'%.40s'", len != 0 ? ", " : "",
                                    element->name.base);
    }
}

static bool refuse_child(struct converter *c)
{
    struct tg_text name = tg_xml_name_text(c->xml->name);
    char expected[120];

    list_expected(c, expected, sizeof(expected));
    return refuse(c, "'%.*s' may not stand here in '%s'%s%s", shown(name), name.base,
                  c->frame->element->name.base, expected[0] != '\0' ? "; expected: " : "",
                  expected);
}

/* Writes the key of the member, or goes on with its array. */
static bool begin_member(struct converter *c, uint32_t index)
{
    struct frame *frame = c->frame;
    const struct tg_schema_member *member = &frame->type->members[index];

    if (frame->type->scatters) {
        struct segment segment = {.member = index, .begin = c->out->len};
        return tg_buffer_append(&c->segments, &segment, sizeof(segment));
    }
    if (frame->member == index)
        return tg_buffer_put(c->out, ',');
    if (frame->member != NONE)
        tg_buffer_put(c->out, ']');
    frame->member = member->array ? index : NONE;
    return put_key(c, member->key) && (!member->array || tg_buffer_put(c->out, '['));
}

/* A child's value is complete. */
static void end_member(struct converter *c)
{
    if (c->frame == NULL || !c->frame->type->scatters)
        return;
    struct segment *end = (struct segment *)(void *)(c->segments.base + c->segments.len);
    end[-1].end = c->out->len;
}

static bool start_child(struct converter *c)
{
    struct frame *frame = c->frame;
    const struct tg_schema_type *type = frame->type;
    const struct tg_xml_name *prefix = c->xml->name->prefix;
    const struct tg_xml_name *uri = prefix != NULL ? prefix->namespace : default_space(c);
    size_t space = namespace_index(c, uri);

    if (frame->nil)
        return refuse(c, "'%s' is xsi:nil and has children", frame->element->name.base);
    uint32_t place = type->simple != NULL ? NONE : step(c, space, uri);
    if (place == NONE)
        return refuse_child(c);
    frame->count = place == frame->position ? frame->count + 1 : 1;
    if (place == frame->position && frame->count > type->positions[place].max)
        frame->count = 1; /* it goes round */
    frame->position = place;
    const struct tg_schema_position *position = &type->positions[place];
    if (!begin_member(c, position->member))
        return false;
    if (position->element == NULL || position->element->type->raw) {
        if (!(position->element == NULL ? put_raw(c) : start_value(c, position->element)))
            return false;
        end_member(c);
        return true;
    }
    return start_value(c, position->element);
}

/* ---- ends */

/* Values of one member stand together: the key, and an array where there may be several. */
static bool gather(struct converter *c)
{
    const struct frame *frame = c->frame;
    size_t count = (c->segments.len - frame->segments) / sizeof(struct segment);

    if (count == 0)
        return true;
    struct segment *list = (struct segment *)(void *)(c->segments.base + frame->segments);
    size_t begin = list[0].begin;
    c->moved.len = 0;
    tg_buffer_append(&c->moved, c->out->base + begin, c->out->len - begin);
    c->out->len = begin;
    for (size_t i = 0; i < count; i++) {
        uint32_t index = list[i].member;
        const struct tg_schema_member *member = &frame->type->members[index];
        if (index == NONE)
            continue;
        put_key(c, member->key);
        if (member->array)
            tg_buffer_put(c->out, '[');
        for (size_t k = i; k < count; k++) {
            if (list[k].member != index)
                continue;
            if (k != i)
                tg_buffer_put(c->out, ',');
            tg_buffer_append(c->out, c->moved.base + list[k].begin - begin,
                             list[k].end - list[k].begin);
            list[k].member = NONE;
            if (!member->array)
                break;
        }
        if (member->array)
            tg_buffer_put(c->out, ']');
    }
    return true;
}

static bool is_complete(struct converter *c)
{
    const struct frame *frame = c->frame;
    const struct tg_schema_type *type = frame->type;

    if (type->all) {
        const char *seen = c->seen.base + frame->seen;
        if (type->nullable && frame->position == NONE)
            return true;
        for (size_t i = 0; i < type->position_count; i++)
            if (seen[i] == 0 && !type->positions[i].optional)
                return false;
        return true;
    }
    if (frame->position == NONE)
        return type->nullable;
    const struct tg_schema_position *now = &type->positions[frame->position];
    return now->last && frame->count >= now->min;
}

static bool end_content(struct converter *c)
{
    struct frame *frame = c->frame;
    char expected[120];

    if (!frame->nil && !is_complete(c)) {
        list_expected(c, expected, sizeof(expected));
        return refuse(c, "'%s' ends too early%s%s", frame->element->name.base,
                      expected[0] != '\0' ? "; expected: " : "", expected);
    }
    if (frame->type->scatters && !gather(c))
        return false;
    if (frame->member != NONE)
        tg_buffer_put(c->out, ']');
    return tg_buffer_put(c->out, '}');
}

static bool end_text(struct converter *c, struct tg_text text)
{
    const struct frame *frame = c->frame;

    if (!frame->type->complex)
        return put_text(c, frame->element, frame->type, text);
    return put_key(c, TG_TEXT("\"#text\":")) && put_text(c, frame->element, frame->type, text) &&
           tg_buffer_put(c->out, '}');
}

static bool end_nil(struct converter *c)
{
    if (c->texts.len != c->frame->text)
        return refuse(c, "'%s' is xsi:nil and has text", c->frame->element->name.base);
    if (c->out->len != c->frame->begin)
        return tg_buffer_put(c->out, '}');
    return tg_buffer_append(c->out, "null", 4);
}

static bool on_end(struct converter *c)
{
    const struct frame *frame = c->frame;
    assert(frame != NULL); /* the scanner knows what is open */
    struct tg_text text = tg_text(c->texts.base != NULL ? c->texts.base + frame->text : "",
                                  c->texts.len - frame->text);
    bool good = frame->nil                    ? end_nil(c)
                : frame->type->simple != NULL ? end_text(c, text)
                                              : end_content(c);

    pop_frame(c);
    if (!good)
        return false;
    end_member(c);
    return fits(c);
}

/* Text is mostly in one piece and the element's end follows. */
static bool on_text(struct converter *c)
{
    const struct frame *frame = c->frame;
    struct tg_text text = c->xml->text;

    assert(frame != NULL);
    if (frame->type->simple != NULL || frame->nil) {
        if (c->texts.len == frame->text && !frame->nil && tg_xml_ends(c->xml)) {
            bool good = end_text(c, text);
            c->at = c->xml->at;
            if (!good || tg_xml_next(c->xml) == TG_XML_ERROR)
                return false;
            pop_frame(c);
            end_member(c);
            return true;
        }
        return tg_buffer_append(&c->texts, text.base, text.len);
    }
    for (size_t i = 0; i < text.len; i++)
        if (!tg_xml_is_blank(text.base[i]))
            return refuse(c, "text in '%s', which has only elements", frame->element->name.base);
    return true;
}

/* ---- the document */

static const struct tg_schema_element *find_root(struct converter *c)
{
    const struct tg_xml_name *prefix = c->xml->name->prefix;
    const struct tg_xml_name *uri = prefix != NULL ? prefix->namespace : default_space(c);
    struct tg_text name = tg_xml_name_text(c->xml->name->local), space = uri_text(uri);
    bool many;

    if (c->root != NULL && c->root->name.len != 0 &&
        (!tg_text_is(name, c->root->name) ||
         (c->root->namespace.base != NULL && !tg_text_is(space, c->root->namespace)))) {
        refuse(c, "the element is '%.*s', not '%.*s'", shown(name), name.base, shown(c->root->name),
               c->root->name.base);
        return NULL;
    }
    const struct tg_schema_element *element =
        tg_schema_model_element(c->model, tg_text(space.base, space.len), name, &many);
    if (element == NULL || element->abstract)
        refuse(c, "'%.*s' is no element that the schema declares", shown(name), name.base);
    return element != NULL && !element->abstract ? element : NULL;
}

static bool on_start(struct converter *c)
{
    if (c->frame != NULL)
        return start_child(c);
    const struct tg_schema_element *element = find_root(c);
    if (element == NULL)
        return false;
    bool bare = c->root != NULL && c->root->bare;
    if (!bare) {
        tg_buffer_put(c->out, '{');
        tg_buffer_append(c->out, element->key.base, element->key.len);
    }
    return start_value(c, element);
}

static bool dispatch(struct converter *c, enum tg_xml_event event)
{
    switch (event) {
    case TG_XML_START:
        return on_start(c);
    case TG_XML_TEXT:
        return on_text(c);
    case TG_XML_END:
        return on_end(c);
    case TG_XML_ERROR:
        return false;
    case TG_XML_DONE:
    case TG_XML_COMMENT:
    case TG_XML_INSTRUCTION:
        break;
    }
    return true;
}

static bool convert(struct converter *c)
{
    for (;;) {
        c->at = c->xml->at;
        enum tg_xml_event event = tg_xml_next(c->xml);
        if (event == TG_XML_DONE)
            break;
        if (!dispatch(c, event))
            return false;
    }
    return (c->root != NULL && c->root->bare) || tg_buffer_put(c->out, '}');
}

static bool run(struct converter *c, struct tg_text xml, const struct tg_xml_options *options,
                struct tg_parse_error *error)
{
    bool good = tg_xml_begin_as(c->xml, xml, options);

    if (good) {
        c->limit = c->xml->limits.output;
        c->xml->markup = true;
        good = convert(c);
    }
    if (!good)
        *error = c->xml->error;
    tg_buffer_dispose(&c->frames);
    tg_buffer_dispose(&c->segments);
    tg_buffer_dispose(&c->seen);
    tg_buffer_dispose(&c->texts);
    tg_buffer_dispose(&c->moved);
    tg_buffer_dispose(&c->prefixes);
    tg_xml_rest(c->xml);
    return good;
}

bool tg_schema_to_json(const struct tg_schema *schema, const struct tg_schema_tools *tools,
                       const struct tg_schema_root *root, struct tg_text xml,
                       const struct tg_xml_options *options, struct tg_buffer *out,
                       struct tg_parse_error *error, const char **code)
{
    size_t before = out->len;
    struct converter c = {.model = &schema->model,
                          .tools = tools,
                          .root = root,
                          .xml = tools->scanner,
                          .out = out,
                          .base = before};

    assert(tg_schema_refusal(schema) == NULL);
    tg_buffer_reserve(out, xml.len);
    bool good = run(&c, xml, options, error);
    *code = c.invalid ? "invalid" : "parse";
    if (good && (c.deep || schema->model.deep))
        good = tg_schema_validate(schema, tools, xml, options, error, code);
    if (!good)
        out->len = before;
    return good;
}
