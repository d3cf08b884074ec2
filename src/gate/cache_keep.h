/* From a response to an entry of the cache. */
#ifndef TG_GATE_CACHE_KEEP_H
#define TG_GATE_CACHE_KEEP_H

#include "gate/caching.h"
#include "http/header.h"

enum tg_cache_verdict {
    TG_CACHE_KEEPS,
    TG_CACHE_PASSES, /* it is for this client alone, or for this moment */
    TG_CACHE_FAILS,
};

enum { TG_CACHE_PASS_MS = 60000 }; /* so long nobody waits for an answer that can't be kept */

/* What becomes of request->response. */
enum tg_cache_verdict tg_cache_judge(struct tg_caching *caching);

/* Keeps request->response with that body, gives it to those that wait, and adds to the response
 * what clients shall see of it. */
void tg_cache_keep(struct tg_caching *caching, h2o_iovec_t body);

/* Lets all that wait go on by themselves, and those that come in the next time. */
void tg_cache_pass(struct tg_caching *caching);

/* Appends what the request selects among the variants that the entry of kind TG_ENTRY_VARY names.
 */
void tg_cache_vary_key(const struct tg_entry *entry, struct tg_headers request,
                       struct tg_buffer *key);

#endif
