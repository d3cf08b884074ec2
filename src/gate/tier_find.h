/* Asking Redis for what the memory has not, before the backend is asked; and waiting there for
 * another tidegate that makes the same answer. */
#ifndef TG_GATE_TIER_FIND_H
#define TG_GATE_TIER_FIND_H

#include "gate/caching.h"
#include "gate/tier.h"

enum tg_tier_found {
    TG_TIER_FOUND_NOTHING, /* the answer must be made; `entry` may be a stale one, or NULL */
    TG_TIER_FOUND_ANSWER,
    TG_TIER_FOUND_MAKER, /* of a refresh: another tidegate is at it */
};

/* Looks up caching->key. True: on_end is called once, later, unless it is cancelled; who is told
 * holds the entry. The request may have got a lock then. False: there is nobody to ask. */
bool tg_tier_find(struct tg_caching *caching,
                  void (*on_end)(struct tg_caching *caching, enum tg_tier_found found,
                                 struct tg_entry *entry));

/* Ends the waiting, if it waits. */
void tg_tier_find_cancel(struct tg_caching *caching);

/* Cancels all of a thread. */
void tg_tier_find_stop(struct tg_tier_link *link);

#endif
