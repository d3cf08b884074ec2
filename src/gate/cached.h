/* Answers out of the cache, and what is said of it in every answer of a route with a cache. */
#ifndef TG_GATE_CACHED_H
#define TG_GATE_CACHED_H

#include "gate/caching.h"

/* Sends the entry that the request has: 304 or 412 if its conditions say so. The body is not
 * copied. The last thing done with the request. */
void tg_cached_send(struct tg_inbound *inbound);

/* Adds Cache-Status to request->response, behind what came from a backend. */
void tg_cached_note(struct tg_inbound *inbound);

/* Adds it to what h2o will send: for answers that are made of nothing else. */
void tg_cached_note_sent(struct tg_inbound *inbound);

/* The word for logs; NULL: no cache had to do with it. */
const char *tg_cached_word(const struct tg_inbound *inbound);

#endif
