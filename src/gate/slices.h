/* Slices of scripts: while a thread uses the CPU a signal comes every few milliseconds of it, and
 * lets a script yield that has run for long. Nothing is counted while none does. */
#ifndef TG_GATE_SLICES_H
#define TG_GATE_SLICES_H

#include "gate/gate.h"

/* Lets the signal come to the calling thread, the worker's own, and sets worker->ticked. Without a
 * timer, or under ThreadSanitizer, which holds signals back, the states count instructions. */
void tg_slices_start(struct tg_worker *worker);

/* From now on it does not come any more; at the thread's end. */
void tg_slices_stop(struct tg_worker *worker);

#endif
