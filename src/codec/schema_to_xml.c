/* JSON to XML by a schema: the JSON is read into nodes, for its members come in any order, and then
 * written in the order of the schema. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/json_read.h"
#include "codec/schema_parts.h"
#include "codec/utf8.h"
#include "codec/xml_scan.h"

#define NONE UINT32_MAX

enum { ATTRIBUTES = 256 }; /* of one element that only a wildcard allows */

/* A value of the JSON; its members or items are a list. */
struct node {
    enum tg_json_event kind; /* OBJECT ARRAY STRING NUMBER TRUE FALSE NULL */
    struct tg_text key, text;
    struct node *first, *next;
    size_t count;
};

struct writer {
    const struct tg_schema_model *model;
    const struct tg_schema_tools *tools;
    struct tg_buffer *out;
    size_t base, limit, elements, most;
    size_t root_tag; /* where the root's declarations go */
    bool *used;      /* namespaces, by index */
    struct tg_xml_arena arena;
    char reason[200];
    char path[120];         /* to what is wrong, put together from its end */
    const char *limit_name; /* of the limit that was crossed */
    bool deep;
};

/* ---- reading */

static struct tg_text keep(struct writer *w, struct tg_text text, struct tg_text json)
{
    if (text.base >= json.base && text.base < json.base + json.len)
        return text;
    char *copy = tg_xml_arena_take(&w->arena, text.len + 1);
    memcpy(copy, text.base, text.len);
    return tg_text(copy, text.len);
}

struct level {
    struct node *node, *last;
};

static bool read_nodes(struct writer *w, struct tg_text json, size_t depth, struct node **root,
                       struct tg_parse_error *error)
{
    struct level levels[TG_JSON_MAX_DEPTH + 1] = {{NULL, NULL}}, *level = levels;
    struct tg_json_reader reader;
    struct tg_text key = {NULL, 0};

    tg_json_begin(&reader, json, depth, w->tools->scratch, error);
    for (;;) {
        enum tg_json_event event = tg_json_next_plain(&reader);
        if (event == TG_JSON_ERROR)
            return false;
        if (event == TG_JSON_DONE)
            return true;
        if (event == TG_JSON_END) {
            level--;
            continue;
        }
        if (event == TG_JSON_KEY) {
            key = keep(w, reader.text, json);
            continue;
        }
        struct node *node = tg_xml_arena_take(&w->arena, sizeof(*node));
        *node = (struct node){.kind = event, .key = key};
        if (event == TG_JSON_STRING)
            node->text = keep(w, reader.text, json);
        else if (event == TG_JSON_NUMBER)
            node->text = reader.number.text;
        if (level->node == NULL)
            *root = node;
        else if (level->last == NULL)
            level->node->first = node;
        else
            level->last->next = node;
        level->last = node;
        if (level->node != NULL)
            level->node->count++;
        if (event == TG_JSON_OBJECT || event == TG_JSON_ARRAY)
            *++level = (struct level){node, NULL};
    }
}

/* ---- errors */

static bool refuse(struct writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3), cold));

static bool refuse(struct writer *w, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(w->reason, sizeof(w->reason), format, arguments);
    va_end(arguments);
    return false;
}

static bool refuse_limit(struct writer *w, const char *limit, size_t most)
{
    w->limit_name = limit;
    return refuse(w, "more than %zu (limit %s)", most, limit);
}

/* On the way out of a member or item that could not be written. */
static bool fail_in(struct writer *w, const char *step, size_t len)
{
    size_t have = strlen(w->path);

    if (have + len + 1 > sizeof(w->path))
        return false;
    memmove(w->path + len, w->path, have + 1);
    memcpy(w->path, step, len);
    return false;
}

static bool fail_in_member(struct writer *w, struct tg_text name)
{
    char step[80];
    int n = snprintf(step, sizeof(step), ".%.*s", name.len < 60 ? (int)name.len : 60, name.base);

    return fail_in(w, step, (size_t)n);
}

static bool fail_in_item(struct writer *w, size_t item)
{
    char step[32];
    int n = snprintf(step, sizeof(step), "[%zu]", item);

    return fail_in(w, step, (size_t)n);
}

