/* How the process is, as JSON, and as text for people. */
#ifndef TG_GATE_STATUS_H
#define TG_GATE_STATUS_H

#include <stdio.h>

#include "gate/gate.h"

/* Appends the state of the worker's process, summed over its threads. */
void tg_status_write(const struct tg_worker *worker, struct tg_buffer *out);

/* Writes such JSON as indented lines; false when it is none. */
bool tg_status_print(struct tg_text json, FILE *to);

#endif
