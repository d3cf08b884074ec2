/* Requests in: checks them, finds the route, runs its scripts, answers. */
#ifndef TG_GATE_HANDLER_H
#define TG_GATE_HANDLER_H

#include "gate/gate.h"

/* Makes the host's only handler. Its context belongs to a struct tg_worker. */
void tg_handler_register(h2o_hostconf_t *host);

/* Ends every request that waits, with 503: the time to drain is over. */
void tg_handler_abandon(struct tg_worker *worker);

#endif