static int shown(struct tg_text text)
{
    return text.len < 50 ? (int)text.len : 50;
}

/* ---- text */

static void escape(struct writer *w, struct tg_text text, bool attribute)
{
    const char *p = text.base, *end = p + text.len, *from = p;

    for (; p < end; p++) {
        const char *reference = *p == '&'                 ? "&amp;"
                                : *p == '<'               ? "&lt;"
                                : *p == '>'               ? "&gt;"
                                : *p == '\r'              ? "&#13;"
                                : attribute && *p == '"'  ? "&quot;"
                                : attribute && *p == '\n' ? "&#10;"
                                : attribute && *p == '\t' ? "&#9;"
                                                          : NULL;
        if (reference == NULL)
            continue;
        tg_buffer_append(w->out, from, (size_t)(p - from));
        tg_buffer_append(w->out, reference, strlen(reference));
        from = p + 1;
    }
    tg_buffer_append(w->out, from, (size_t)(end - from));
}

/* What a scalar is as text; base is NULL when it is none. */
static struct tg_text scalar(const struct node *node)
{
    switch (node->kind) {
    case TG_JSON_STRING:
    case TG_JSON_NUMBER:
        return node->text;
    case TG_JSON_TRUE:
        return TG_TEXT("true");
    case TG_JSON_FALSE:
        return TG_TEXT("false");
    default:
        return tg_text(NULL, 0);
    }
}

static const char *kind_of(const struct node *node)
{
    switch (node->kind) {
    case TG_JSON_OBJECT:
        return "an object";
    case TG_JSON_ARRAY:
        return "an array";
    case TG_JSON_NULL:
        return "null";
    default:
        return "a scalar";
    }
}

static const char *kind_wanted(const struct tg_schema_simple *type)
{
    if (type->class == TG_SCHEMA_LIST)
        return "an array";
    return type->json == TG_SCHEMA_JSON_NUMBER    ? "a number"
           : type->json == TG_SCHEMA_JSON_BOOLEAN ? "true or false"
                                                  : "a string";
}

static bool is_wrong_kind(const struct tg_schema_simple *type, const struct node *node)
{
    bool is_boolean = node->kind == TG_JSON_TRUE || node->kind == TG_JSON_FALSE;

    return is_boolean && type->json != TG_SCHEMA_JSON_BOOLEAN;
}

/* JSON's exponents are none of a decimal's. */
static bool put_checked(struct writer *w, const struct tg_schema_simple *type, struct tg_text text,
                        bool attribute)
{
    struct tg_text normal;
    bool cr;

    w->tools->scratch->len = 0;
    const char *reason = tg_schema_check_value(type, text, &normal, w->tools->scratch);
    if (reason != NULL)
        return refuse(w, "\"%.*s\" %s %s", shown(text), text.base, reason, type->name);
    if (tg_utf8_check_xml(text, &cr) != text.len)
        return refuse(w, "a character that XML does not allow");
    escape(w, text, attribute);
    return true;
}

static bool put_list(struct writer *w, const struct tg_schema_simple *type, const struct node *node,
                     bool attribute)
{
    struct tg_buffer text = {.limit = 0};
    size_t item = 0;
    bool good = true;

    for (const struct node *at = node->first; at != NULL && good; at = at->next, item++) {
        struct tg_text one = scalar(at), normal;
        if (one.base == NULL || is_wrong_kind(type->item, at)) {
            refuse(w, "%s, but the schema wants %s", kind_of(at), kind_wanted(type->item));
            good = fail_in_item(w, item);
            break;
        }
        w->tools->scratch->len = 0;
        const char *reason = tg_schema_check_value(type->item, one, &normal, w->tools->scratch);
        bool blank = memchr(normal.base, ' ', normal.len) != NULL || normal.len == 0;
        if (reason != NULL || blank) {
            refuse(w, "\"%.*s\" %s %s", shown(one), one.base,
                   reason != NULL ? reason : "can't be an item of a list of", type->item->name);
            good = fail_in_item(w, item);
        }
        if (item != 0)
            tg_buffer_put(&text, ' ');
        tg_buffer_append(&text, one.base, one.len);
    }
    good = good &&
           put_checked(w, type, tg_text(text.base != NULL ? text.base : "", text.len), attribute);
    tg_buffer_dispose(&text);
    return good;
}

