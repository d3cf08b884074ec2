/* Writing what was made to Redis, behind the response: nobody waits for it. */
#ifndef TG_GATE_TIER_KEEP_H
#define TG_GATE_TIER_KEEP_H

#include "gate/caching.h"
#include "gate/tier.h"

/* Writes the entry, if there is a Redis; and gives up the lock that the request has, if it is what
 * that was for. */
void tg_tier_keep(struct tg_caching *caching, const struct tg_entry *entry);

/* Gives up the lock that the request has, if any: it has made nothing that others could use. */
void tg_tier_unlock(struct tg_caching *caching);

/* Cancels what is under way. */
void tg_tier_keep_stop(struct tg_tier_link *link);

#endif
