/* JSON to XML by a schema: the JSON is read into nodes, for its members come in any order, and then
 * written in the order of the schema. */
#include <assert.h>

#include "codec/schema_xml_parts.h"

#define XSI "http://www.w3.org/2001/XMLSchema-instance"

bool tg_sxml_refuse_limit(struct writer *w, const char *limit, size_t most)
{
    w->limit_name = limit;
    return tg_sxml_refuse(w, "more than %zu (limit %s)", most, limit);
}

int tg_sxml_shown(struct tg_text text)
{
    return text.len < 50 ? (int)text.len : 50;
}

void tg_sxml_put_prefix(struct writer *w, size_t namespace)
{
    if (namespace == 0)
        return;
    if (strcmp(w->model->namespaces[namespace], "http://www.w3.org/XML/1998/namespace") == 0) {
        tg_buffer_append(w->out, "xml:", 4);
        return;
    }
    w->used[namespace] = true;
    tg_buffer_printf(w->out, "n%zu:", namespace);
}

static bool put_tag(struct writer *w, const struct tg_schema_element *element)
{
    if (++w->elements > w->most)
        return tg_sxml_refuse_limit(w, "elements", w->most);
    if (w->out->len - w->base > w->limit)
        return tg_sxml_refuse_limit(w, "output", w->limit);
    w->used[element->namespace] = true;
    char *room = tg_buffer_reserve(w->out, element->tag.len + 1);
    if (room == NULL)
        return false;
    *room = '<';
    memcpy(room + 1, element->tag.base, element->tag.len);
    w->out->len += element->tag.len + 1;
    return true;
}

static bool put_end(struct writer *w, const struct tg_schema_element *element)
{
    char *room = tg_buffer_reserve(w->out, element->tag.len + 3);

    if (room == NULL)
        return false;
    room[0] = '<';
    room[1] = '/';
    memcpy(room + 2, element->tag.base, element->tag.len);
    room[element->tag.len + 2] = '>';
    w->out->len += element->tag.len + 3;
    return true;
}

static bool put_text(struct writer *w, const struct tg_schema_element *element,
                     const struct tg_schema_simple *type, const struct node *node)
{
    size_t before = w->out->len;

    if (element->is_fixed && !tg_sxml_is_same_value(node, element->value))
        return tg_sxml_refuse(w, "it is always \"%s\"", element->value.base);
    if (!tg_sxml_put_simple(w, type, node, false))
        return false;
    if (w->out->len == before && element->has_default && element->value.len != 0)
        return tg_sxml_refuse(w, "empty, which stands for the default \"%s\"", element->value.base);
    return true;
}

/* { "#text": … } and nothing else beside attributes. */
static bool put_object_text(struct writer *w, const struct tg_schema_element *element,
                            const struct tg_schema_type *type, const struct node *object)
{
    const struct node *text = tg_sxml_find_member(object, TG_TEXT("#text"));

    for (const struct node *at = object->first; at != NULL; at = at->next)
        if (at != text && (at->key.len == 0 || at->key.base[0] != '@')) {
            tg_sxml_refuse(w, "the schema has no such member");
            return tg_sxml_fail_in_member(w, at->key);
        }
    if (text == NULL) {
        tg_sxml_refuse(w, "it is missing");
        return tg_sxml_fail_in_member(w, TG_TEXT("#text"));
    }
    return put_text(w, element, type->simple, text) || tg_sxml_fail_in_member(w, text->key);
}

/* "@xsi:type": a type derived from the element's. */
static bool choose_type(struct writer *w, const struct tg_schema_element *element,
                        const struct node *object, const struct tg_schema_type **type)
{
    const struct node *named = tg_sxml_find_member(object, TG_TEXT("@xsi:type"));
    const struct tg_schema_model *model = w->model;

    *type = element->type;
    if (named != NULL) {
        *type = NULL;
        for (size_t i = 0; i < model->type_count && *type == NULL; i++) {
            const struct tg_schema_type *one = model->types[i].made;
            if (tg_text_is(one->shown, tg_sxml_scalar(named)))
                *type = one;
        }
        if (*type == NULL || !(*type)->complex || !tg_schema_derives(*type, element->type)) {
            tg_sxml_refuse(w, "it is no type that is derived from that of '%s'",
                           element->name.base);
            return tg_sxml_fail_in_member(w, named->key);
        }
    }
    if (!(*type)->abstract)
        return true;
    tg_sxml_refuse(w, "it is missing: the type of '%s' is abstract", element->name.base);
    return tg_sxml_fail_in_member(w, TG_TEXT("@xsi:type"));
}

