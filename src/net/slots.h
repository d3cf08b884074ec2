/* How many calls of a backend go on at once in a thread, and who waits for his turn.
 *
 * A call has a slot from its first connection to its end, so that the calls under way and the
 * unused connections together are never more than the config's `connections`. That of a call which
 * becomes a tunnel goes over to the tunnel. */
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

/* Gives back the slot of a call that has become a tunnel: see tg_exchange_take_tunnel. */
void tg_slots_give_back(struct tg_backend *backend);

/* Closes an unused connection when there is no room for one more. */
void tg_slots_make_room(struct tg_backend *backend);

#endif
