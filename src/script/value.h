/* The values of JSON and XML in Lua: null, arrays, ordered objects, exact numbers, raw JSON; and
 * the memory that conversions of a state share. */
#ifndef TG_SCRIPT_VALUE_H
#define TG_SCRIPT_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <lua.h>

#include "base/buffer.h"
#include "base/text.h"
#include "codec/xml_scan.h"
#include "codec/xml_write.h"
#include "script/value_shapes.h"
#include "script/value_view.h"

/* Once per state, before all else here. */
void tg_values_open(lua_State *L);

/* An index that stays right when the stack grows. */
static inline int tg_value_absolute(lua_State *L, int index)
{
    return index < 0 && index > LUA_REGISTRYINDEX ? lua_gettop(L) + index + 1 : index;
}

/* What kind of value a metatable makes of a table or userdata. */
enum tg_value_kind {
    TG_VALUE_PLAIN, /* no metatable, or one of others */
    TG_VALUE_ARRAY,
    TG_VALUE_ORDERED,
    TG_VALUE_NUMBER,
    TG_VALUE_RAW,
};

/* A key that was decoded not long ago: its string lies in the table of references. */
struct tg_value_key {
    const char *base; /* NULL: none */
    size_t len;
    uint64_t head, tail; /* its first and last bytes: up to sixteen they are all of it */
};

#define TG_VALUE_KEYS 256 /* a power of two */

/* One per state, in its registry, and freed with it. The buffers are scratch: who uses one leaves
 * nothing in it that is read after a call that may raise or run other code. */
struct tg_values {
    struct tg_xml *xml;
    struct tg_xml_writer *writer;
    struct tg_buffer output;   /* of tg_values_buffer */
    struct tg_buffer text;     /* a string with escapes, a key that is put together */
    struct tg_buffer levels;   /* of json_value.c and xml_value.c */
    struct tg_buffer names;    /* keys of open objects, to be compared or sorted */
    struct tg_buffer seen;     /* a set of keys */
    struct tg_buffer selected; /* the part of a document that is read */
    const void *metatables[TG_VALUE_RAW + 1]; /* by kind, as lua_topointer has them */
    struct tg_view view;
    struct tg_shapes shapes;
    struct tg_value_key keys[TG_VALUE_KEYS];
};

struct tg_values *tg_values_get(lua_State *L);

/* Pushes the userdata whose block they are: an upvalue for who needs them with each call. */
void tg_values_push_block(lua_State *L);

/* The same, and pushes the table of references, whose slots are: */
struct tg_values *tg_values_push(lua_State *L);

#define TG_VALUE_REF_LITERALS (TG_VALUE_RAW + 1) /* number literals by their text, weak */
#define TG_VALUE_REF_KEYS (TG_VALUE_RAW + 2)     /* strings of tg_values.keys, from here on */
#define TG_VALUE_REF_SHAPES (TG_VALUE_REF_KEYS + TG_VALUE_KEYS)         /* value_shapes.h */
#define TG_VALUE_REFS (TG_VALUE_REF_SHAPES + TG_SHAPES * TG_SHAPE_REFS) /* all slots */
/* 1 to TG_VALUE_RAW: the metatables by kind. */

/* Pushes a userdata of the same for one decoding that goes on while others begin and end: scratch
 * and keys are its own. Its environment is its table of references. */
struct tg_values *tg_values_apart(lua_State *L);

/* Gives back what a big conversion took. */
void tg_values_rest(struct tg_values *values);

/* A scratch buffer, empty and without a limit. It belongs to the caller until somebody asks for it
 * again: decode and encode leave it alone; tg_xml_decode, tg_json_decode and their like are fine in
 * between, another user of this buffer is not. */
struct tg_buffer *tg_values_buffer(lua_State *L);
struct tg_buffer *tg_values_output(struct tg_values *values);

/* The scanner of the state; tg_xml_decode uses it too. */
struct tg_xml *tg_values_xml(lua_State *L);

/* The writer of XML of the state; tg_xml_encode uses it too. */
struct tg_xml_writer *tg_values_writer(lua_State *L);

/* What the value at the index is, by its metatable; tables and userdata only. */
enum tg_value_kind tg_value_kind(lua_State *L, const struct tg_values *values, int index);

/* null is a light userdata of NULL, as cjson's. */
static inline void tg_null_push(lua_State *L)
{
    lua_pushlightuserdata(L, NULL);
}

/* Marks the table on top as an array. */
void tg_array_mark(lua_State *L);

/* Pushes the string of a key. Short ones are remembered: decoding meets the same again and again.
 * `refs` is the index of the table of references. Returns the string's bytes, which are one address
 * for equal keys as long as one of them lives. */
const char *tg_value_push_key(lua_State *L, struct tg_values *values, int refs,
                              struct tg_text text);

/* value_ordered.c: objects that keep the order of their members. */

/* Makes an ordered object of the `pairs` keys and values on top, in their order, and of no others;
 * the keys are different strings. They are replaced by it. */
void tg_ordered_make(lua_State *L, int refs, int pairs);

/* Pushes an empty one. */
void tg_ordered_push(lua_State *L);

/* Sets a member of the ordered object at `index`: key and value on top are popped. */
void tg_ordered_set(lua_State *L, int index);

/* Pushes the next member after position *at (begin with 0): key and value. False: no more, and
 * nothing is pushed. */
bool tg_ordered_next(lua_State *L, int index, int *at);

/* Under the light userdata of this address an ordered object has the list of its keys, with false
 * where one was struck out. */
const void *tg_ordered_order_key(void);

/* tg.ordered{ { 'a', 1 }, { 'b', 2 } }; raises for what is not a list of pairs. */
int tg_ordered_call(lua_State *L);

/* value_number.c: numbers that a double does not hold. */

/* Pushes the literal of the digits, which are a JSON number. */
void tg_number_push(lua_State *L, int refs, struct tg_text digits);

/* Whether the value is a number literal; *digits is its text, alive as long as it is. */
bool tg_number_literal(lua_State *L, int index, struct tg_text *digits);

/* The text of one by its block, as lua_touserdata has it. */
struct tg_text tg_number_text(const void *block);

/* value_raw.c: JSON text that is spliced as it is. */

/* Pushes raw JSON of the text, which is not checked here: its bytes live as long as the value at
 * the index `anchor` does, and do not change while it lives. `metatable` is the index of what the
 * next one pushes: who makes many has it at hand. Neither index is relative to the top. */
void tg_raw_push(lua_State *L, struct tg_text text, int anchor, int metatable);
void tg_raw_push_metatable(lua_State *L);

/* Whether the value is raw JSON; *text is its text. */
bool tg_raw_text(lua_State *L, int index, struct tg_text *text);

/* The text of some by its block, as lua_touserdata has it. */
struct tg_text tg_raw_block_text(const void *block);

/* For tg_values_open: each pushes the metatable of its kind. */
void tg_ordered_metatable(lua_State *L);
void tg_number_metatable(lua_State *L);
void tg_raw_metatable(lua_State *L);

#endif
