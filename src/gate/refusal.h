/* What is refused before the handler has it, such as a body over the limit, is answered as problem
 * details too, counted, and written to the access log. */
#ifndef TG_GATE_REFUSAL_H
#define TG_GATE_REFUSAL_H

#include <h2o.h>

void tg_refusal_register(h2o_hostconf_t *host);

#endif
