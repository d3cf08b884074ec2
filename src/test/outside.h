/* What happens around a run of specs: signals, files that change, and gates that are asked. */
#ifndef TG_TEST_OUTSIDE_H
#define TG_TEST_OUTSIDE_H

#include <lua.h>

/* Adds its functions to the table on top: signals, signalled, folder, ask. */
void tg_outside_open(lua_State *L);

#endif