static bool put_simple(struct writer *w, const struct tg_schema_simple *type,
                       const struct node *node, bool attribute)
{
    struct tg_text text = scalar(node);

    if (type->class == TG_SCHEMA_LIST && node->kind == TG_JSON_ARRAY)
        return put_list(w, type, node, attribute);
    if (text.base == NULL || type->class == TG_SCHEMA_LIST || is_wrong_kind(type, node))
        return refuse(w, "%s, but the schema wants %s", kind_of(node), kind_wanted(type));
    return put_checked(w, type, text, attribute);
}

/* ---- names */

static void put_prefix(struct writer *w, size_t namespace)
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
        return refuse_limit(w, "elements", w->most);
    if (w->out->len - w->base > w->limit)
        return refuse_limit(w, "output", w->limit);
    w->used[element->namespace] = true;
    return tg_buffer_put(w->out, '<') &&
           tg_buffer_append(w->out, element->tag.base, element->tag.len);
}

static bool put_end(struct writer *w, const struct tg_schema_element *element)
{
    return tg_buffer_append(w->out, "</", 2) &&
           tg_buffer_append(w->out, element->tag.base, element->tag.len) &&
           tg_buffer_put(w->out, '>');
}

#define XSI "http://www.w3.org/2001/XMLSchema-instance"

/* ---- XML as it is */

/* The text has to be one element, and nothing else but white space around it. */
static bool read_raw(struct writer *w, struct tg_text text, struct tg_buffer *namespace,
                     struct tg_buffer *name)
{
    struct tg_xml *xml = w->tools->scanner;
    const struct tg_xml_limits limits = {.input = SIZE_MAX};
    bool good = tg_xml_begin(xml, text, &limits), first = true;
    enum tg_xml_event event = TG_XML_ERROR;

    while (good && (event = tg_xml_next(xml)) != TG_XML_DONE && event != TG_XML_ERROR) {
        if (event != TG_XML_START || !first)
            continue;
        first = false;
        struct tg_text uri = tg_text("", 0), local = tg_xml_name_text(xml->name->local);
        if (xml->name->prefix != NULL)
            uri = tg_xml_name_text(xml->name->prefix->namespace);
        for (size_t i = 0; i < xml->attribute_count; i++)
            if (xml->name->prefix == NULL && xml->attributes[i].name->kind == TG_XML_XMLNS)
                uri = xml->attributes[i].value;
        tg_buffer_append(namespace, uri.base, uri.len);
        tg_buffer_append(name, local.base, local.len);
    }
    good = good && event == TG_XML_DONE;
    if (!good)
        refuse(w, "it is not XML: %.120s", xml->error.text);
    tg_xml_rest(xml);
    return good;
}

static struct tg_text without_declaration(struct tg_text text)
{
    text = tg_xml_trim_start(text);
    if (text.len > 5 && memcmp(text.base, "<?xml", 5) == 0 && tg_xml_is_blank(text.base[5])) {
        const char *end = memmem(text.base, text.len, "?>", 2);
        if (end != NULL)
            text = tg_text(end + 2, text.len - (size_t)(end + 2 - text.base));
    }
    return text;
}

/* `element`: the one that it has to be; NULL: one that the wildcard allows. */
static bool put_raw(struct writer *w, const struct node *node,
                    const struct tg_schema_element *element,
                    const struct tg_schema_wildcard *wildcard)
{
    struct tg_buffer namespace = {.limit = 0}, name = {.limit = 0};

    if (node->kind != TG_JSON_STRING)
        return refuse(w, "%s, but an element as XML text is wanted", kind_of(node));
    if (++w->elements > w->most)
        return refuse_limit(w, "elements", w->most);
    bool good = read_raw(w, node->text, &namespace, &name);
    struct tg_text uri = tg_text(namespace.base, namespace.len);
    if (good && element != NULL &&
        (!tg_text_is(tg_text_of(w->model->namespaces[element->namespace]), uri) ||
         !tg_text_is(element->name, tg_text(name.base, name.len))))
        good = refuse(w, "the XML text is another element than '%s'", element->name.base);
    if (good && wildcard != NULL && !tg_schema_allows(wildcard, uri))
        good = refuse(w, "an element of the namespace '%.*s' may not stand here", shown(uri),
                      namespace.base != NULL ? namespace.base : "");
    tg_buffer_dispose(&namespace);
    tg_buffer_dispose(&name);
    struct tg_text text = without_declaration(node->text);
    w->deep = true;
    return good && tg_buffer_append(w->out, text.base, text.len);
}

