/* The kinds of userdata that calls give to scripts, told apart by small numbers: a look-up by name
 * costs as much as the rest of a short call. */
#ifndef TG_SCRIPT_KIND_H
#define TG_SCRIPT_KIND_H

#include <lauxlib.h>
#include <lua.h>

enum { TG_KINDS = 8 };

/* Makes the table on top, which stays there, the metatable of the kind. */
void tg_kind_open(lua_State *L, int kind);

/* Puts the functions into the metatable on top; scripts that ask for it get only the text. */
void tg_kind_fill(lua_State *L, const luaL_Reg *metamethods, const char *shown);

/* Gives that metatable to the userdata on top. */
void tg_kind_set(lua_State *L, int kind);

/* The block of the userdata at the index; NULL when it is of another kind, or no userdata. */
void *tg_kind_at(lua_State *L, int index, int kind);

#endif
