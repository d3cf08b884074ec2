/* What of a message's head is passed on, from a client to a backend and back; the rules for header
 * fields stand here and nowhere else. */
#ifndef TG_API_FORWARD_H
#define TG_API_FORWARD_H

#include "api/request.h"

/* Fills method, host, fields and body of a call with those of the client's request. Fields of the
 * connection stay behind; Via is added; X-Forwarded-For, -Proto, -Host and Forwarded say who asks:
 * anew, or, when a trusted peer sent them, behind what it says. `room` is for fields that
 * the caller appends to call->fields. */
void tg_forward_request(struct tg_request *request, bool clients_host, size_t room,
                        struct tg_call *call);

/* The request's normal path with its query. */
h2o_iovec_t tg_forward_target(struct tg_request *request);

/* The fields of a backend's response that go on to the client, with Via. */
struct tg_fields tg_forward_response(h2o_mem_pool_t *pool, struct tg_fields received);

#endif
