#include "script/xml_value.h"

#include "codec/xml_members.h"
#include "codec/xml_paths.h"
#include "codec/xml_select.h"
#include "script/value_build.h"

#define DEPTH 1000

/* An element that is open, or, below all, the table around the root element. With members it has a
 * level of the builder. Siblings of one name pile up on the stack until another name comes. */
struct frame {
    size_t text;      /* where its text begins in xml->mixed */
    uint32_t first;   /* the first of its runs */
    uint32_t current; /* the run whose values end the stack, or TG_XML_NO_RUN */
    uint32_t append;  /* the run that the child that is open will be added to, or TG_XML_NO_RUN */
    bool is_object;
    bool is_written; /* it is a string, which is on the stack */
    bool is_nil;     /* it is null when nothing comes */
    bool has_children;
    bool forced; /* the current run is an array even with one value */
    bool shadows;
};

struct decoder {
    struct tg_builder build;
    struct tg_xml *xml;
    const struct tg_xml_options *options;
    struct frame *frame; /* the innermost */
    bool strips;
};

static void push_frame(struct decoder *d)
{
    struct frame *frame =
        (struct frame *)(void *)tg_buffer_reserve(&d->xml->frames, sizeof(*frame));

    *frame = (struct frame){
        .text = d->xml->mixed.len,
        .first = tg_xml_run_count(d->xml),
        .current = TG_XML_NO_RUN,
        .append = TG_XML_NO_RUN,
    };
    d->xml->frames.len += sizeof(*frame);
    d->frame = frame;
}

static void pop_frame(struct decoder *d)
{
    d->xml->mixed.len = d->frame->text;
    d->xml->frames.len -= sizeof(struct frame);
    d->frame--;
}

static void open_object(struct decoder *d)
{
    if (!d->frame->is_object) {
        tg_builder_open(&d->build, true);
        d->frame->is_object = true;
    }
}

static void push_text(struct decoder *d, struct tg_text text)
{
    lua_pushlstring(d->build.L, text.base, text.len);
    d->build.top++;
}

static void push_key(struct decoder *d, struct tg_text key)
{
    tg_value_push_key(d->build.L, d->build.values, d->build.refs, key);
    d->build.top++;
}

/* Members */

/* Another name follows, or none: the values that piled up become an array, when they must. */
static void end_run(struct decoder *d)
{
    struct frame *frame = d->frame;

    if (frame->current == TG_XML_NO_RUN)
        return;
    struct tg_xml_run *run = &tg_xml_runs(d->xml)[frame->current];
    int values = d->build.top - (int)run->start + 1;
    if (values > 1 || frame->forced) {
        tg_builder_array(&d->build, values);
        run->is_array = true;
    }
    run->count = (uint32_t)values;
    frame->current = TG_XML_NO_RUN;
    frame->forced = false;
}

static void begin_member(struct decoder *d, struct tg_xml_name *key)
{
    struct frame *frame = d->frame;

    open_object(d);
    frame->has_children = true;
    uint32_t index = tg_xml_run_find(d->xml, key, frame->first);
    if (index != TG_XML_NO_RUN && index == frame->current)
        return;
    end_run(d);
    if (index != TG_XML_NO_RUN) {
        frame->append = index;
        return;
    }
    push_key(d, tg_xml_name_text(key));
    frame->current = tg_xml_run_open(d->xml, key, (size_t)d->build.top + 1, &frame->shadows);
    frame->forced = tg_xml_paths_match(d->xml, key, d->strips);
}

/* Pushes what the run has so far, an array or a single value. */
static void push_run(struct decoder *d, const struct tg_xml_run *run)
{
    lua_State *L = d->build.L;

    if (run->start != 0) {
        lua_pushvalue(L, (int)run->start);
        return;
    }
    push_key(d, tg_xml_name_text(run->key));
    d->build.top--;
    lua_rawget(L, d->build.level->base);
}

