/* Sees whether the threads go on: one that is late is logged, a route whose script can't be stopped
 * is barred, and the master is told that another process is needed. Memory that has been free for
 * long goes back to the system. A thread of its own does it. */
#ifndef TG_GATE_PULSE_H
#define TG_GATE_PULSE_H

#include "gate/gate.h"

/* Makes the thread, once the workers run; NULL when that fails. The main thread. */
struct tg_pulse *tg_pulse_start(struct tg_gate *gate);

/* Ends it, before the workers end. NULL is harmless. */
void tg_pulse_stop(struct tg_pulse *pulse);

/* Takes over what the site says of it; any thread may. */
void tg_pulse_set(struct tg_gate *gate, const struct tg_site *site);

#endif