static void put_type(struct writer *w, const struct tg_schema_type *type)
{
    size_t namespace = tg_schema_namespace(w->model, type->name.namespace);

    tg_buffer_printf(w->out, " xmlns:xsi=\"" XSI "\" xsi:type=\"");
    tg_sxml_put_prefix(w, namespace);
    tg_buffer_printf(w->out, "%s\"", type->name.local);
}

static bool put_nil(struct writer *w, const struct tg_schema_element *element,
                    const struct tg_schema_type *type)
{
    if (!element->nillable)
        return tg_sxml_refuse(w, "null, but the element is not nillable");
    for (size_t i = 0; i < type->attribute_count; i++)
        if (type->attributes[i].required)
            return tg_sxml_refuse(w, "null, but '%s' is required", type->attributes[i].shown.base);
    tg_buffer_printf(w->out, " xmlns:xsi=\"" XSI "\" xsi:nil=\"true\"/>");
    return true;
}

static bool put_object(struct writer *w, const struct tg_schema_element *element,
                       const struct node *object)
{
    const struct tg_schema_type *type;
    const struct node *nil = tg_sxml_find_member(object, TG_TEXT("@xsi:nil"));

    if (!choose_type(w, element, object, &type))
        return false;
    if (type != element->type)
        put_type(w, type);
    if (!tg_sxml_put_attributes(w, type, object))
        return false;
    if (nil != NULL && nil->kind == TG_JSON_TRUE) {
        if (!element->nillable)
            return tg_sxml_refuse(w, "'@xsi:nil', but the element is not nillable");
        for (const struct node *at = object->first; at != NULL; at = at->next)
            if (at->key.len == 0 || at->key.base[0] != '@')
                return tg_sxml_refuse(w, "'@xsi:nil' with content");
        tg_buffer_printf(w->out, "%s xsi:nil=\"true\"/>",
                         type != element->type ? "" : " xmlns:xsi=\"" XSI "\"");
        return true;
    }
    tg_buffer_put(w->out, '>');
    if (type->raw)
        return tg_sxml_refuse(w, "a type with mixed content can't stand for this one");
    return (type->simple != NULL ? put_object_text(w, element, type, object)
                                 : tg_sxml_put_children(w, type, object)) &&
           put_end(w, element);
}

bool tg_sxml_put_element(struct writer *w, const struct tg_schema_element *element,
                         const struct node *node)
{
    const struct tg_schema_type *type = element->type;

    if (type->raw && !(node->kind == TG_JSON_NULL && element->nillable))
        return tg_sxml_put_raw(w, node, element, NULL);
    if (!put_tag(w, element))
        return false;
    if (node->kind == TG_JSON_NULL)
        return put_nil(w, element, type);
    if (!type->complex)
        return tg_buffer_put(w->out, '>') && put_text(w, element, type->simple, node) &&
               put_end(w, element);
    if (node->kind != TG_JSON_OBJECT)
        return tg_sxml_refuse(w, "%s, but the schema wants an object", tg_sxml_kind_of(node));
    return put_object(w, element, node);
}

/* The element that the JSON is, and its value. */
static const struct tg_schema_element *
find_root(struct writer *w, const struct tg_schema_root *root, const struct node **node)
{
    bool bare = root != NULL && root->bare, many;
    struct tg_text namespace = {NULL, 0}, name = {NULL, 0};

    if (!bare && ((*node)->kind != TG_JSON_OBJECT || (*node)->count != 1)) {
        tg_sxml_refuse(w, "an object with one member, the element, is wanted");
        return NULL;
    }
    if (!bare) {
        *node = (*node)->first;
        assert(*node != NULL);
        name = (*node)->key;
    }
    if (root != NULL && root->name.len != 0) {
        if (!bare && !tg_text_is(name, root->name)) {
            tg_sxml_refuse(w, "the element is '%.*s', not '%.*s'", tg_sxml_shown(name), name.base,
                           tg_sxml_shown(root->name), root->name.base);
            return NULL;
        }
        name = root->name;
        namespace = root->namespace;
    }
    const struct tg_schema_element *element =
        tg_schema_model_element(w->model, namespace, name, &many);
    if (element != NULL && !many && !element->abstract)
        return element;
    tg_sxml_refuse(w,
                   many ? "'%.*s' is declared in several namespaces: say which"
                        : "'%.*s' is no element that the schema declares",
                   tg_sxml_shown(name), name.base);
    return NULL;
}

