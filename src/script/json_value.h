/* Lua values from JSON and back. */
#ifndef TG_SCRIPT_JSON_VALUE_H
#define TG_SCRIPT_JSON_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <lua.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

struct tg_values;

/* All zero is the default. */
struct tg_json_options {
    size_t depth; /* arrays and objects in each other, 1000 at most: 256 */
    bool ordered; /* decode: objects keep the order of their members */
    bool sorted;  /* encode: keys in the order of their bytes, but for ordered objects */
};

#define TG_JSON_VALUE_DEPTH 1000

/* Pushes the value of the text; false: the text is no JSON, or has a key twice in an object, and
 * nothing is pushed. Options may be NULL. Raises when the state's memory is out. Functions of Lua
 * may run meanwhile, in which nobody is interrupted: who decodes for a script calls tg_glance()
 * afterwards. */
bool tg_json_decode(lua_State *L, struct tg_text text, const struct tg_json_options *options,
                    struct tg_parse_error *error);

/* The same in turns, between which other code runs: pushes a userdata that decodes the text, which
 * lives as long as the value at `owner`. */
void tg_json_turns_push(lua_State *L, struct tg_text text, int owner,
                        const struct tg_json_options *options);

enum tg_json_turn {
    TG_JSON_TURN_MORE, /* there is more to do */
    TG_JSON_TURN_GOOD, /* the value is on top */
    TG_JSON_TURN_BAD,  /* see the error */
};

/* One turn of the userdata at index 1, so many events long; nothing else that is on the stack
 * stays. No turn may follow the last. */
enum tg_json_turn tg_json_turns_step(lua_State *L, size_t events, struct tg_parse_error *error);

/* Appends the JSON of the value at the index; false: it has none, and `out` is as before. The text
 * of the error is then such as "cannot encode .items[3].fn: a function", without line and column.
 * A userdata whose metatable has a C function __totable is encoded as what that makes of it.
 * `out` must be anchored: memory errors of Lua jump out of here. */
bool tg_json_encode(lua_State *L, int index, const struct tg_json_options *options,
                    struct tg_buffer *out, struct tg_parse_error *error);

/* The same for who has the values of the state at hand. */
bool tg_json_encode_with(lua_State *L, const struct tg_values *values, int index,
                         const struct tg_json_options *options, struct tg_buffer *out,
                         struct tg_parse_error *error);

/* Reads the options of a call: decode takes depth and ordered, encode depth and sorted. Raises for
 * others. Without a table at `arg` they are the defaults. */
void tg_json_decode_options(lua_State *L, const char *name, int arg,
                            struct tg_json_options *options);
void tg_json_encode_options(lua_State *L, const char *name, int arg,
                            struct tg_json_options *options);

#endif
