/* Real connections for specs that run in real time: listeners for backends, clients, and waiting
 * for any of them. */
#ifndef TG_TEST_WIRE_H
#define TG_TEST_WIRE_H

#include <lua.h>

/* Pushes the table of its functions: listen, connect, wait, now. Peers must be open. */
void tg_wire_open(lua_State *L);

#endif
