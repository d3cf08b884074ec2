/* The two ways from Lua values to JSON, which give the same bytes. */
#ifndef TG_SCRIPT_JSON_ENCODE_H
#define TG_SCRIPT_JSON_ENCODE_H

#include "script/json_value.h"
#include "script/value.h"

/* By the state's memory: appends the JSON of the table at the address that lua_topointer gives,
 * with arrays and objects in each other to that depth. False: it has none, or something in it is
 * left to the other way, and a part may have been written. The view of the values must be good. */
bool tg_json_encode_direct(const struct tg_values *values, const void *table, size_t depth,
                           struct tg_buffer *out);

/* By the stack: any value, and it knows what is wrong with the others. As tg_json_encode. */
bool tg_json_encode_stack(lua_State *L, int index, const struct tg_json_options *options,
                          struct tg_buffer *out, struct tg_parse_error *error);

/* How deep the options let arrays and objects be in each other. */
size_t tg_json_depth(const struct tg_json_options *options);

#endif
