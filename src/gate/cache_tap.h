/* A body that streams to the client is gathered for the cache, at the pace of who sends it, and
 * kept when it has come whole. */
#ifndef TG_GATE_CACHE_TAP_H
#define TG_GATE_CACHE_TAP_H

#include "gate/caching.h"

struct tg_cache_tap;

/* Puts itself before the source of request->response. A body that grows beyond cache.object is not
 * gathered further: those that wait for it go on by themselves. */
void tg_cache_tap_start(struct tg_caching *caching);

/* The source is not read on. Twice is harmless. */
void tg_cache_tap_end(struct tg_cache_tap *tap);

#endif
