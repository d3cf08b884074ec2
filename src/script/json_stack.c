/* Lua values to JSON by the stack: whatever they are. */
#include "script/json_encode.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>

#include "codec/json_write.h"
#include "codec/utf8.h"
#include "script/value_members.h"
#include "script/value_path.h"

/* The slots of the stack that a level may need, and how many are asked for at once. */
enum { NEEDED = 12, STEP = 120 };

struct encoder {
    lua_State *L;
    struct tg_values *values;
    struct tg_buffer *out;
    size_t depth; /* levels that may still open */
    size_t most;
    int room; /* the index up to which the stack has room */
    bool sorted;
    const char *limit;
    char what[80];             /* why there is no JSON of the value */
    struct tg_value_path path; /* where it is */
};

static bool encode_table(struct encoder *e, int table);
static bool encode_other(struct encoder *e, int at, int type);

/* Errors */

static bool refuse(struct encoder *e, const char *what)
{
    snprintf(e->what, sizeof(e->what), "%s", what);
    return false;
}

/* These add a step to the path of an error and pass it on. */
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

static void write_error(const struct encoder *e, struct tg_parse_error *error)
{
    size_t len = tg_value_path_len(&e->path);

    *error = (struct tg_parse_error){.limit = e->limit};
    snprintf(error->text, sizeof(error->text), "cannot encode%s%.*s%s: %s", len != 0 ? " " : "",
             (int)len, e->path.text, e->path.cut ? "..." : "", e->what);
}

/* Scalars */

static bool fits(struct encoder *e, bool written)
{
    return written || refuse(e, "the JSON is too long");
}

static __attribute__((noinline)) bool write_text(struct encoder *e, struct tg_text text)
{
    uint64_t high = 0;

    if (!tg_json_write_string(e->out, text, &high))
        return fits(e, false);
    return high == 0 || tg_utf8_check(text) == text.len || refuse(e, "text that is not UTF-8");
}

static __attribute__((noinline)) bool encode_text(struct encoder *e, int at)
{
    struct tg_text text;

    text.base = lua_tolstring(e->L, at, &text.len);
    return tg_json_write_short(e->out, text) || write_text(e, text);
}

static __attribute__((noinline)) bool encode_fraction(struct encoder *e, lua_Number number)
{
    if (!isfinite(number))
        return refuse(e, isnan(number) ? "not a number (NaN)" : "an infinite number");
    return fits(e, tg_json_write_number(e->out, number));
}

static bool write_bytes(struct encoder *e, const char *bytes, size_t n)
{
    return fits(e, tg_buffer_append(e->out, bytes, n));
}

static inline bool put(struct encoder *e, char c)
{
    char *room = tg_buffer_reserve(e->out, 1);

    if (room == NULL)
        return fits(e, false);
    *room = c;
    e->out->len++;
    return true;
}

/* Writes the value at the index, which is on top and stays. Most are texts and whole numbers. */
static inline bool encode_value(struct encoder *e, int at)
{
    int type = lua_type(e->L, at);

    if (type == LUA_TSTRING)
        return encode_text(e, at);
    if (type == LUA_TTABLE)
        return encode_table(e, at);
    if (type != LUA_TNUMBER)
        return encode_other(e, at, type);
    lua_Number number = lua_tonumber(e->L, at);
    return tg_json_write_whole(e->out, number) || encode_fraction(e, number);
}

/* Keys */

static bool refuse_key(struct encoder *e, int index)
{
    if (lua_type(e->L, index) == LUA_TNUMBER)
        return refuse(e, "a table with both list items and named members");
    snprintf(e->what, sizeof(e->what), "a key that is a %s", luaL_typename(e->L, index));
    return false;
}

static __attribute__((noinline)) bool write_long_key(struct encoder *e, struct tg_text key)
{
    return put(e, ',') && write_text(e, key) && put(e, ':');
}

/* Writes a member, a comma before it: its key and value are at the indices. */
static inline __attribute__((always_inline)) bool put_member(struct encoder *e, int key, int value)
{
    struct tg_text text = tg_value_key_text(e->L, key);

    if (text.base == NULL)
        return refuse_key(e, key);
    return (tg_json_write_short_key(e->out, text) || write_long_key(e, text)) &&
           (encode_value(e, value) || fail_in_key(e, text));
}

/* The same where not every instruction counts. */
static bool write_member(struct encoder *e, int key, int value)
{
    return put_member(e, key, value);
}

/* Ends an object that was written from `start` on: its first comma becomes the brace. */
static bool end_object(struct encoder *e, size_t start)
{
    if (e->out->len == start)
        return write_bytes(e, "{}", 2);
    e->out->base[start] = '{';
    return put(e, '}');
}

/* Tables: each of these has the table at index `table` and leaves the stack as it was on success.
 */

static bool encode_object(struct encoder *e, int table)
{
    size_t start = e->out->len;

    do {
        if (!put_member(e, table + 1, table + 2))
            return false;
        lua_settop(e->L, table + 1);
    } while (lua_next(e->L, table));
    return end_object(e, start);
}

static bool encode_sorted(struct encoder *e, int table)
{
    lua_State *L = e->L;
    struct tg_buffer *names = &e->values->names;
    size_t before = names->len, start = e->out->len;
    int count;

    if (!tg_value_members(L, e->values, table, &count))
        return refuse_key(e, -2);
    for (int i = 0; i < count; i++) {
        /* Nested objects append to the scratch, so it may have moved. */
        struct tg_value_member member =
            ((struct tg_value_member *)(void *)(names->base + before))[i];
        lua_rawgeti(L, table + 1, member.index);
        lua_pushvalue(L, -1);
        lua_rawget(L, table);
        if (!write_member(e, table + 2, table + 3))
            return false;
        lua_settop(L, table + 1);
    }
    lua_settop(L, table);
    names->len = before;
    return end_object(e, start);
}

