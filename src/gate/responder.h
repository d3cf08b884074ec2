/* Sends what has been decided for a request. Each is the last thing done with it. */
#ifndef TG_GATE_RESPONDER_H
#define TG_GATE_RESPONDER_H

#include "api/request.h"

/* Sends request->response. */
void tg_respond(h2o_req_t *req, const struct tg_response *response);

/* The first line, to begin with. */
void tg_respond_status(h2o_req_t *req, int status);

/* Begins with what has been set in req->res. */
void tg_respond_start(h2o_req_t *req, h2o_generator_t *generator);

/* Sends the bytes behind what has been set in req->res already. They stay in place until the
 * request is over. */
void tg_respond_bytes(h2o_req_t *req, h2o_iovec_t body);

/* Sends this as Date, if it is of the usual length, and not now. The status has been set. */
void tg_respond_date(h2o_req_t *req, h2o_iovec_t date);

/* Sets status, fields and length of a response whose body is sent later. */
void tg_respond_head(h2o_req_t *req, const struct tg_response *response);

/* Whether the answer to the request, with this status, has a body. */
bool tg_respond_has_body(const h2o_req_t *req, int status);

/* Sends a response that a backend gave, whole: as it is, also when its body is left out. */
void tg_respond_passed(h2o_req_t *req, const struct tg_response *response);

/* Sends problem details; `allow` is for the Allow field, or empty. */
void tg_respond_problem(h2o_req_t *req, int status, struct tg_text detail, struct tg_text code,
                        struct tg_text id, struct tg_text allow);

#endif
