#include "script/json_encode.h"

#include "codec/json_read.h"

size_t tg_json_depth(const struct tg_json_options *options)
{
    size_t depth = options != NULL && options->depth != 0 ? options->depth : TG_JSON_DEPTH;

    return depth < TG_JSON_VALUE_DEPTH ? depth : TG_JSON_VALUE_DEPTH;
}

/* What is plain, as nearly all is. */
static bool encode_plain(lua_State *L, const struct tg_values *values, int index,
                         const struct tg_json_options *options, struct tg_buffer *out)
{
    size_t before = out->len;
    bool full = out->full;

    if (!values->view.good || lua_type(L, index) != LUA_TTABLE ||
        (options != NULL && options->sorted))
        return false;
    if (tg_json_encode_direct(values, lua_topointer(L, index), tg_json_depth(options), out))
        return true;
    out->len = before;
    out->full = full;
    return false;
}

bool tg_json_encode_with(lua_State *L, const struct tg_values *values, int index,
                         const struct tg_json_options *options, struct tg_buffer *out,
                         struct tg_parse_error *error)
{
    index = tg_value_absolute(L, index);
    return encode_plain(L, values, index, options, out) ||
           tg_json_encode_stack(L, index, options, out, error);
}

bool tg_json_encode(lua_State *L, int index, const struct tg_json_options *options,
                    struct tg_buffer *out, struct tg_parse_error *error)
{
    return tg_json_encode_with(L, tg_values_get(L), index, options, out, error);
}
