/* The options of XML calls. */
#include "codec/xml_paths.h"
#include "script/args.h"
#include "script/value.h"
#include "script/xml_value.h"

#define LARGEST ((lua_Number)(1 << 30))

static void fail(lua_State *L, const char *name, int arg, const char *key, const char *wanted)
{
    lua_pushfstring(L, "%s is %s", key, wanted);
    tg_args_fail(L, name, arg, lua_tostring(L, -1));
}

static size_t read_count(lua_State *L, const char *name, int arg, const char *key)
{
    lua_getfield(L, arg, key);
    lua_Number number = lua_tonumber(L, -1);
    if (!lua_isnil(L, -1) && (lua_type(L, -1) != LUA_TNUMBER || !(number >= 1) || number > LARGEST))
        fail(L, name, arg, key, "a number above 0");
    lua_pop(L, 1);
    return (size_t)number;
}

static size_t read_size(lua_State *L, const char *name, int arg, const char *key)
{
    size_t bytes = 0;

    lua_getfield(L, arg, key);
    if (!lua_isnil(L, -1) &&
        (!tg_args_size(L, -1, &bytes) || bytes == 0 || bytes > (size_t)LARGEST))
        fail(L, name, arg, key, "a size above 0, such as 65536 or '8MB'");
    lua_pop(L, 1);
    return bytes;
}

static enum tg_xml_namespaces read_namespaces(lua_State *L, const char *name, int arg)
{
    struct tg_text text = {NULL, 0};

    lua_getfield(L, arg, "namespaces");
    bool given = !lua_isnil(L, -1);
    if (lua_type(L, -1) == LUA_TSTRING)
        text.base = lua_tolstring(L, -1, &text.len);
    lua_pop(L, 1); /* the table keeps the string */
    if (given && !tg_text_is(text, TG_TEXT("keep")) && !tg_text_is(text, TG_TEXT("strip")))
        fail(L, name, arg, "namespaces", "'keep' or 'strip'");
    return tg_text_is(text, TG_TEXT("strip")) ? TG_XML_STRIP : TG_XML_KEEP;
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

static enum tg_xml_empty read_empty(lua_State *L, const char *name, int arg)
{
    enum tg_xml_empty empty = TG_XML_EMPTY_STRING;

    lua_getfield(L, arg, "empty");
    if (lua_islightuserdata(L, -1) && lua_touserdata(L, -1) == NULL)
        empty = TG_XML_EMPTY_NULL;
    else if (is_empty_table(L))
        empty = TG_XML_EMPTY_OBJECT;
    else if (!lua_isnil(L, -1) && (lua_type(L, -1) != LUA_TSTRING || lua_objlen(L, -1) != 0))
        fail(L, name, arg, "empty", "'', tg.null or {}");
    lua_pop(L, 1);
    return empty;
}

static void read_force_array(lua_State *L, const char *name, int arg,
                             struct tg_xml_options *options)
{
    struct tg_buffer *paths = &tg_values_get(L)->paths;

    lua_getfield(L, arg, "force_array");
    if (!lua_isnil(L, -1) && !lua_istable(L, -1))
        fail(L, name, arg, "force_array", "a list of paths such as '/order/item' or '//item'");
    int count = lua_istable(L, -1) ? (int)lua_objlen(L, -1) : 0;
    paths->len = 0;
    for (int i = 1; i <= count; i++) {
        struct tg_text path = {NULL, 0};
        lua_rawgeti(L, -1, i);
        if (lua_type(L, -1) == LUA_TSTRING)
            path.base = lua_tolstring(L, -1, &path.len);
        if (!tg_xml_path_is_valid(path))
            fail(L, name, arg, "force_array", "a list of paths such as '/order/item' or '//item'");
        tg_buffer_append(paths, &path, sizeof(path));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    options->force_array = (const struct tg_text *)(const void *)paths->base;
    options->force_array_count = (size_t)count;
}

void tg_xml_options_read(lua_State *L, const char *name, int arg, struct tg_xml_options *options)
{
    static const char *const known[] = {
        "namespaces", "force_array", "empty", "input", "name",     "output",
        "depth",      "attributes",  "xmlns", "names", "elements", NULL,
    };

    *options = (struct tg_xml_options){0};
    if (!tg_args_optional_table(L, name, arg))
        return;
    tg_args_keys(L, name, arg, known);
    options->namespaces = read_namespaces(L, name, arg);
    options->empty = read_empty(L, name, arg);
    read_force_array(L, name, arg, options);
    options->limits = (struct tg_xml_limits){
        .input = read_size(L, name, arg, "input"),
        .name = read_size(L, name, arg, "name"),
        .output = read_size(L, name, arg, "output"),
        .depth = read_count(L, name, arg, "depth"),
        .attributes = read_count(L, name, arg, "attributes"),
        .xmlns = read_count(L, name, arg, "xmlns"),
        .names = read_count(L, name, arg, "names"),
        .elements = read_count(L, name, arg, "elements"),
    };
}
