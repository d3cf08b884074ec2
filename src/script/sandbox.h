/* The C side of lua/tidegate/sandbox.lua: what scripts have instead of the functions we take away.
 */
#ifndef TG_SCRIPT_SANDBOX_H
#define TG_SCRIPT_SANDBOX_H

#include <lua.h>

/* Adds the functions to the table on top of the stack. Lua's own library must be open. */
void tg_sandbox_open(lua_State *L);

#endif
