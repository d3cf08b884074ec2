/* Parts of a request that are read when a script looks at them. Each push leaves one value. */
#ifndef TG_API_REQUEST_PARTS_H
#define TG_API_REQUEST_PARTS_H

#include "api/request.h"

/* A table: names of the route's parameters to their values. */
void tg_request_push_params(lua_State *L, struct tg_request *request);

/* A table: names of cookies to their values, decoded; of two with one name the last. */
void tg_request_push_cookies(lua_State *L, struct tg_request *request);

/* A table: address and port. */
void tg_request_push_client(lua_State *L, struct tg_request *request);

/* A string: the traceparent that came, or one that is made now. */
void tg_request_push_trace(lua_State *L, struct tg_request *request);

/* The pairs of a query, or of a form, decoded; in the request's pool. */
struct tg_fields tg_request_pairs(struct tg_request *request, h2o_iovec_t source);

#endif
