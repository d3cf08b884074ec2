/* The options of JSON calls. */
#include "script/json_value.h"

#include "script/args.h"
#include "script/around.h"

static bool read_flag(lua_State *L, const char *name, int arg, const char *key)
{
    lua_getfield(L, arg, key);
    if (!lua_isnil(L, -1) && !lua_isboolean(L, -1)) {
        lua_pushfstring(L, "%s is true or false, not a %s", key, lua_typename(L, lua_type(L, -1)));
        tg_args_fail(L, name, arg, lua_tostring(L, -1));
    }
    bool flag = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return flag;
}

static size_t read_depth(lua_State *L, const char *name, int arg)
{
    lua_getfield(L, arg, "depth");
    lua_Number depth = lua_tonumber(L, -1);
    if (!lua_isnil(L, -1) &&
        (lua_type(L, -1) != LUA_TNUMBER || !(depth >= 1) || depth > TG_JSON_VALUE_DEPTH))
        tg_args_fail(L, name, arg, "depth is a number from 1 to 1000");
    lua_pop(L, 1);
    return (size_t)depth;
}

void tg_json_decode_options(lua_State *L, const char *name, int arg,
                            struct tg_json_options *options)
{
    static const char *const known[] = {"depth", "ordered", NULL};
    const struct tg_codec_limits *standard = tg_codec_limits_of(L);

    *options = (struct tg_json_options){.depth = standard != NULL ? standard->json.depth : 0};
    if (!tg_args_optional_table(L, name, arg))
        return;
    tg_args_keys(L, name, arg, known);
    size_t depth = read_depth(L, name, arg);
    options->depth = depth != 0 ? depth : options->depth;
    options->ordered = read_flag(L, name, arg, "ordered");
}

void tg_json_encode_options(lua_State *L, const char *name, int arg,
                            struct tg_json_options *options)
{
    static const char *const known[] = {"depth", "sorted", NULL};

    *options = (struct tg_json_options){0};
    if (!tg_args_optional_table(L, name, arg))
        return;
    tg_args_keys(L, name, arg, known);
    options->depth = read_depth(L, name, arg);
    options->sorted = read_flag(L, name, arg, "sorted");
}
