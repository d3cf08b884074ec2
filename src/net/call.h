/* A call as bytes: the head of its request. */
#ifndef TG_NET_CALL_H
#define TG_NET_CALL_H

#include "base/buffer.h"
#include "net/exchange.h"

/* Refuses what would not stand as one request on the wire. The code is "request": a mistake of
 * the caller's, which the API tells at the script's line before it comes to this. */
struct tg_error tg_call_check(const struct tg_call *call);

/* Whether a second sending does no more than the first (RFC 9110, 9.2.2). */
bool tg_call_is_idempotent(const struct tg_call *call);

/* Appends the head of the request. The call must have passed the check. */
void tg_call_write(const struct tg_call *call, const struct tg_address *address,
                   struct tg_buffer *out);

#endif