/* What prefixes stand for, in the root's tag. */
static void declare(struct writer *w, size_t at)
{
    struct tg_buffer text = {.limit = 0};

    for (size_t i = 1; i < w->model->namespace_count; i++) {
        if (!w->used[i])
            continue;
        struct tg_buffer *out = w->out;
        w->out = &text;
        tg_buffer_printf(&text, " xmlns:n%zu=\"", i);
        tg_sxml_escape(w, tg_text_of(w->model->namespaces[i]), true);
        tg_buffer_put(&text, '"');
        w->out = out;
    }
    if (text.len != 0 && tg_buffer_reserve(w->out, text.len) != NULL) {
        memmove(w->out->base + at + text.len, w->out->base + at, w->out->len - at);
        memcpy(w->out->base + at, text.base, text.len);
        w->out->len += text.len;
    }
    tg_buffer_dispose(&text);
}

static bool write_document(struct writer *w, const struct tg_schema_root *root,
                           const struct node *node)
{
    const struct tg_schema_element *element = find_root(w, root, &node);
    bool bare = root != NULL && root->bare;

    if (element == NULL)
        return false;
    size_t at = w->out->len + 1 + element->tag.len;
    if (!tg_sxml_put_element(w, element, node))
        return bare ? false : tg_sxml_fail_in_member(w, element->name);
    if (!element->type->raw || node->kind == TG_JSON_NULL)
        declare(w, at);
    return true;
}

static bool set_error(const struct writer *w, struct tg_parse_error *error)
{
    *error = (struct tg_parse_error){.line = 1, .column = 1, .limit = w->limit_name};
    snprintf(error->text, sizeof(error->text), "json: %s%s%.100s", w->path,
             w->path[0] != '\0' ? ": " : "", w->reason);
    return false;
}

static size_t limit_or(size_t limit, size_t usual)
{
    return limit != 0 ? limit : usual;
}

static bool check_input(struct tg_text json, size_t limit, struct tg_parse_error *error)
{
    if (json.len <= limit)
        return true;
    *error = (struct tg_parse_error){.line = 1, .column = 1, .limit = "input"};
    snprintf(error->text, sizeof(error->text), "json: more than %zu bytes (limit input)", limit);
    return false;
}

bool tg_schema_to_xml(const struct tg_schema *schema, const struct tg_schema_tools *tools,
                      const struct tg_schema_root *root, struct tg_text json,
                      const struct tg_xml_limits *limits, struct tg_buffer *out,
                      struct tg_parse_error *error, const char **code)
{
    struct node *node = NULL;
    struct writer w = {.model = &schema->model,
                       .tools = tools,
                       .out = out,
                       .base = out->len,
                       .limit = limit_or(limits->output, TG_XML_OUTPUT),
                       .most = limit_or(limits->elements, 1000000)};

    assert(tg_schema_refusal(schema) == NULL);
    w.used = calloc(schema->model.namespace_count + 1, sizeof(*w.used));
    assert(w.used != NULL);
    *code = "parse";
    bool good = check_input(json, limit_or(limits->input, (size_t)8 << 20), error) &&
                tg_sxml_read_nodes(&w, json, limits->depth, &node, error);
    if (good) {
        *code = "invalid";
        assert(node != NULL); /* JSON is a value */
        good = write_document(&w, root, node) || set_error(&w, error);
    }
    free(w.used);
    tg_xml_arena_dispose(&w.arena);
    if (good && (w.deep || schema->model.deep)) {
        struct tg_xml_options options = {.limits = *limits};
        options.limits.input = SIZE_MAX;
        good = tg_schema_validate(schema, tools, tg_text(out->base + w.base, out->len - w.base),
                                  &options, error, code);
    }
    if (!good)
        out->len = w.base;
    return good;
}
