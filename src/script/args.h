/* Arguments of calls from scripts: what is wrong is raised at the line of the script that called.
 */
#ifndef TG_SCRIPT_ARGS_H
#define TG_SCRIPT_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <lua.h>

#include "base/text.h"

/* Each of these raises and does not return when the argument is not as asked for; the result of
 * those that never return is there for `return tg_raise(…)` in a function of Lua's.
 * `name` is the call as the script writes it, such as "tg.sleep". */

/* Raises "<file>:<line>: <message>", at the nearest caller that is not part of tidegate's library.
 */
int tg_raise(lua_State *L, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

/* Raises "bad argument #arg to 'name' (what)". */
int tg_args_fail(lua_State *L, const char *name, int arg, const char *what)
    __attribute__((noreturn));

/* Raises "bad argument #arg to 'name' (wanted expected, got number)". */
int tg_args_type(lua_State *L, const char *name, int arg, const char *wanted)
    __attribute__((noreturn));

/* The bytes of a string (numbers count as strings); valid while it stays on the stack. */
struct tg_text tg_args_text(lua_State *L, const char *name, int arg);

lua_Number tg_args_number(lua_State *L, const char *name, int arg);
void tg_args_function(lua_State *L, const char *name, int arg);
void tg_args_table(lua_State *L, const char *name, int arg);

/* Whether the argument is a table; nil or none is false, all else raises. */
bool tg_args_optional_table(lua_State *L, const char *name, int arg);

/* Raises when the table of options at `arg` has a key that is not in `known` (ends with NULL);
 * the message names the nearest known one. Gives which of the first 32 are there: bit i for
 * known[i].
 */
uint32_t tg_args_keys(lua_State *L, const char *name, int arg, const char *const *known);

/* Seconds (a number) or a text such as '250ms', '2s', '5m', '1h' at any index, as milliseconds. */
bool tg_args_duration(lua_State *L, int index, double *ms);

/* Bytes (a number) or a text such as '64KB', '8MB', '1GB' at any index. */
bool tg_args_size(lua_State *L, int index, size_t *bytes);

#endif
