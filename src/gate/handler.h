/* Requests in: checks them, finds the route, and has the answer made. */
#ifndef TG_GATE_HANDLER_H
#define TG_GATE_HANDLER_H

#include "gate/inbound.h"

/* Makes the host's only handler. Its context belongs to a struct tg_worker. */
void tg_handler_register(h2o_hostconf_t *host);

#endif
