/* The answer to a request that has its route: the cache has it, scripts decide it, or a backend
 * gives it. */
#ifndef TG_GATE_MAKING_H
#define TG_GATE_MAKING_H

#include "gate/inbound.h"

/* Asks the cache, where the route has one and no script comes before it, and else starts. */
void tg_making_begin(struct tg_inbound *inbound);

/* Makes the answer: the cache has none, or nobody has asked it. */
void tg_making_start(struct tg_inbound *inbound);

/* Whether scripts are run for the request, and not only a backend is called. */
bool tg_making_has_scripts(const struct tg_inbound *inbound);

/* Shows request->response to the cache. False: that was all, for another answer is sent instead, or
 * there is no client. */
bool tg_making_keep(struct tg_inbound *inbound);

/* A backend is going to be waited for: what becomes of the client is watched from now on. */
void tg_making_wait(struct tg_inbound *inbound);

/* Answers with problem details, and logs why. */
void tg_making_fail(struct tg_inbound *inbound, const struct tg_task_report *report);

/* Answers 500: the body of a response failed before anything was sent; the log has it already. */
void tg_making_fail_unsent(struct tg_inbound *inbound);

/* Ends every request that waits, with 503: the time to drain is over. */
void tg_making_abandon(struct tg_worker *worker);

#endif
