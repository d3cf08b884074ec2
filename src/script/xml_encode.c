/* Lua values to XML. */
#include <lauxlib.h>
#include <math.h>
#include <stdio.h>

#include "codec/json_to_xml.h"
#include "codec/json_write.h"
#include "codec/utf8.h"
#include "script/json_value.h"
#include "script/value_members.h"
#include "script/value_path.h"
#include "script/xml_value.h"

struct encoder {
    lua_State *L;
    struct tg_values *values;
    struct tg_xml_writer *writer;
    size_t depth; /* levels that may still open */
    size_t most;
    const char *what;  /* why there is no XML of the value; NULL: the writer says it */
    const char *limit; /* that was crossed, or NULL */
    struct tg_value_path path;
};

static bool encode_value(struct encoder *e);

static bool refuse(struct encoder *e, const char *what)
{
    e->what = what;
    return false;
}

static bool fail_in_key(struct encoder *e, struct tg_text key)
{
    tg_value_path_key(&e->path, key);
    return false;
}

static bool fail_in_item(struct encoder *e, int item)
{
    tg_value_path_item(&e->path, item);
    return false;
}

/* Scalars */

static bool encode_string(struct encoder *e)
{
    struct tg_text text;

    text.base = lua_tolstring(e->L, -1, &text.len);
    if (tg_utf8_check(text) != text.len)
        return refuse(e, "text that is not UTF-8");
    return tg_xml_write_string(e->writer, text);
}

static bool encode_number(struct encoder *e)
{
    lua_Number number = lua_tonumber(e->L, -1);
    char text[TG_JSON_NUMBER_ROOM];

    if (!isfinite(number))
        return refuse(e, isnan(number) ? "not a number (NaN)" : "an infinite number");
    return tg_xml_write_plain(e->writer, tg_text(text, tg_json_format_number(text, number)));
}

/* Tables: each leaves the stack as it was on success. */

/* The value is on top. */
static bool encode_member(struct encoder *e, struct tg_text key)
{
    bool is_text = tg_utf8_check(key) == key.len;

    if (is_text && tg_xml_write_key(e->writer, key) && encode_value(e))
        return true;
    if (!is_text)
        refuse(e, "a key that is not UTF-8");
    return fail_in_key(e, key);
}

