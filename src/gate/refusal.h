/* What h2o refuses by itself, such as a body over the limit, is answered as problem details too. */
#ifndef TG_GATE_REFUSAL_H
#define TG_GATE_REFUSAL_H

#include <h2o.h>

void tg_refusal_register(h2o_hostconf_t *host);

#endif
