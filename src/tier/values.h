/* Values that scripts set and delete: written to Redis, and told to all who may have an old one. */
#ifndef TG_TIER_VALUES_H
#define TG_TIER_VALUES_H

#include "tier/tier.h"

enum { TG_VALUE_TAGS = 2 };

/* The tags of a value under that key that others may have too: its own, and that of all values. */
void tg_tier_value_tags(const struct tg_cache *cache, struct tg_text key,
                        uint64_t tags[TG_VALUE_TAGS]);

/* Whether others would hear now of what is set or deleted. When not, they are told later that what
 * they have is outdated. NULL is no Redis: nobody hears. */
bool tg_tier_hears(const struct tg_tier_link *link);

/* The value is in the memory now. The first tag is its own. `heard`: tg_tier_hears, before it was
 * made: then it has the second one as well. */
void tg_tier_set(struct tg_tier_link *link, const struct tg_entry *entry, uint64_t tag, bool heard);

/* It is in no memory and no Redis from now on. */
void tg_tier_delete(struct tg_tier_link *link, struct tg_text key);

/* A message of another, or of our own: `s` or `d`, and the key. */
void tg_tier_take_change(struct tg_tier *tier, struct tg_text message, bool is_ours);

/* What others have set or deleted was not heard for a while. */
void tg_tier_forget_values(struct tg_tier *tier);

#endif
