/* Answers at the admin address. Each returns 0, as handlers of h2o do. */
#ifndef TG_GATE_ADMIN_ANSWER_H
#define TG_GATE_ADMIN_ANSWER_H

#include <h2o.h>

#include "base/buffer.h"

int tg_admin_text(h2o_req_t *req, int status, const char *text);

/* Sends the JSON, and frees it. */
int tg_admin_json(h2o_req_t *req, int status, struct tg_buffer *out);

int tg_admin_problem(h2o_req_t *req, int status, const char *detail);

#endif
