/* Options of conversions from a table of Lua's, by the description of codec/options.h. */
#ifndef TG_SCRIPT_OPTIONS_H
#define TG_SCRIPT_OPTIONS_H

#include <lua.h>

#include "codec/options.h"

/* Reads the table at `arg` into the struct at `into`, whose fields keep what they have where the
 * table says nothing; no table is an empty one. An option of kind OTHER is read by `other`, which
 * finds its value on top and leaves it there. Raises for unknown names and wrong values.
 *
 * The texts are those of the table. Lists lie in userdata that are left on the stack, for as long
 * as the calling function runs. */
void tg_options_read(lua_State *L, const char *name, int arg, const struct tg_option *table,
                     void *into,
                     void (*other)(lua_State *L, const char *name, int arg,
                                   const struct tg_option *option, void *into));

/* Raises "bad argument #arg to 'name' (option is wanted)". */
int tg_options_fail(lua_State *L, const char *name, int arg, const char *option, const char *wanted)
    __attribute__((noreturn));

/* The list or the pairs on top of the stack; the value is replaced by the userdata. `is_valid` may
 * be NULL. */
void tg_options_take_list(lua_State *L, const char *name, int arg, const struct tg_option *option,
                          struct tg_options_list *list);
void tg_options_take_pairs(lua_State *L, const char *name, int arg, const struct tg_option *option,
                           struct tg_options_pairs *pairs);

#endif
