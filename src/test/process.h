/* Processes of `tidegate test`: those that run some of the spec files, the gate that a spec in real
 * time asks, and the run that --watch begins anew. */
#ifndef TG_TEST_PROCESS_H
#define TG_TEST_PROCESS_H

#include <lua.h>

/* In the environment of `test --serve SITE`: what is different in that site. */
#define TG_PROCESS_CHANGES "TIDEGATE_TEST_CHANGES"

/* Pushes the table of its functions. */
void tg_process_open(lua_State *L);

#endif
