/* Looking a request up: in the memory, at those who make the same answer, in Redis. */
#ifndef TG_GATE_CACHE_LOOK_H
#define TG_GATE_CACHE_LOOK_H

#include "gate/caching.h"

/* Looks up caching->key; what it waits for ends in caching->proceed. */
enum tg_cached tg_cache_look(struct tg_caching *caching);

/* What an entry out of Redis is worth for the request. */
enum tg_tier_worth tg_cache_judge_found(struct tg_share *share, struct tg_entry *entry, bool soft);

#endif
