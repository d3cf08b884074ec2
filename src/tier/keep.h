/* Writing what was made to Redis, behind the response: nobody waits for it. */
#ifndef TG_TIER_KEEP_H
#define TG_TIER_KEEP_H

#include "tier/find.h"

/* Writes the entry, if there is a Redis; and gives up the lock, if it is what that was for. */
void tg_tier_keep(struct tg_share *share, const struct tg_entry *entry);

/* Gives up the lock, if any: nothing was made that others could use. */
void tg_tier_unlock(struct tg_share *share);

/* Cancels what is under way. */
void tg_tier_keep_stop(struct tg_tier_link *link);

#endif
