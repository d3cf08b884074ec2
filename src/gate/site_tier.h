/* The Redis behind the cache: `redis` in the `cache` of site.lua. */
#ifndef TG_GATE_SITE_TIER_H
#define TG_GATE_SITE_TIER_H

#include "gate/site.h"
#include "tier/config.h"

struct lua_State;

/* Of the table of the `cache` on top; NULL: there is none. */
struct tg_tier_config *tg_site_read_tier(struct lua_State *L, struct tg_site *site);

/* NULL is none. */
void tg_site_free_tier(struct tg_tier_config *config);

#endif
