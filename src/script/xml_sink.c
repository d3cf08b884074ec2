/* Lua values from XML by any convention: the sink of codec/xml_shape.h. */
#include "codec/json_number.h"
#include "codec/xml_shape.h"
#include "script/value_build.h"
#include "script/xml_value.h"

struct sink {
    struct tg_builder build;
    size_t depth; /* levels that are open */
};

/* A value is on top. */
static bool settle(struct sink *sink)
{
    if (sink->depth != 0)
        tg_builder_settle(&sink->build);
    return true;
}

static bool pushed(struct sink *sink)
{
    sink->build.top++;
    return settle(sink);
}

static bool open(struct sink *sink, bool object)
{
    tg_builder_room(&sink->build);
    tg_builder_open(&sink->build, object);
    sink->depth++;
    return true;
}

static bool on_object(void *self)
{
    return open(self, true);
}

static bool on_array(void *self)
{
    return open(self, false);
}

static bool on_end(void *self)
{
    struct sink *sink = self;

    tg_builder_room(&sink->build);
    tg_builder_close(&sink->build);
    sink->depth--;
    return settle(sink);
}

static bool on_key(void *self, struct tg_text key, bool element)
{
    struct tg_builder *build = &((struct sink *)self)->build;

    (void)element;
    tg_builder_room(build);
    tg_value_push_key(build->L, build->values, build->refs, key);
    build->top++;
    return true;
}

static bool on_string(void *self, struct tg_text text)
{
    struct sink *sink = self;

    tg_builder_room(&sink->build);
    lua_pushlstring(sink->build.L, text.base, text.len);
    return pushed(sink);
}

static bool on_number(void *self, struct tg_text digits)
{
    struct sink *sink = self;
    struct tg_json_number number = {.text = digits};

    tg_builder_room(&sink->build);
    tg_json_number_weigh(&number);
    if (number.exact)
        lua_pushnumber(sink->build.L, number.value);
    else
        tg_number_push(sink->build.L, sink->build.refs, digits);
    return pushed(sink);
}

static bool on_boolean(void *self, bool value)
{
    struct sink *sink = self;

    tg_builder_room(&sink->build);
    lua_pushboolean(sink->build.L, value);
    return pushed(sink);
}

static bool on_null(void *self)
{
    struct sink *sink = self;

    tg_builder_room(&sink->build);
    tg_null_push(sink->build.L);
    return pushed(sink);
}

bool tg_xml_decode_by_tree(lua_State *L, struct tg_text text, const struct tg_xml_options *options,
                           struct tg_parse_error *error)
{
    struct tg_xml *xml = tg_values_xml(L);
    int top = lua_gettop(L);
    struct sink self = {.depth = 0};
    struct tg_xml_sink sink = {
        .object = on_object,
        .array = on_array,
        .end = on_end,
        .key = on_key,
        .string = on_string,
        .number = on_number,
        .boolean = on_boolean,
        .null = on_null,
        .self = &self,
    };

    tg_builder_init(&self.build, L, false);
    bool good = tg_xml_shape(xml, text, options, &sink);
    if (good)
        lua_replace(L, top + 1);
    else
        *error = xml->error;
    lua_settop(L, top + good);
    tg_xml_rest(xml);
    tg_values_rest(self.build.values);
    return good;
}