/* ---- objects */

static bool put_element(struct writer *w, const struct tg_schema_element *element,
                        const struct node *node);

/* Values of a member that are still to be written. */
struct queue {
    const struct node *next;
    size_t left, item;
    bool array;
};

static struct node *find_member(const struct node *object, struct tg_text key)
{
    for (struct node *at = object->first; at != NULL; at = at->next)
        if (tg_text_is(at->key, key))
            return at;
    return NULL;
}

/* @{namespace}name of an attribute that only a wildcard allows. */
static bool put_other_attribute(struct writer *w, const struct tg_schema_type *type,
                                const struct node *node, size_t number)
{
    struct tg_text name = tg_text(node->key.base + 1, node->key.len - 1), namespace = {"", 0};
    const char *brace =
        name.len != 0 && name.base[0] == '{' ? memchr(name.base, '}', name.len) : NULL;
    struct tg_text text = scalar(node);
    bool cr;

    if (brace != NULL) {
        namespace = tg_text(name.base + 1, (size_t)(brace - name.base) - 1);
        name = tg_text(brace + 1, name.len - namespace.len - 2);
    }
    if (type->any_attribute == NULL || !tg_schema_allows(type->any_attribute, namespace))
        return refuse(w, "there is no such attribute");
    if (text.base == NULL || name.len == 0 || tg_utf8_check_xml(text, &cr) != text.len)
        return refuse(w, "the attribute is no text");
    w->deep = true;
    if (namespace.len == 0)
        tg_buffer_put(w->out, ' ');
    else {
        tg_buffer_printf(w->out, " xmlns:o%zu=\"", number);
        escape(w, namespace, true);
        tg_buffer_printf(w->out, "\" o%zu:", number);
    }
    tg_buffer_append(w->out, name.base, name.len);
    tg_buffer_append(w->out, "=\"", 2);
    escape(w, text, true);
    return tg_buffer_put(w->out, '"');
}

static bool is_same_value(const struct node *node, struct tg_text value)
{
    struct tg_text text = scalar(node);

    return text.base != NULL && tg_text_is(text, value);
}

static bool put_attribute(struct writer *w, const struct tg_schema_attribute *attribute,
                          const struct node *node)
{
    if (attribute->is_fixed && !is_same_value(node, attribute->value))
        return refuse(w, "it is always \"%s\"", attribute->value.base);
    tg_buffer_put(w->out, ' ');
    put_prefix(w, attribute->namespace);
    tg_buffer_append(w->out, attribute->name.base, attribute->name.len);
    tg_buffer_append(w->out, "=\"", 2);
    return put_simple(w, attribute->type, node, true) && tg_buffer_put(w->out, '"');
}

static bool is_xsi(struct tg_text key)
{
    return tg_text_is(key, TG_TEXT("@xsi:type")) || tg_text_is(key, TG_TEXT("@xsi:nil"));
}

static bool put_attributes(struct writer *w, const struct tg_schema_type *type,
                           const struct node *object)
{
    size_t number = 0;

    for (size_t i = 0; i < type->attribute_count; i++) {
        const struct tg_schema_attribute *attribute = &type->attributes[i];
        const struct node *node = find_member(object, attribute->shown);
        if (node == NULL && attribute->required) {
            refuse(w, "it is missing");
            return fail_in_member(w, attribute->shown);
        }
        if (node != NULL && !put_attribute(w, attribute, node))
            return fail_in_member(w, attribute->shown);
    }
    for (const struct node *at = object->first; at != NULL; at = at->next) {
        bool known = at->key.len == 0 || at->key.base[0] != '@' || is_xsi(at->key);
        for (size_t i = 0; i < type->attribute_count && !known; i++)
            known = tg_text_is(type->attributes[i].shown, at->key);
        if (!known && ++number > ATTRIBUTES)
            return refuse_limit(w, "attributes", ATTRIBUTES);
        if (!known && !put_other_attribute(w, type, at, number))
            return fail_in_member(w, at->key);
        if (at->key.len != 0 && at->key.base[0] == '@' && find_member(object, at->key) != at) {
            refuse(w, "the member is there twice");
            return fail_in_member(w, at->key);
        }
    }
    return true;
}

