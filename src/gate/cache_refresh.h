/* A fresh answer for the cache, made behind the back of the client that got the stale one. */
#ifndef TG_GATE_CACHE_REFRESH_H
#define TG_GATE_CACHE_REFRESH_H

#include "gate/caching.h"

/* Begins one with a copy of the request, unless somebody makes that answer already. */
void tg_cache_refresh(struct tg_caching *caching);

/* The answer of such a request, which has no client: it goes to the cache, and the request ends. */
void tg_cache_refresh_take(struct tg_inbound *inbound);

/* There is none: it failed with that status, or 0. The request ends. */
void tg_cache_refresh_fail(struct tg_inbound *inbound, int status);

#endif
