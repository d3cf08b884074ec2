/* What the main thread waits for: signals, and what the master says. */
#ifndef TG_GATE_EVENTS_H
#define TG_GATE_EVENTS_H

#include "gate/gate.h"

/* Blocks the signals, in all threads that are made from now on. The descriptor from which
 * they are read, or -1. */
int tg_events_open(void);

/* Waits until a signal or the master ends us; what else they say is done here. */
void tg_events_wait(struct tg_gate *gate, int signals);

#endif
