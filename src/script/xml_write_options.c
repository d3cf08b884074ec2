/* The options of calls that write XML. */
#include "script/args.h"
#include "script/around.h"
#include "script/options.h"
#include "script/xml_value.h"

static const char order_wanted[] = "a list of names, or such lists by the name of the element "
                                   "around";

/* 'badgerfish', or prefixes and what they stand for. */
static void read_namespaces(lua_State *L, const char *name, int arg, const struct tg_option *option,
                            struct tg_xml_write_options *options)
{
    struct tg_option pairs = *option;

    pairs.choices = "'badgerfish', or a table of prefixes and the namespaces they stand for";
    if (lua_type(L, -1) == LUA_TSTRING &&
        tg_text_is(tg_text_of(lua_tostring(L, -1)), TG_TEXT("badgerfish"))) {
        options->xmlns = TG_XML_WRITE_XMLNS_BADGERFISH;
        return;
    }
    tg_options_take_pairs(L, name, arg, &pairs, &options->namespaces);
    if (options->namespaces.count > 64)
        tg_options_fail(L, name, arg, "namespaces", "at most 64 prefixes");
}

/* The names of the list part of the table on top; 0 when it has none. */
static void take_names(lua_State *L, const char *name, int arg, struct tg_options_list *names)
{
    static const struct tg_option list = {"order", TG_OPTION_LIST, 0, order_wanted, NULL};

    lua_pushvalue(L, -1);
    tg_options_take_list(L, name, arg, &list, names);
}

static size_t count_orders(lua_State *L, const char *name, int arg)
{
    size_t count = 1;

    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        bool is_name = lua_type(L, -2) == LUA_TSTRING;
        if (is_name != lua_istable(L, -1))
            tg_options_fail(L, name, arg, "order", order_wanted);
        count += is_name;
    }
    return count;
}

/* On top: the table. The userdata stay above it. */
static void read_order(lua_State *L, const char *name, int arg,
                       struct tg_xml_write_options *options)
{
    if (!lua_istable(L, -1))
        tg_options_fail(L, name, arg, "order", order_wanted);
    int table = lua_gettop(L);
    size_t count = count_orders(L, name, arg), n = 0;
    struct tg_xml_order *orders = lua_newuserdata(L, count * sizeof(*orders));
    lua_pushvalue(L, table);
    orders[n].parent = tg_text("", 0);
    take_names(L, name, arg, &orders[n].names);
    n += orders[n].names.count != 0;
    lua_createtable(L, 0, 0); /* what the lists lie in */
    int anchors = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            continue;
        orders[n].parent.base = lua_tolstring(L, -2, &orders[n].parent.len);
        take_names(L, name, arg, &orders[n].names);
        lua_rawseti(L, anchors, (int)++n);
    }
    options->orders = orders;
    options->order_count = n;
}

static void read_other(lua_State *L, const char *name, int arg, const struct tg_option *option,
                       void *into)
{
    if (strcmp(option->name, "order") == 0)
        read_order(L, name, arg, into);
    else
        read_namespaces(L, name, arg, option, into);
}

void tg_xml_write_options_read(lua_State *L, const char *name, int arg,
                               struct tg_xml_write_options *options)
{
    *options = (struct tg_xml_write_options){0};
    tg_options_read(L, name, arg, tg_xml_write_option_table, options, read_other);
    const struct tg_codec_limits *standard = tg_codec_limits_of(L);
    if (standard != NULL)
        tg_xml_write_limits_fill(&options->limits, &standard->json);
}
