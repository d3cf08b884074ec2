/* What may take long in C says so: scripts take turns. */
#ifndef TG_SCRIPT_GLANCE_H
#define TG_SCRIPT_GLANCE_H

#include <lua.h>

/* When the slice of the running script is over, others go first as soon as it is back in Lua. In
 * the module for any LuaJIT there are no slices, and this does nothing. */
void tg_glance(lua_State *L);

#endif
