/* What a refused client still sends is read and dropped for a while: a connection closed over
 * unread bytes is reset, and the reset may overtake the answer. */
#ifndef TG_GATE_LINGER_H
#define TG_GATE_LINGER_H

#include "gate/gate.h"

void tg_linger_init(struct tg_worker *worker);

/* Takes over a descriptor of the connection, whose answer is sent. */
void tg_linger_start(struct tg_worker *worker, int fd);

/* Ends those whose time is over; or all. */
void tg_linger_sweep(struct tg_worker *worker);
void tg_linger_stop(struct tg_worker *worker);

#endif
