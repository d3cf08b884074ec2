/* All calls of scripts together: what `require 'tidegate'` gives. */
#ifndef TG_API_CORE_H
#define TG_API_CORE_H

#include <lua.h>

/* For tg_vm_options.open. */
void tg_core_open(lua_State *L);

#endif
