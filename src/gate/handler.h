/* Requests in: checks them, finds the route, runs its scripts, answers. */
#ifndef TG_GATE_HANDLER_H
#define TG_GATE_HANDLER_H

#include "gate/inbound.h"

/* Makes the host's only handler. Its context belongs to a struct tg_worker. */
void tg_handler_register(h2o_hostconf_t *host);

/* Makes the answer: the cache has none, or nobody has asked it. */
void tg_handler_make(struct tg_inbound *inbound);

/* Shows request->response to the cache. False: that was all, for another answer is sent instead, or
 * there is no client. */
bool tg_handler_keep(struct tg_inbound *inbound);

/* A backend is going to be waited for: what becomes of the client is watched from now on. */
void tg_handler_wait(struct tg_inbound *inbound);

/* Answers with problem details, and logs why. */
void tg_handler_fail(struct tg_inbound *inbound, const struct tg_task_report *report);

/* Answers 500: the body of a response failed before anything was sent; the log has it already. */
void tg_handler_fail_unsent(struct tg_inbound *inbound);

/* Ends every request that waits, with 503: the time to drain is over. */
void tg_handler_abandon(struct tg_worker *worker);

#endif
