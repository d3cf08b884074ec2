/* A response body that a function of the script gives piece by piece. */
#ifndef TG_API_PRODUCE_H
#define TG_API_PRODUCE_H

#include <lua.h>

#include "api/request.h"

/* A source that calls the function on top of the stack for each piece, in a task of the request's
 * run. Raises when memory is out. */
struct tg_source *tg_produce(lua_State *L, struct tg_request *request);

#endif
