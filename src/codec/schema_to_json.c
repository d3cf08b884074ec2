/* XML to JSON by a schema, in one pass over the scanner's events. */
#include <assert.h>

#include "codec/schema_json_parts.h"

/* ---- children */

/* Mostly it is the first of them. */
static inline uint32_t find_next(struct converter *c, const uint16_t *list, size_t count,
                                 size_t space, const struct tg_xml_name *uri)
{
    const struct tg_schema_position *first = &c->frame->type->positions[count != 0 ? list[0] : 0];

    if (count == 0)
        return NONE;
    if (first->element != NULL && tg_sjson_matches(c, first, space, uri))
        return list[0];
    return tg_sjson_find_among(c, list, count, space, uri);
}

/* The place that the child takes; NONE: there is none for it here. */
static uint32_t step(struct converter *c, size_t space, const struct tg_xml_name *uri)
{
    struct frame *frame = c->frame;
    const struct tg_schema_type *type = frame->type;

    if (type->all)
        return tg_sjson_find_in_all(c, space, uri);
    if (frame->position == NONE)
        return find_next(c, type->first, type->first_count, space, uri);
    const struct tg_schema_position *now = &type->positions[frame->position];
    if (frame->count < now->max && tg_sjson_matches(c, now, space, uri))
        return frame->position;
    if (frame->count < now->min)
        return NONE;
    return find_next(c, now->next, now->next_count, space, uri);
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

static bool start_child(struct converter *c)
{
    struct frame *frame = c->frame;
    const struct tg_schema_type *type = frame->type;
    const struct tg_xml_name *prefix = c->xml->name->prefix;
    const struct tg_xml_name *uri = prefix != NULL ? prefix->namespace : default_space(c);
    size_t space = namespace_index(c, uri);

    if (frame->nil)
        return tg_sjson_refuse(c, "'%s' is xsi:nil and has children", frame->element->name.base);
    uint32_t place = type->simple != NULL ? NONE : step(c, space, uri);
    if (place == NONE)
        return tg_sjson_refuse_child(c);
    frame->count = place == frame->position ? frame->count + 1 : 1;
    if (place == frame->position && frame->count > type->positions[place].max)
        frame->count = 1; /* it goes round */
    frame->position = place;
    const struct tg_schema_position *position = &type->positions[place];
    if (!begin_member(c, position->member))
        return false;
    if (position->element == NULL || position->element->type->raw) {
        if (!(position->element == NULL ? tg_sjson_put_raw(c)
                                        : tg_sjson_start_value(c, position->element)))
            return false;
        end_member(c);
        return true;
    }
    return tg_sjson_start_value(c, position->element);
}

/* ---- ends and text */

static bool end_content(struct converter *c)
{
    struct frame *frame = c->frame;

    if (!frame->nil && !tg_sjson_is_complete(c))
        return tg_sjson_refuse_end(c);
    if (frame->type->scatters && !tg_sjson_gather(c))
        return false;
    if (frame->member != NONE)
        tg_buffer_put(c->out, ']');
    return tg_buffer_put(c->out, '}');
}

static bool end_nil(struct converter *c)
{
    if (c->texts.len != c->frame->text)
        return tg_sjson_refuse(c, "'%s' is xsi:nil and has text", c->frame->element->name.base);
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
                : frame->type->simple != NULL ? tg_sjson_end_text(c, text)
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
            bool good = tg_sjson_end_text(c, text);
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
            return tg_sjson_refuse(c, "text in '%s', which has only elements",
                                   frame->element->name.base);
    return true;
}

/* ---- the document */

static bool on_start(struct converter *c)
{
    if (c->frame != NULL)
        return start_child(c);
    const struct tg_schema_element *element = tg_sjson_find_root(c);
    if (element == NULL)
        return false;
    bool bare = c->root != NULL && c->root->bare;
    if (!bare) {
        tg_buffer_put(c->out, '{');
        tg_buffer_append(c->out, element->key.base, element->key.len);
    }
    return tg_sjson_start_value(c, element);
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
        if (c->frame != NULL && c->frame->type->simple == NULL && !c->frame->nil)
            tg_xml_skip_blank(c->xml);
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
