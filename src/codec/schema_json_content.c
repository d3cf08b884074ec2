/* Which children may stand where in an element. */
#include <stdio.h>

#include "codec/schema_json_parts.h"

uint32_t tg_sjson_find_among(struct converter *c, const uint16_t *list, size_t count, size_t space,
                             const struct tg_xml_name *uri)
{
    const struct tg_schema_position *positions = c->frame->type->positions;
    uint32_t wild = NONE;

    for (size_t i = 0; i < count; i++) {
        if (positions[list[i]].element == NULL && wild != NONE)
            continue;
        if (!tg_sjson_matches(c, &positions[list[i]], space, uri))
            continue;
        if (positions[list[i]].element != NULL)
            return list[i];
        wild = list[i];
    }
    return wild;
}

uint32_t tg_sjson_find_in_all(struct converter *c, size_t space, const struct tg_xml_name *uri)
{
    const struct tg_schema_type *type = c->frame->type;

    for (uint32_t i = 0; i < type->position_count; i++)
        if (tg_sjson_matches(c, &type->positions[i], space, uri)) {
            char *seen = c->seen.base + c->frame->seen + i;
            if (*seen != 0)
                return NONE;
            *seen = 1;
            return i;
        }
    return NONE;
}

bool tg_sjson_is_complete(struct converter *c)
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

/* The namespace that the child would be right in; NULL: there is none. */
static const char *right_namespace(struct converter *c, const struct tg_xml_name *uri)
{
    const struct tg_schema_type *type = c->frame->type;
    size_t space = namespace_index(c, uri), right = space;

    for (size_t i = 0; i < type->position_count; i++) {
        const struct tg_schema_element *element = type->positions[i].element;
        if (element == NULL || !is_element(c->xml->name->local, element))
            continue;
        if (element->namespace == space)
            return NULL;
        right = element->namespace;
    }
    return right != space ? c->model->namespaces[right] : NULL;
}

bool tg_sjson_refuse_child(struct converter *c)
{
    const struct tg_xml_name *prefix = c->xml->name->prefix;
    const struct tg_xml_name *uri = prefix != NULL ? prefix->namespace : default_space(c);
    struct tg_text name = tg_xml_name_text(c->xml->name), space = uri_text(uri);
    const char *right = right_namespace(c, uri);
    char expected[120];

    if (right != NULL)
        return tg_sjson_refuse(c, "'%.*s' is in namespace '%.*s' instead of '%.50s'",
                               tg_sjson_shown(name), name.base, tg_sjson_shown(space), space.base,
                               right);
    list_expected(c, expected, sizeof(expected));
    return tg_sjson_refuse(c, "'%.*s' may not stand here in '%s'%s%s", tg_sjson_shown(name),
                           name.base, c->frame->element->name.base,
                           expected[0] != '\0' ? "; expected: " : "", expected);
}

bool tg_sjson_refuse_end(struct converter *c)
{
    char expected[120];

    list_expected(c, expected, sizeof(expected));
    return tg_sjson_refuse(c, "'%s' ends too early%s%s", c->frame->element->name.base,
                           expected[0] != '\0' ? "; expected: " : "", expected);
}

bool tg_sjson_gather(struct converter *c)
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

const struct tg_schema_element *tg_sjson_find_root(struct converter *c)
{
    const struct tg_xml_name *prefix = c->xml->name->prefix;
    const struct tg_xml_name *uri = prefix != NULL ? prefix->namespace : default_space(c);
    struct tg_text name = tg_xml_name_text(c->xml->name->local), space = uri_text(uri);
    bool many;

    if (c->root != NULL && c->root->name.len != 0 &&
        (!tg_text_is(name, c->root->name) ||
         (c->root->namespace.base != NULL && !tg_text_is(space, c->root->namespace)))) {
        tg_sjson_refuse(c, "the element is '%.*s', not '%.*s'", tg_sjson_shown(name), name.base,
                        tg_sjson_shown(c->root->name), c->root->name.base);
        return NULL;
    }
    const struct tg_schema_element *element =
        tg_schema_model_element(c->model, tg_text(space.base, space.len), name, &many);
    if (element == NULL || element->abstract)
        tg_sjson_refuse(c, "'%.*s' is no element that the schema declares", tg_sjson_shown(name),
                        name.base);
    return element != NULL && !element->abstract ? element : NULL;
}
