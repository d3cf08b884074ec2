/* A request as a Lua value, `req`: its members and methods. */
#ifndef TG_API_REQUEST_VALUE_H
#define TG_API_REQUEST_VALUE_H

#include "api/request.h"

/* Pushes a new value for the request, which has none yet. */
void tg_request_push(lua_State *L, struct tg_request *request);

#endif
