/* Kinds of userdata with methods, for what is called from Lua. */
#ifndef TG_TEST_METHODS_H
#define TG_TEST_METHODS_H

#include <lauxlib.h>

/* Makes the metatable of that name, whose __index is itself. */
void tg_methods_open(lua_State *L, const char *kind, const luaL_Reg *methods);

#endif