static bool encode_ordered(struct encoder *e, int table)
{
    size_t start = e->out->len;
    int at = 0;

    while (tg_ordered_next(e->L, table, &at)) {
        if (!write_member(e, table + 1, table + 2))
            return false;
        lua_settop(e->L, table);
    }
    return end_object(e, start);
}

static bool encode_scattered_list(struct encoder *e, int table)
{
    const char *what;
    int items;

    if (!tg_value_is_list(e->L, table, &items, &what))
        return refuse(e, what);
    for (int i = 1; i <= items; i++) {
        if (!put(e, i == 1 ? '[' : ','))
            return false;
        lua_rawgeti(e->L, table, i);
        if (!encode_value(e, table + 1))
            return fail_in_item(e, i);
        lua_pop(e->L, 1);
    }
    return put(e, ']');
}

/* Its items come in order as long as they lie in the array part, nearly always. */
static bool encode_list(struct encoder *e, int table)
{
    lua_State *L = e->L;
    size_t start = e->out->len;
    int item = 1;

    do {
        if (lua_type(L, table + 1) != LUA_TNUMBER || lua_tonumber(L, table + 1) != item) {
            e->out->len = start;
            lua_settop(L, table);
            return encode_scattered_list(e, table);
        }
        if (!put(e, item == 1 ? '[' : ','))
            return false;
        if (!encode_value(e, table + 2))
            return fail_in_item(e, item);
        item++;
        lua_settop(L, table + 1);
    } while (lua_next(L, table));
    return put(e, ']');
}

static bool encode_members(struct encoder *e, int table, enum tg_value_kind kind)
{
    lua_State *L = e->L;

    if (kind == TG_VALUE_ORDERED)
        return encode_ordered(e, table);
    lua_pushnil(L);
    if (!lua_next(L, table))
        return write_bytes(e, kind == TG_VALUE_ARRAY ? "[]" : "{}", 2);
    if (kind == TG_VALUE_ARRAY || lua_type(L, -2) == LUA_TNUMBER)
        return encode_list(e, table);
    return e->sorted ? encode_sorted(e, table) : encode_object(e, table);
}

static bool encode_table(struct encoder *e, int table)
{
    if (e->depth == 0) {
        e->limit = "depth";
        snprintf(e->what, sizeof(e->what), "nested deeper than %zu levels (a cycle?)", e->most);
        return false;
    }
    if (table + NEEDED > e->room) {
        luaL_checkstack(e->L, STEP, "too many levels");
        e->room = table + STEP;
    }
    e->depth--;
    bool good = encode_members(e, table, tg_value_kind(e->L, e->values, table));
    e->depth++;
    return good;
}

/* Others */

static bool encode_by_table(struct encoder *e, int at)
{
    const char *what = tg_value_to_table(e->L);

    if (what != NULL)
        return refuse(e, what);
    if (!encode_value(e, at + 1))
        return false;
    lua_pop(e->L, 1);
    return true;
}

static bool encode_userdata(struct encoder *e, int at)
{
    struct tg_text text;

    switch (tg_value_kind(e->L, e->values, -1)) {
    case TG_VALUE_NUMBER:
        return tg_number_literal(e->L, -1, &text) && write_bytes(e, text.base, text.len);
    case TG_VALUE_RAW:
        return tg_raw_text(e->L, -1, &text) && write_bytes(e, text.base, text.len);
    case TG_VALUE_PLAIN:
    case TG_VALUE_ARRAY:
    case TG_VALUE_ORDERED:
        break;
    }
    return encode_by_table(e, at);
}

static bool refuse_value(struct encoder *e, int type)
{
    static const char *const articles[] = {
        [LUA_TNIL] = "nil", [LUA_TFUNCTION] = "a function", [LUA_TTHREAD] = "a thread"};

    if (type == LUA_TNIL || type == LUA_TFUNCTION || type == LUA_TTHREAD)
        return refuse(e, articles[type]);
    snprintf(e->what, sizeof(e->what), "a %s", lua_typename(e->L, type));
    return false;
}

static bool encode_other(struct encoder *e, int at, int type)
{
    if (type == LUA_TBOOLEAN)
        return lua_toboolean(e->L, at) ? write_bytes(e, "true", 4) : write_bytes(e, "false", 5);
    if (type == LUA_TUSERDATA)
        return encode_userdata(e, at);
    if (type == LUA_TLIGHTUSERDATA && lua_touserdata(e->L, at) == NULL)
        return write_bytes(e, "null", 4);
    return refuse_value(e, type);
}

bool tg_json_encode_stack(lua_State *L, int index, const struct tg_json_options *options,
                          struct tg_buffer *out, struct tg_parse_error *error)
{
    int top = lua_gettop(L);
    size_t before = out->len;
    struct encoder e = {
        .L = L,
        .out = out,
        .depth = tg_json_depth(options),
        .most = tg_json_depth(options),
        .room = top + STEP,
        .sorted = options != NULL && options->sorted,
    };

    luaL_checkstack(L, STEP, "too many levels");
    index = tg_value_absolute(L, index);
    e.values = tg_values_get(L);
    e.values->names.len = 0;
    lua_pushvalue(L, index);
    bool good = encode_value(&e, top + 1);
    lua_settop(L, top);
    if (!good) {
        out->len = before;
        write_error(&e, error);
    }
    tg_values_rest(e.values);
    return good;
}