/* ---- children */

/* What the object has for each member of the type. */
static bool fill_queues(struct writer *w, const struct tg_schema_type *type,
                        const struct node *object, struct queue *queues)
{
    uint32_t guess = 0;

    for (const struct node *at = object->first; at != NULL; at = at->next) {
        uint32_t found = NONE;
        if (at->key.len != 0 && at->key.base[0] == '@')
            continue;
        for (uint32_t i = 0; i < type->member_count && found == NONE; i++) {
            uint32_t index = (guess + i) % (uint32_t)type->member_count;
            if (tg_text_is(type->members[index].name, at->key))
                found = index;
        }
        if (found == NONE) {
            refuse(w, "the schema has no such member");
            return fail_in_member(w, at->key);
        }
        guess = found + 1;
        struct queue *queue = &queues[found];
        if (queue->next != NULL) {
            refuse(w, "the member is there twice");
            return fail_in_member(w, at->key);
        }
        bool wants = type->members[found].array;
        bool is_list = type->members[found].element != NULL &&
                       type->members[found].element->type->simple != NULL &&
                       type->members[found].element->type->simple->class == TG_SCHEMA_LIST;
        if (wants != (at->kind == TG_JSON_ARRAY) && !(is_list && !wants)) {
            refuse(w,
                   wants ? "%s, but the schema wants an array"
                         : "%s, but the schema wants one value",
                   kind_of(at));
            return fail_in_member(w, at->key);
        }
        *queue =
            wants ? (struct queue){at->first, at->count, 0, true} : (struct queue){at, 1, 0, false};
    }
    return true;
}

static bool put_next(struct writer *w, const struct tg_schema_type *type,
                     const struct tg_schema_position *position, struct queue *queue)
{
    const struct node *node = queue->next;
    const struct tg_schema_member *member = &type->members[position->member];

    queue->next = node->next;
    queue->left--;
    queue->item++;
    bool good = position->element != NULL ? put_element(w, position->element, node)
                                          : put_raw(w, node, NULL, position->wildcard);
    if (good)
        return true;
    if (queue->array)
        fail_in_item(w, queue->item - 1);
    return fail_in_member(w, member->name);
}

static bool put_all(struct writer *w, const struct tg_schema_type *type, struct queue *queues,
                    bool empty)
{
    if (empty && type->nullable)
        return true;
    for (size_t i = 0; i < type->position_count; i++) {
        const struct tg_schema_position *position = &type->positions[i];
        struct queue *queue = &queues[position->member];
        if (queue->left == 0 && !position->optional) {
            refuse(w, "it is missing");
            return fail_in_member(w, type->members[position->member].name);
        }
        if (queue->left != 0 && !put_next(w, type, position, queue))
            return false;
    }
    return true;
}

/* Among places, the first for which there is a value. */
static uint32_t choose(const struct tg_schema_type *type, const uint16_t *list, size_t count,
                       const struct queue *queues)
{
    for (size_t i = 0; i < count; i++)
        if (queues[type->positions[list[i]].member].left != 0)
            return list[i];
    return NONE;
}

static bool refuse_rest(struct writer *w, const struct tg_schema_type *type,
                        const struct queue *queues)
{
    for (uint32_t i = 0; i < type->member_count; i++)
        if (queues[i].left != 0) {
            refuse(w, "more of it than the schema allows beside the others");
            return fail_in_member(w, type->members[i].name);
        }
    return true;
}

static bool refuse_missing(struct writer *w, const struct tg_schema_type *type,
                           const uint16_t *list, size_t count)
{
    if (count == 0)
        return refuse(w, "it is not complete");
    refuse(w, "it is missing");
    return fail_in_member(w, type->members[type->positions[list[0]].member].name);
}

