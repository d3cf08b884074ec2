/* The options of calls that read XML. */
#include "codec/xml_paths.h"
#include "script/args.h"
#include "script/around.h"
#include "script/options.h"
#include "script/value.h"
#include "script/xml_value.h"

struct call {
    lua_State *L;
    const char *name;
    int arg;
    const struct tg_option *option;
    struct tg_xml_options *options;
};

static void refuse(const struct call *call, const char *wanted)
{
    tg_options_fail(call->L, call->name, call->arg, call->option->name, wanted);
}

static bool is_text(lua_State *L, struct tg_text *text)
{
    if (lua_type(L, -1) != LUA_TSTRING)
        return false;
    text->base = lua_tolstring(L, -1, &text->len);
    return true;
}

static void read_preset(const struct call *call)
{
    struct tg_text name = {NULL, 0};

    if (is_text(call->L, &name) && tg_xml_preset(name, call->options))
        return;
    lua_pushfstring(call->L, "one of %s", tg_xml_presets);
    refuse(call, lua_tostring(call->L, -1));
}

static bool is_empty_table(lua_State *L)
{
    if (!lua_istable(L, -1))
        return false;
    lua_pushnil(L);
    if (!lua_next(L, -2))
        return true;
    lua_pop(L, 2);
    return false;
}

static void read_empty(const struct call *call)
{
    lua_State *L = call->L;

    if (lua_islightuserdata(L, -1) && lua_touserdata(L, -1) == NULL)
        call->options->empty = TG_XML_EMPTY_NULL;
    else if (is_empty_table(L))
        call->options->empty = TG_XML_EMPTY_OBJECT;
    else if (lua_type(L, -1) == LUA_TSTRING && lua_objlen(L, -1) == 0)
        call->options->empty = TG_XML_EMPTY_STRING;
    else
        refuse(call, call->option->choices);
}

/* A text, or false for nothing of it; true goes back to what there is without the option. */
static void read_text_or_drop(const struct call *call, struct tg_text *text, bool *drop)
{
    lua_State *L = call->L;
    struct tg_text given = {NULL, 0};
    bool good = lua_isboolean(L, -1) || is_text(L, &given);

    if (!good ||
        (given.base != NULL && call->option->is_valid != NULL && !call->option->is_valid(given)))
        refuse(call, call->option->choices);
    *drop = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
    *text = given;
}

static void read_force_array(const struct call *call)
{
    if (lua_isboolean(call->L, -1)) {
        call->options->force_all = lua_toboolean(call->L, -1);
        return;
    }
    tg_options_take_list(call->L, call->name, call->arg, call->option, &call->options->force_array);
}

/* false, true or a third that has a name: the values of the enum in this order. */
static unsigned read_three(const struct call *call, const char *third)
{
    struct tg_text text = {NULL, 0};

    if (lua_isboolean(call->L, -1))
        return lua_toboolean(call->L, -1) ? 1 : 0;
    if (!is_text(call->L, &text) || !tg_text_is(text, tg_text_of(third)))
        refuse(call, call->option->choices);
    return 2;
}

static void read_types(const struct call *call)
{
    static const char wanted[] =
        "a table such as { ['/order/qty'] = 'number' }, with the types number, integer, boolean, "
        "string, array";
    struct tg_option option = *call->option;
    struct tg_options_pairs pairs;

    option.choices = wanted;
    tg_options_take_pairs(call->L, call->name, call->arg, &option, &pairs);
    struct tg_xml_type *types = lua_newuserdata(call->L, (pairs.count + 1) * sizeof(*types));
    for (size_t i = 0; i < pairs.count; i++) {
        types[i] = (struct tg_xml_type){pairs.list[i].name, tg_xml_mark_of(pairs.list[i].value)};
        if (types[i].mark == 0 || !tg_xml_path_is_valid(types[i].path))
            refuse(call, wanted);
    }
    call->options->types = types;
    call->options->type_count = pairs.count;
}

static void read_other(lua_State *L, const char *name, int arg, const struct tg_option *option,
                       void *into)
{
    struct tg_xml_options *options = into;
    struct call call = {L, name, arg, option, options};

    if (strcmp(option->name, "preset") == 0)
        read_preset(&call);
    else if (strcmp(option->name, "empty") == 0)
        read_empty(&call);
    else if (strcmp(option->name, "attribute_prefix") == 0)
        read_text_or_drop(&call, &options->attribute_prefix, &options->drop_attributes);
    else if (strcmp(option->name, "root") == 0)
        read_text_or_drop(&call, &options->root, &options->drop_root);
    else if (strcmp(option->name, "force_array") == 0)
        read_force_array(&call);
    else if (strcmp(option->name, "booleans") == 0)
        options->booleans = (enum tg_xml_booleans)read_three(&call, "nocase");
    else if (strcmp(option->name, "blank_text") == 0)
        options->blank_text = (enum tg_xml_blank_text)read_three(&call, "leaf");
    else
        read_types(&call);
}

void tg_xml_options_read(lua_State *L, const char *name, int arg, struct tg_xml_options *options)
{
    *options = (struct tg_xml_options){0};
    tg_options_read(L, name, arg, tg_xml_option_table, options, read_other);
    const struct tg_codec_limits *standard = tg_codec_limits_of(L);
    if (standard != NULL)
        tg_xml_limits_fill(&options->limits, &standard->xml);
}
