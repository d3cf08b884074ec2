/* What goes wrong with a request, as the log and the client are told of it. */
#ifndef TG_GATE_FAILURE_H
#define TG_GATE_FAILURE_H

#include "gate/inbound.h"

void tg_failure_log(struct tg_inbound *inbound, const struct tg_task_report *report);

/* Answers with problem details: of a mistake in a script it says nothing but the id, unless the
 * site wants to see it. The last thing done with the request. */
void tg_failure_respond(struct tg_inbound *inbound, const struct tg_task_report *report);

/* The same where there is nothing to log: `detail` may be "". */
void tg_failure_problem(struct tg_inbound *inbound, int status, const char *detail);

/* Logs that the function which makes the body of a response has failed. */
void tg_failure_log_body(struct tg_request *request, const struct tg_task_report *report);

/* Logs that a response is cut short; an error without a code has been logged. */
void tg_failure_log_cut(struct tg_inbound *inbound, struct tg_error error);

/* Logs, once a thread, that a script says how its answer is kept where its route keeps none. */
void tg_failure_log_policy(struct tg_inbound *inbound);

#endif