/* Goes through the places of the content as long as there are values for them. */
static bool put_sequence(struct writer *w, const struct tg_schema_type *type, struct queue *queues)
{
    const struct tg_schema_position *now = NULL;
    const uint16_t *list = type->first;
    size_t count = type->first_count;
    uint32_t times = 0;

    for (;;) {
        if (now != NULL && times < now->max && queues[now->member].left != 0) {
            times++;
        } else {
            if (now != NULL && times < now->min) {
                refuse(w, "%u of it, but at least %u are wanted", times, now->min);
                return fail_in_member(w, type->members[now->member].name);
            }
            uint32_t place = choose(type, list, count, queues);
            if (place == NONE)
                break;
            now = &type->positions[place];
            list = now->next;
            count = now->next_count;
            times = 1;
        }
        if (!put_next(w, type, now, &queues[now->member]))
            return false;
    }
    bool complete = now != NULL ? now->last : type->nullable;
    if (!complete)
        return refuse_missing(w, type, list, count);
    return refuse_rest(w, type, queues);
}

static bool put_children(struct writer *w, const struct tg_schema_type *type,
                         const struct node *object)
{
    struct tg_xml_arena_mark mark = tg_xml_arena_mark(&w->arena);
    struct queue *queues = tg_xml_arena_take(&w->arena, (type->member_count + 1) * sizeof(*queues));
    bool good = fill_queues(w, type, object, queues), empty = true;

    for (size_t i = 0; i < type->member_count; i++)
        empty = empty && queues[i].left == 0;
    if (good)
        good = type->all ? put_all(w, type, queues, empty) : put_sequence(w, type, queues);
    tg_xml_arena_release(&w->arena, mark);
    return good;
}

/* ---- elements */

static bool put_text(struct writer *w, const struct tg_schema_element *element,
                     const struct tg_schema_simple *type, const struct node *node)
{
    size_t before = w->out->len;

    if (element->is_fixed && !is_same_value(node, element->value))
        return refuse(w, "it is always \"%s\"", element->value.base);
    if (!put_simple(w, type, node, false))
        return false;
    if (w->out->len == before && element->has_default && element->value.len != 0)
        return refuse(w, "empty, which stands for the default \"%s\"", element->value.base);
    return true;
}

/* { "#text": … } and nothing else beside attributes. */
static bool put_object_text(struct writer *w, const struct tg_schema_element *element,
                            const struct tg_schema_type *type, const struct node *object)
{
    const struct node *text = find_member(object, TG_TEXT("#text"));

    for (const struct node *at = object->first; at != NULL; at = at->next)
        if (at != text && (at->key.len == 0 || at->key.base[0] != '@')) {
            refuse(w, "the schema has no such member");
            return fail_in_member(w, at->key);
        }
    if (text == NULL) {
        refuse(w, "it is missing");
        return fail_in_member(w, TG_TEXT("#text"));
    }
    return put_text(w, element, type->simple, text) || fail_in_member(w, text->key);
}

/* "@xsi:type": a type derived from the element's. */
static bool choose_type(struct writer *w, const struct tg_schema_element *element,
                        const struct node *object, const struct tg_schema_type **type)
{
    const struct node *named = find_member(object, TG_TEXT("@xsi:type"));
    const struct tg_schema_model *model = w->model;

    *type = element->type;
    if (named != NULL) {
        *type = NULL;
        for (size_t i = 0; i < model->type_count && *type == NULL; i++) {
            const struct tg_schema_type *one = model->types[i].made;
            if (tg_text_is(one->shown, scalar(named)))
                *type = one;
        }
        if (*type == NULL || !(*type)->complex || !tg_schema_derives(*type, element->type)) {
            refuse(w, "it is no type that is derived from that of '%s'", element->name.base);
            return fail_in_member(w, named->key);
        }
    }
    if (!(*type)->abstract)
        return true;
    refuse(w, "it is missing: the type of '%s' is abstract", element->name.base);
    return fail_in_member(w, TG_TEXT("@xsi:type"));
}

