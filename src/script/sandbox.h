/* The C side of lua/tidegate/sandbox.lua: what scripts have instead of the functions we take away.
 */
#ifndef TG_SCRIPT_SANDBOX_H
#define TG_SCRIPT_SANDBOX_H

#include <lua.h>

#include "base/files.h"

/* Adds the functions to the table on top of the stack. Lua's own library must be open. */
void tg_sandbox_open(lua_State *L);

/* Pushes a function from a path to what stands in the file, or nil. NULL: it remembers nothing. */
void tg_sandbox_push_read(lua_State *L, struct tg_files *files);

#endif
