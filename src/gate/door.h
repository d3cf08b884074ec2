/* The door: how many clients may be inside at once, and how long they may take. */
#ifndef TG_GATE_DOOR_H
#define TG_GATE_DOOR_H

#include "gate/gate.h"

void tg_door_init(struct tg_worker *worker);

/* Lets one more in, which must be followed by tg_door_leave; false when there is no room. */
bool tg_door_enter(struct tg_worker *worker, bool is_admin);

/* One is gone; when others stand before the door they may come in. */
void tg_door_leave(struct tg_worker *worker, bool is_admin);

/* There is no room, or no descriptor is left: accepts nothing for a moment, and closes the
 * connection that has been idle for the longest time. */
void tg_door_shut(struct tg_worker *worker);

/* There is a client: begins to look after those that take too long, again and again, unless it does
 * so already. In the worker's thread. */
void tg_door_watch(struct tg_worker *worker);

/* Raises the limit of descriptors as far as may be. Returns how many connections fit, at most
 * `wanted` (0: 20 000): half of the descriptors are for backends. */
size_t tg_door_size(size_t wanted);

#endif
