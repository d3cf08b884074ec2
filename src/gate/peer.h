/* Who the client is: the peer of the connection, or whom a trusted peer names. */
#ifndef TG_GATE_PEER_H
#define TG_GATE_PEER_H

#include "api/request.h"
#include "gate/site.h"

/* Fills client_address and client_port from the socket's peer. Where the peer is trusted, the
 * X-Forwarded-For field is read from its end: the first address that is not trusted is the
 * client, and the port is then 0, for nobody knows it. */
void tg_peer_find(struct tg_request *request, const struct tg_site *site, h2o_conn_t *conn);

#endif