/* Makes the array on top what the run has. */
static void replace_run(struct decoder *d, const struct tg_xml_run *run)
{
    lua_State *L = d->build.L;

    lua_pushvalue(L, -1);
    if (run->start != 0) {
        lua_replace(L, (int)run->start);
        return;
    }
    push_key(d, tg_xml_name_text(run->key));
    d->build.top--;
    lua_insert(L, -2);
    lua_rawset(L, d->build.level->base);
}

/* The value on top goes to its earlier siblings, which do not stand next to it. */
static void append(struct decoder *d, uint32_t index)
{
    lua_State *L = d->build.L;
    struct tg_xml_run *run = &tg_xml_runs(d->xml)[index];

    push_run(d, run);
    if (!run->is_array) {
        d->build.top++;
        tg_builder_array(&d->build, 1);
        d->build.top--;
        replace_run(d, run);
        run->is_array = true;
    }
    lua_insert(L, -2);
    lua_rawseti(L, -2, (int)++run->count);
    lua_pop(L, 1);
    d->build.top--;
}

/* Too much is on the stack: the members go into the table. */
static void flush(struct decoder *d)
{
    struct tg_xml_run *runs = tg_xml_runs(d->xml);

    end_run(d);
    tg_builder_flush(&d->build);
    for (uint32_t i = d->frame->first; i < tg_xml_run_count(d->xml); i++)
        runs[i].start = 0;
}

/* The value on top is complete: the innermost element takes it as a member. */
static void take_value(struct decoder *d)
{
    struct tg_builder *b = &d->build;
    struct frame *frame = d->frame;

    if (frame->append != TG_XML_NO_RUN) {
        append(d, frame->append);
        frame->append = TG_XML_NO_RUN;
    } else if (b->top - b->level->base >= 1024 || b->top > b->crowded) {
        flush(d);
    }
}

/* Attributes */

static void push_attribute_key(struct decoder *d, const struct tg_xml_name *name)
{
    struct tg_buffer *text = &d->build.values->text;

    text->len = 0;
    tg_buffer_put(text, '@');
    tg_buffer_append(text, tg_xml_name_text(name).base, name->len);
    push_key(d, tg_text(text->base, text->len));
}

static void push_kept(struct decoder *d)
{
    for (size_t i = 0; i < d->xml->attribute_count; i++) {
        tg_builder_room(&d->build);
        push_attribute_key(d, d->xml->attributes[i].name);
        push_text(d, d->xml->attributes[i].value);
        tg_builder_settle(&d->build);
    }
}

/* The values of all attributes that have one local name. */
static void push_merged(struct decoder *d, const struct tg_xml_attribute *first)
{
    int count = 1;

    push_text(d, first->value);
    for (size_t next = first->next; next != 0; next = d->xml->attributes[next].next) {
        tg_builder_room(&d->build);
        push_text(d, d->xml->attributes[next].value);
        count++;
    }
    if (count > 1)
        tg_builder_array(&d->build, count);
}

static void push_stripped(struct decoder *d)
{
    tg_xml_merge_attributes(d->xml);
    for (size_t i = 0; i < d->xml->attribute_count; i++) {
        const struct tg_xml_attribute *attribute = &d->xml->attributes[i];
        if (attribute->merged)
            continue;
        open_object(d);
        tg_builder_room(&d->build);
        push_attribute_key(d, attribute->name->local);
        push_merged(d, attribute);
        tg_builder_settle(&d->build);
    }
}

/* Events */

static void on_start(struct decoder *d)
{
    struct tg_xml *xml = d->xml;

    begin_member(d, d->strips ? xml->name->local : xml->name);
    push_frame(d);
    if (xml->attribute_count == 0)
        return;
    d->frame->is_nil = xml->nil && xml->only_nil;
    if (d->strips) {
        push_stripped(d);
    } else {
        open_object(d);
        push_kept(d);
    }
}

