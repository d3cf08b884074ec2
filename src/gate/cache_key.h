/* Under which key the answer to a request is kept. */
#ifndef TG_GATE_CACHE_KEY_H
#define TG_GATE_CACHE_KEY_H

#include "gate/inbound.h"
#include "gate/site_cache.h"

enum { TG_CACHE_KEY_MOST = 65536 }; /* bytes of a key */

/* Appends the key. The route's digest is in it: what changed scripts answered is not found under
 * new ones. False: it has none, since its body is not what the policy looks into. */
bool tg_cache_key_write(struct tg_inbound *inbound, const struct tg_cache_policy *policy,
                        struct tg_buffer *out);

#endif
