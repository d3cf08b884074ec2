/* Errors of the world as scripts see them: a table with a code, a message and a status to answer.
 */
#ifndef TG_SCRIPT_FAIL_H
#define TG_SCRIPT_FAIL_H

#include <stdbool.h>
#include <lua.h>

#include "base/error.h"

/* Makes the metatable of error tables; once per state. */
void tg_fail_open(lua_State *L);

/* Pushes an error table { code, message, http }; `http` is the status that the code stands for. */
void tg_fail_push(lua_State *L, const char *code, const char *message);

/* Pushes nil and an error table; returns 2, for `return tg_fail(L, error)`. */
int tg_fail(lua_State *L, struct tg_error error);

/* As tg_fail, for text that does not parse: code 'parse', with line, column and limit. */
int tg_fail_parse(lua_State *L, const struct tg_parse_error *error);

/* Sets err.http of the error table on top of the stack. */
void tg_fail_status(lua_State *L, int http);

/* Whether the value is an error table made here. */
bool tg_fail_is(lua_State *L, int index);

/* The status that an uncaught error of this code becomes. */
int tg_fail_http(const char *code);

#endif
