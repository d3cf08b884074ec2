/* The other end of a connection as specs have it: a userdata that sends, receives, closes and
 * resets. */
#ifndef TG_TEST_PEER_H
#define TG_TEST_PEER_H

#include <lua.h>

/* Makes the metatable; once a state. */
void tg_peer_open(lua_State *L);

/* Pushes a peer, which has the descriptor from now on. Call it with room for the userdata, or in a
 * protected call: when memory is out the descriptor is closed before the error is raised. */
void tg_peer_push(lua_State *L, int fd);

#endif
