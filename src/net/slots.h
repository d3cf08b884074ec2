/* How many calls of a backend go on at once in a thread, and who waits for his turn.
 *
 * A call has a slot from its first connection to its end, so that the calls under way and the
 * unused connections together are never more than the config's `connections`. */
#ifndef TG_NET_SLOTS_H
#define TG_NET_SLOTS_H

#include "net/exchange.h"

enum tg_slots_answer {
    TG_SLOTS_TAKEN,  /* it has a slot: give it back */
    TG_SLOTS_QUEUED, /* tg_exchange_begin is called when it has one, unless it leaves */
    TG_SLOTS_FULL,
};

enum tg_slots_answer tg_slots_take(struct tg_backend *backend, struct tg_exchange *exchange);

/* Gives back the slot, or leaves the queue; neither: nothing happens. */
void tg_slots_release(struct tg_backend *backend, struct tg_exchange *exchange);

/* Closes an unused connection when there is no room for one more. */
void tg_slots_make_room(struct tg_backend *backend);

#endif
