/* Writing what was made to Redis, behind the response: nobody waits for it. */
#ifndef TG_TIER_KEEP_H
#define TG_TIER_KEEP_H

#include "tier/find.h"

/* Writes the entry, if there is a Redis; and gives up the lock, if it is what that was for. */
void tg_tier_keep(struct tg_share *share, const struct tg_entry *entry);

/* Gives up the lock, if any: nothing was made that others could use. */
void tg_tier_unlock(struct tg_share *share);

/* Sends a command that nobody waits for. When it does not succeed, the tag, unless 0, is outdated
 * (tg_tier_outdate). `stores`: it counts as something stored. */
void tg_tier_dispatch(struct tg_tier_link *link, const struct tg_text *arguments, size_t n,
                      bool stores, uint64_t tag);

/* Cancels what is under way. */
void tg_tier_keep_stop(struct tg_tier_link *link);

#endif
