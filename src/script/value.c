#include "script/value.h"

#include <lauxlib.h>

/* What stays of a scratch buffer between conversions. */
#define KEEP ((size_t)256 * 1024)
#define KEEP_OUTPUT ((size_t)1024 * 1024)
#define LONGEST_KEY 32

/* Its address is the key in the registry. */
static const char registry_key = 0;

static int on_collect(lua_State *L)
{
    struct tg_values *values = lua_touserdata(L, 1);

    if (values->xml != NULL)
        tg_xml_destroy(values->xml);
    tg_xml_writer_destroy(values->writer);
    tg_buffer_dispose(&values->output);
    tg_buffer_dispose(&values->text);
    tg_buffer_dispose(&values->levels);
    tg_buffer_dispose(&values->names);
    tg_buffer_dispose(&values->seen);
    tg_buffer_dispose(&values->selected);
    tg_buffer_dispose(&values->shapes.list);
    *values = (struct tg_values){0};
    return 0;
}

static void array_metatable(lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "array");
    lua_setfield(L, -2, "__metatable");
}

static void literals_table(lua_State *L)
{
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
}

static void add_metatable(lua_State *L, struct tg_values *values, int refs, enum tg_value_kind kind)
{
    values->metatables[kind] = lua_topointer(L, -1);
    lua_rawseti(L, refs, kind);
}

/* Pushes one that is empty. */
static struct tg_values *push_values(lua_State *L)
{
    struct tg_values *values = lua_newuserdata(L, sizeof(*values));

    memset(values, 0, sizeof(*values));
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, on_collect);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    return values;
}

