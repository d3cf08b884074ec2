/* Elements and their texts. */

#include "codec/schema_json_parts.h"

static void push_frame(struct converter *c, const struct frame *frame)
{
    tg_buffer_append(&c->frames, frame, sizeof(*frame));
    c->frame = (struct frame *)(void *)(c->frames.base + c->frames.len) - 1;
}

/* The text of an element by its simple type. */
static inline __attribute__((always_inline)) bool put_text(struct converter *c,
                                                           const struct tg_schema_element *element,
                                                           const struct tg_schema_simple *type,
                                                           struct tg_text text)
{
    uint64_t high = 0;

    if (text.len == 0 && element->has_default)
        text = element->value;
    if (element->is_fixed && !tg_sjson_is_fixed_value(element->value, text, type))
        return tg_sjson_refuse(c, "'%s' is always \"%s\"", element->name.base, element->value.base);
    if (type->free)
        return tg_json_write_string(c->out, text, &high);
    if (text.len != 0 &&
        tg_schema_skip_number(type, text.base, text.base + text.len) == text.base + text.len)
        return tg_buffer_append(c->out, text.base, text.len);
    const char *reason = tg_sjson_put_value(c, type, text);
    return reason == NULL || tg_sjson_refuse_value(c, type, text, reason, "element", element->name);
}

static bool is_nil(struct converter *c)
{
    return c->xml->attribute_count != 0 && c->xml->nil;
}

static __attribute__((noinline)) void open_element(struct converter *c,
                                                   const struct tg_schema_element *element,
                                                   const struct tg_schema_type *type,
                                                   struct tg_xml_name *space, bool nil)
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
static inline bool put_leaf(struct converter *c, const struct tg_schema_element *element,
                            const struct tg_schema_type *type, struct tg_xml_name *space)
{
    struct tg_xml *xml = c->xml;

    c->at = xml->at;
    struct tg_text text = tg_xml_leaf(xml);
    if (text.base == NULL) {
        open_element(c, element, type, space, false);
        return true;
    }
    if (!put_text(c, element, type->simple, text))
        return false;
    end_member(c);
    return fits(c);
}

bool tg_sjson_end_text(struct converter *c, struct tg_text text)
{
    const struct frame *frame = c->frame;

    if (!frame->type->complex)
        return put_text(c, frame->element, frame->type->simple, text);
    return put_word(c, TG_TEXT("\"#text\":")) &&
           put_text(c, frame->element, frame->type->simple, text) && tg_buffer_put(c->out, '}');
}

/* The text of the element whose attributes are written, where it is read at once. */
static bool put_text_behind(struct converter *c)
{
    c->at = c->xml->at;
    struct tg_text text = tg_xml_leaf(c->xml);
    if (text.base == NULL)
        return true;
    if (!tg_sjson_end_text(c, text))
        return false;
    pop_frame(c);
    end_member(c);
    return fits(c);
}

/* An element that has or may have attributes, children or xsi:nil. */
static __attribute__((noinline)) bool start_object(struct converter *c,
                                                   const struct tg_schema_element *element,
                                                   const struct tg_schema_type *type,
                                                   struct tg_xml_name *space)
{
    bool nil = is_nil(c);

    if (nil && !element->nillable)
        return tg_sjson_refuse(c, "'%s' may not be xsi:nil", element->name.base);
    if (!type->complex && tg_sjson_has_attributes(c->xml))
        return tg_sjson_refuse(c, "'%s' has no attributes", element->name.base);
    open_element(c, element, type, space, nil);
    if (type->all) {
        memset(tg_buffer_reserve(&c->seen, type->position_count), 0, type->position_count);
        c->seen.len += type->position_count;
    }
    if (!element->type->complex && type->complex)
        return tg_sjson_refuse(c, "'%s' has an xsi:type with attributes", element->name.base);
    if (!type->complex)
        return true;
    if (nil && type == element->type && !tg_sjson_has_attributes(c->xml))
        return tg_sjson_check_required(c, type);
    if (!tg_sjson_begin_object(c, element, type))
        return false;
    return type->simple == NULL || nil || put_text_behind(c);
}

bool tg_sjson_start_value(struct converter *c, const struct tg_schema_element *element)
{
    struct tg_xml_name *space = default_space(c);
    const struct tg_schema_type *type = element->type;

    if ((c->xml->attribute_count != 0 || type->abstract) &&
        !tg_sjson_choose_type(c, element, space, &type))
        return false;
    if (element->type->raw)
        return tg_sjson_put_raw(c);
    if (!type->complex && c->xml->attribute_count == 0)
        return put_leaf(c, element, type, space);
    return start_object(c, element, type, space);
}