/* Text is held back, but for the most frequent case: nothing else is in the element. */
static void on_text(struct decoder *d)
{
    struct tg_buffer *mixed = &d->xml->mixed;
    struct frame *frame = d->frame;
    struct tg_text text = d->xml->text;

    if (mixed->len == frame->text) {
        text = d->xml->blank ? tg_text(NULL, 0) : tg_xml_trim_start(text);
        if (text.len == 0)
            return;
        if (!frame->is_object && tg_xml_ends(d->xml)) {
            push_text(d, tg_xml_trim_end(text));
            frame->is_written = true;
            return;
        }
    }
    tg_buffer_append(mixed, text.base, text.len);
}

static void push_empty(struct decoder *d)
{
    switch (d->options->empty) {
    case TG_XML_EMPTY_STRING:
        lua_pushliteral(d->build.L, "");
        break;
    case TG_XML_EMPTY_NULL:
        tg_null_push(d->build.L);
        break;
    case TG_XML_EMPTY_OBJECT:
        lua_createtable(d->build.L, 0, 0);
        break;
    }
    d->build.top++;
}

static void end_object(struct decoder *d, struct tg_text text)
{
    struct frame *frame = d->frame;

    end_run(d);
    tg_xml_run_close(d->xml, frame->first, frame->shadows);
    if (frame->is_nil && !frame->has_children && text.len == 0) {
        tg_builder_drop(&d->build);
        tg_null_push(d->build.L);
        d->build.top++;
        return;
    }
    if (text.len != 0) {
        push_key(d, TG_TEXT("#text"));
        push_text(d, text);
    }
    tg_builder_close(&d->build);
}

static void on_end(struct decoder *d)
{
    struct tg_buffer *mixed = &d->xml->mixed;
    size_t start = d->frame->text;
    struct tg_text text = {NULL, 0};

    if (mixed->len != start)
        text = tg_xml_trim_end(tg_text(mixed->base + start, mixed->len - start));
    if (d->frame->is_object)
        end_object(d, text);
    else if (text.len != 0)
        push_text(d, text);
    else if (!d->frame->is_written)
        push_empty(d);
    pop_frame(d);
    take_value(d);
}

static bool decode(struct decoder *d)
{
    for (;;) {
        tg_builder_room(&d->build);
        switch (tg_xml_next(d->xml)) {
        case TG_XML_START:
            on_start(d);
            break;
        case TG_XML_TEXT:
            on_text(d);
            break;
        case TG_XML_END:
            on_end(d);
            break;
        case TG_XML_DONE:
            end_object(d, tg_text(NULL, 0));
            return true;
        case TG_XML_ERROR:
            return false;
        case TG_XML_COMMENT:
        case TG_XML_INSTRUCTION:
            break;
        }
    }
}

static bool decode_plainly(lua_State *L, struct tg_text text, const struct tg_xml_options *options,
                           struct tg_parse_error *error)
{
    int top = lua_gettop(L);
    struct decoder d = {
        .xml = tg_values_xml(L),
        .options = options,
        .strips = options->namespaces == TG_XML_STRIP,
    };

    tg_builder_init(&d.build, L, false);
    bool good = tg_xml_begin_as(d.xml, text, options);
    if (good) {
        tg_xml_paths_begin(d.xml, options);
        push_frame(&d);
        good = decode(&d);
    }
    if (good)
        lua_replace(L, top + 1);
    else
        *error = d.xml->error;
    lua_settop(L, top + good);
    tg_xml_rest(d.xml);
    tg_values_rest(d.build.values);
    return good;
}

bool tg_xml_decode(lua_State *L, struct tg_text text, const struct tg_xml_options *options,
                   struct tg_parse_error *error)
{
    struct tg_xml_options own = {0};

    if (options != NULL)
        own = *options;
    if (own.limits.depth > DEPTH)
        own.limits.depth = DEPTH;
    if (own.select.base != NULL &&
        !tg_xml_select(tg_values_xml(L), &text, &own, &tg_values_get(L)->selected, error))
        return false;
    return (tg_xml_options_are_plain(&own) ? decode_plainly : tg_xml_decode_by_tree)(L, text, &own,
                                                                                     error);
}