/* The first key and value are on top. */
static bool encode_object(struct encoder *e, int table)
{
    lua_State *L = e->L;
    struct tg_buffer *names = &e->values->names;
    size_t before = names->len;
    int count;

    if (!tg_value_members(L, e->values, table, &count))
        return refuse(e, lua_type(L, -2) == LUA_TNUMBER
                             ? "a table with both list items and named members"
                             : "a key that is neither text nor a number");
    for (int i = 0; i < count; i++) {
        struct tg_value_member member =
            ((struct tg_value_member *)(void *)(names->base + before))[i];
        lua_rawgeti(L, -1, member.index);
        lua_rawget(L, table);
        if (!encode_member(e, member.key))
            return false;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    names->len = before;
    return true;
}

static bool encode_ordered(struct encoder *e, int table)
{
    int at = 0;

    while (tg_ordered_next(e->L, table, &at)) {
        if (!encode_member(e, tg_value_key_text(e->L, -2)))
            return false;
        lua_pop(e->L, 2);
    }
    return true;
}

static bool encode_list(struct encoder *e, int table)
{
    int items;

    if (!tg_value_is_list(e->L, table, &items, &e->what))
        return false;
    for (int i = 1; i <= items; i++) {
        lua_rawgeti(e->L, table, i);
        if (!encode_value(e))
            return fail_in_item(e, i);
        lua_pop(e->L, 1);
    }
    return true;
}

static bool encode_members(struct encoder *e, int table, enum tg_value_kind kind)
{
    lua_State *L = e->L;

    if (kind == TG_VALUE_ORDERED)
        return tg_xml_write_object(e->writer) && encode_ordered(e, table);
    lua_pushnil(L);
    bool empty = !lua_next(L, table);
    if (kind == TG_VALUE_ARRAY || (!empty && lua_type(L, -2) == LUA_TNUMBER)) {
        lua_settop(L, empty ? lua_gettop(L) : lua_gettop(L) - 2);
        return tg_xml_write_array(e->writer) && encode_list(e, table);
    }
    return tg_xml_write_object(e->writer) && (empty || encode_object(e, table));
}

static bool encode_table(struct encoder *e)
{
    if (e->depth == 0) {
        e->limit = "depth";
        return refuse(e, "nested deeper than the limit depth (a cycle?)");
    }
    luaL_checkstack(e->L, 12, "too many levels");
    e->depth--;
    bool good = encode_members(e, lua_gettop(e->L), tg_value_kind(e->L, e->values, -1)) &&
                tg_xml_write_end(e->writer);
    e->depth++;
    return good;
}

/* Others */

static bool encode_by_table(struct encoder *e)
{
    const char *what = tg_value_to_table(e->L);

    if (what != NULL)
        return refuse(e, what);
    if (!encode_value(e))
        return false;
    lua_pop(e->L, 1);
    return true;
}

static bool encode_userdata(struct encoder *e)
{
    struct tg_text text;

    if (tg_number_literal(e->L, -1, &text))
        return tg_xml_write_plain(e->writer, text);
    if (!tg_raw_text(e->L, -1, &text))
        return encode_by_table(e);
    return tg_json_into_xml(e->writer, text, &e->values->text);
}

static bool encode_value(struct encoder *e)
{
    switch (lua_type(e->L, -1)) {
    case LUA_TSTRING:
        return encode_string(e);
    case LUA_TNUMBER:
        return encode_number(e);
    case LUA_TBOOLEAN:
        return tg_xml_write_plain(e->writer,
                                  lua_toboolean(e->L, -1) ? TG_TEXT("true") : TG_TEXT("false"));
    case LUA_TTABLE:
        return encode_table(e);
    case LUA_TUSERDATA:
        return encode_userdata(e);
    case LUA_TLIGHTUSERDATA:
        return lua_touserdata(e->L, -1) == NULL ? tg_xml_write_null(e->writer)
                                                : refuse(e, "a userdata");
    case LUA_TNIL:
        return refuse(e, "nil");
    case LUA_TFUNCTION:
        return refuse(e, "a function");
    default:
        return refuse(e, "a thread");
    }
}

static void write_error(struct encoder *e, struct tg_parse_error *error)
{
    size_t len = tg_value_path_len(&e->path);
    const char *limit, *what = tg_xml_writer_error(e->writer, &limit);

    *error = (struct tg_parse_error){.limit = e->limit != NULL ? e->limit : limit};
    snprintf(error->text, sizeof(error->text), "cannot encode%s%.*s%s: %.100s", len != 0 ? " " : "",
             (int)len, e->path.text, e->path.cut ? "..." : "", e->what != NULL ? e->what : what);
}

static bool encode(struct encoder *e, int index, const struct tg_xml_write_options *options,
                   struct tg_buffer *out)
{
    size_t depth = options->limits.depth != 0 ? options->limits.depth : 256, before = out->len;
    bool again = true, good = true;
    int top = lua_gettop(e->L);

    e->most = depth < TG_JSON_VALUE_DEPTH ? depth : TG_JSON_VALUE_DEPTH;
    while (good && again) {
        out->len = before;
        e->depth = e->most;
        e->values->names.len = 0;
        tg_xml_writer_begin(e->writer, options, out);
        lua_pushvalue(e->L, index);
        good = encode_value(e) && tg_xml_writer_finish(e->writer, tg_values_xml(e->L), &again);
        lua_settop(e->L, top);
    }
    if (!good)
        out->len = before;
    return good;
}

bool tg_xml_encode(lua_State *L, int index, const struct tg_xml_write_options *options,
                   struct tg_buffer *out, struct tg_parse_error *error)
{
    static const struct tg_xml_write_options defaults = {0};
    struct tg_values *values = tg_values_get(L);
    struct encoder e = {.L = L, .values = values, .writer = tg_values_writer(L)};
    int top = lua_gettop(L);

    luaL_checkstack(L, 12, "too many levels");
    bool good = encode(&e, tg_value_absolute(L, index), options != NULL ? options : &defaults, out);
    lua_settop(L, top);
    if (!good)
        write_error(&e, error);
    tg_values_rest(values);
    return good;
}