static void put_type(struct writer *w, const struct tg_schema_type *type)
{
    size_t namespace = tg_schema_namespace(w->model, type->name.namespace);

    tg_buffer_printf(w->out, " xmlns:xsi=\"" XSI "\" xsi:type=\"");
    put_prefix(w, namespace);
    tg_buffer_printf(w->out, "%s\"", type->name.local);
}

static bool put_nil(struct writer *w, const struct tg_schema_element *element,
                    const struct tg_schema_type *type)
{
    if (!element->nillable)
        return refuse(w, "null, but the element is not nillable");
    for (size_t i = 0; i < type->attribute_count; i++)
        if (type->attributes[i].required)
            return refuse(w, "null, but '%s' is required", type->attributes[i].shown.base);
    tg_buffer_printf(w->out, " xmlns:xsi=\"" XSI "\" xsi:nil=\"true\"/>");
    return true;
}

static bool put_object(struct writer *w, const struct tg_schema_element *element,
                       const struct node *object)
{
    const struct tg_schema_type *type;
    const struct node *nil = find_member(object, TG_TEXT("@xsi:nil"));

    if (!choose_type(w, element, object, &type))
        return false;
    if (type != element->type)
        put_type(w, type);
    if (!put_attributes(w, type, object))
        return false;
    if (nil != NULL && nil->kind == TG_JSON_TRUE) {
        if (!element->nillable)
            return refuse(w, "'@xsi:nil', but the element is not nillable");
        for (const struct node *at = object->first; at != NULL; at = at->next)
            if (at->key.len == 0 || at->key.base[0] != '@')
                return refuse(w, "'@xsi:nil' with content");
        tg_buffer_printf(w->out, "%s xsi:nil=\"true\"/>",
                         type != element->type ? "" : " xmlns:xsi=\"" XSI "\"");
        return true;
    }
    tg_buffer_put(w->out, '>');
    if (type->raw)
        return refuse(w, "a type with mixed content can't stand for this one");
    return (type->simple != NULL ? put_object_text(w, element, type, object)
                                 : put_children(w, type, object)) &&
           put_end(w, element);
}

static bool put_element(struct writer *w, const struct tg_schema_element *element,
                        const struct node *node)
{
    const struct tg_schema_type *type = element->type;

    if (type->raw && !(node->kind == TG_JSON_NULL && element->nillable))
        return put_raw(w, node, element, NULL);
    if (!put_tag(w, element))
        return false;
    if (node->kind == TG_JSON_NULL)
        return put_nil(w, element, type);
    if (!type->complex)
        return tg_buffer_put(w->out, '>') && put_text(w, element, type->simple, node) &&
               put_end(w, element);
    if (node->kind != TG_JSON_OBJECT)
        return refuse(w, "%s, but the schema wants an object", kind_of(node));
    return put_object(w, element, node);
}

/* ---- the document */

/* The element that the JSON is, and its value. */
static const struct tg_schema_element *
find_root(struct writer *w, const struct tg_schema_root *root, const struct node **node)
{
    bool bare = root != NULL && root->bare, many;
    struct tg_text namespace = {NULL, 0}, name = {NULL, 0};

    if (!bare && ((*node)->kind != TG_JSON_OBJECT || (*node)->count != 1)) {
        refuse(w, "an object with one member, the element, is wanted");
        return NULL;
    }
    if (!bare) {
        *node = (*node)->first;
        assert(*node != NULL);
        name = (*node)->key;
    }
    if (root != NULL && root->name.len != 0) {
        if (!bare && !tg_text_is(name, root->name)) {
            refuse(w, "the element is '%.*s', not '%.*s'", shown(name), name.base,
                   shown(root->name), root->name.base);
            return NULL;
        }
        name = root->name;
        namespace = root->namespace;
    }
    const struct tg_schema_element *element =
        tg_schema_model_element(w->model, namespace, name, &many);
    if (element != NULL && !many && !element->abstract)
        return element;
    refuse(w,
           many ? "'%.*s' is declared in several namespaces: say which"
                : "'%.*s' is no element that the schema declares",
           shown(name), name.base);
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
        escape(w, tg_text_of(w->model->namespaces[i]), true);
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
    if (!put_element(w, element, node))
        return bare ? false : fail_in_member(w, element->name);
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
                read_nodes(&w, json, limits->depth, &node, error);
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