void tg_values_open(lua_State *L)
{
    luaL_checkstack(L, 8, "values");
    lua_pushlightuserdata(L, (void *)&registry_key);
    struct tg_values *values = push_values(L);

    lua_createtable(L, TG_VALUE_REFS, 0);
    int refs = lua_gettop(L);
    array_metatable(L);
    add_metatable(L, values, refs, TG_VALUE_ARRAY);
    tg_ordered_metatable(L);
    add_metatable(L, values, refs, TG_VALUE_ORDERED);
    tg_number_metatable(L);
    add_metatable(L, values, refs, TG_VALUE_NUMBER);
    tg_raw_metatable(L);
    add_metatable(L, values, refs, TG_VALUE_RAW);
    tg_view_open(L, &values->view, tg_ordered_order_key());
    literals_table(L);
    lua_rawseti(L, refs, TG_VALUE_REF_LITERALS);
    lua_setfenv(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

void tg_values_push_block(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&registry_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
}

struct tg_values *tg_values_get(lua_State *L)
{
    tg_values_push_block(L);
    struct tg_values *values = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return values;
}

struct tg_values *tg_values_push(lua_State *L)
{
    tg_values_push_block(L);
    struct tg_values *values = lua_touserdata(L, -1);
    lua_getfenv(L, -1);
    lua_remove(L, -2);
    return values;
}

struct tg_values *tg_values_apart(lua_State *L)
{
    luaL_checkstack(L, 8, "values");
    struct tg_values *values = push_values(L);
    memcpy(values->metatables, tg_values_push(L)->metatables, sizeof(values->metatables));
    int shared = lua_gettop(L);
    lua_createtable(L, TG_VALUE_REFS, 0);
    for (int i = 1; i <= TG_VALUE_REF_LITERALS; i++) {
        lua_rawgeti(L, shared, i);
        lua_rawseti(L, -2, i);
    }
    lua_remove(L, shared);
    lua_setfenv(L, -2);
    return values;
}

void tg_values_rest(struct tg_values *values)
{
    tg_buffer_clear(&values->text, KEEP);
    tg_buffer_clear(&values->levels, KEEP);
    tg_buffer_clear(&values->names, KEEP);
    tg_buffer_clear(&values->seen, KEEP);
    tg_buffer_clear(&values->selected, KEEP);
}

struct tg_buffer *tg_values_output(struct tg_values *values)
{
    tg_buffer_clear(&values->output, KEEP_OUTPUT);
    return &values->output;
}

struct tg_buffer *tg_values_buffer(lua_State *L)
{
    return tg_values_output(tg_values_get(L));
}

struct tg_xml *tg_values_xml(lua_State *L)
{
    struct tg_values *values = tg_values_get(L);

    if (values->xml == NULL)
        values->xml = tg_xml_create();
    return values->xml;
}

struct tg_xml_writer *tg_values_writer(lua_State *L)
{
    struct tg_values *values = tg_values_get(L);

    if (values->writer == NULL)
        values->writer = tg_xml_writer_create();
    return values->writer;
}

enum tg_value_kind tg_value_kind(lua_State *L, const struct tg_values *values, int index)
{
    if (!lua_getmetatable(L, index))
        return TG_VALUE_PLAIN;
    const void *metatable = lua_topointer(L, -1);
    lua_pop(L, 1);
    for (int kind = TG_VALUE_ARRAY; kind <= TG_VALUE_RAW; kind++) {
        if (values->metatables[kind] == metatable)
            return (enum tg_value_kind)kind;
    }
    return TG_VALUE_PLAIN;
}

void tg_array_mark(lua_State *L)
{
    tg_values_push(L);
    lua_rawgeti(L, -1, TG_VALUE_ARRAY);
    lua_setmetatable(L, -3);
    lua_pop(L, 1);
}

/* Keys */

/* Words that overlap, and together hold all bytes of a text of up to sixteen. */
static void read_ends(struct tg_text text, uint64_t *head, uint64_t *tail)
{
    const char *p = text.base, *end = p + text.len;

    if (text.len >= 8) {
        memcpy(head, p, 8);
        memcpy(tail, end - 8, 8);
    } else if (text.len >= 4) {
        uint32_t a, b;
        memcpy(&a, p, 4);
        memcpy(&b, end - 4, 4);
        *head = a;
        *tail = b;
    } else {
        *head = text.len > 0 ? (unsigned char)p[0] : 0;
        *tail = text.len > 0 ? (unsigned char)end[-1] : 0;
        *tail = *tail << 8 | (text.len > 2 ? (unsigned char)p[1] : 0);
    }
}

/* A longer text has its middle too, in two blocks that overlap. */
static inline bool is_same(const char *a, const char *b, size_t n)
{
    return n <= TG_BLOCK || (tg_block_same(tg_block_load(a), tg_block_load(b)) == 0xffff &&
                             tg_block_same(tg_block_load(a + n - TG_BLOCK),
                                           tg_block_load(b + n - TG_BLOCK)) == 0xffff);
}

const char *tg_value_push_key(lua_State *L, struct tg_values *values, int refs, struct tg_text text)
{
    if (text.len > LONGEST_KEY) {
        lua_pushlstring(L, text.base, text.len);
        return lua_tostring(L, -1);
    }
    uint64_t head, tail;
    read_ends(text, &head, &tail);
    uint64_t mixed = (head ^ tail << 23 ^ tail >> 41 ^ text.len) * UINT64_C(0x9e3779b97f4a7c15);
    size_t slot = mixed >> 56 & (TG_VALUE_KEYS - 1);
    struct tg_value_key *key = &values->keys[slot];
    if (key->head == head && key->tail == tail && key->len == text.len && key->base != NULL &&
        is_same(key->base, text.base, text.len)) {
        lua_rawgeti(L, refs, TG_VALUE_REF_KEYS + (int)slot);
        return key->base;
    }
    lua_pushlstring(L, text.base, text.len);
    lua_pushvalue(L, -1);
    lua_rawseti(L, refs, TG_VALUE_REF_KEYS + (int)slot);
    *key = (struct tg_value_key){lua_tostring(L, -1), text.len, head, tail};
    return key->base;
}
