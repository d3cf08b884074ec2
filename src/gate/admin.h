/* The admin address: how the process is, told to the operator. It has a listener, connections and
 * a handler of its own, so it answers when clients no longer get in. */
#ifndef TG_GATE_ADMIN_H
#define TG_GATE_ADMIN_H

#include "gate/gate.h"

/* Makes the host that only the admin address leads to. */
void tg_admin_register(struct tg_gate *gate);

/* Binds the site's admin address, if it has one; false with errno set when that fails. */
bool tg_admin_bind(struct tg_gate *gate);

/* Closes it, and removes the file of its Unix socket. */
void tg_admin_unbind(struct tg_gate *gate);

/* Begins to serve it in the worker's loop; and ends. */
bool tg_admin_start(struct tg_worker *worker);
void tg_admin_stop(struct tg_worker *worker);

#endif
