/* The parts of an exchange: exchange.c has its life, exchange_send.c the request on its way,
 * exchange_wire.c the response, exchange_stream.c a body that comes in pieces. */
#ifndef TG_NET_EXCHANGE_WIRE_H
#define TG_NET_EXCHANGE_WIRE_H

#include "net/exchange.h"

/* In exchange_wire.c. */

/* Sends the request over the connection, at the end of the loop's turn, and receives what comes
 * back. */
void tg_exchange_use(struct tg_exchange *self, struct tg_origin_conn *conn);

/* Goes on in the way of bodies that are read whole. */
void tg_exchange_wire_whole(struct tg_exchange *self);

/* In exchange_send.c. */

/* Sends the request over the connection that the exchange has, at the end of the loop's turn. */
void tg_exchange_send_soon(struct tg_exchange *self);

/* The request that is about to be sent is not; harmless when there is none. */
void tg_exchange_unsend(struct tg_exchange *self);

/* In exchange_stream.c. */

/* The head of a streamed response is there, with `len` bytes of the body at `base`. */
void tg_exchange_stream_begin(struct tg_exchange *self, char *base, size_t len);

/* The head says 101, which was asked for. */
void tg_exchange_stream_switch(struct tg_exchange *self, char *base, size_t len);

/* In exchange.c. fail and complete are the last thing a caller does: on_done may end the exchange.
 */

/* Goes to an address: the exchange has its slot now. */
void tg_exchange_begin(struct tg_exchange *self);

/* Begins a phase that may last delay_ms; 0 is as long as the call. */
void tg_exchange_enter(struct tg_exchange *self, enum tg_exchange_phase phase, uint32_t delay_ms);

/* Begins again on a fresh connection, when this one had stood unused and it is the first time;
 * otherwise false. Only for a request that has had no byte of a response. */
bool tg_exchange_retry(struct tg_exchange *self);

void tg_exchange_fail(struct tg_exchange *self, const char *code, const char *message);

/* Has the whole call end in delay_ms; 0 is never. */
void tg_exchange_bound(struct tg_exchange *self, uint32_t delay_ms);

/* The response is all there. Bytes behind it belong to no request: their connection is closed. */
void tg_exchange_complete(struct tg_exchange *self, bool extra);

#endif
