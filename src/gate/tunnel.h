/* A connection that has switched protocols: bytes between client and backend, both ways. */
#ifndef TG_GATE_TUNNEL_H
#define TG_GATE_TUNNEL_H

#include "gate/inbound.h"
#include "net/exchange.h"

/* Whether the request asks for another protocol, and over a connection that can be handed over.
 * HTTP/2 is not asked for: what went through such a tunnel would have passed no route. */
bool tg_tunnel_is_wanted(const h2o_req_t *req);

/* Sends request->response, a 101, with what the backend sent behind it, and joins the connections;
 * the one of the exchange, which has ended, is taken. The request ends with that. */
void tg_tunnel_start(struct tg_inbound *inbound, struct tg_exchange *exchange);

/* Closes all tunnels of the worker. */
void tg_tunnel_close_all(struct tg_worker *worker);

#endif
