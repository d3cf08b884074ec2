/* Making one connection to an origin: its name is resolved, its addresses are tried in turn. */
#ifndef TG_NET_CONNECT_H
#define TG_NET_CONNECT_H

#include "net/origin.h"
#include "net/resolver.h"

/* Kept in place by its owner until on_connect or cancel. All zero is one that does nothing. */
struct tg_connect {
    struct tg_origin *origin;
    struct tg_resolve resolve;
    struct tg_addresses found;
    size_t tried;       /* of `found` */
    h2o_socket_t *sock; /* while it connects */
    void (*on_connect)(struct tg_connect *self, struct tg_origin_conn *conn, struct tg_error error);
};

/* Calls on_connect once, perhaps before it returns: with a connection, or with an error
 * (refused unreachable dns timeout_connect busy). It has no timeout of its own. */
void tg_connect_start(struct tg_connect *connect, struct tg_origin *origin,
                      void (*on_connect)(struct tg_connect *self, struct tg_origin_conn *conn,
                                         struct tg_error error));

/* Whether the name is still being resolved. */
bool tg_connect_is_resolving(const struct tg_connect *connect);

/* Ends it, if it goes on. */
void tg_connect_cancel(struct tg_connect *connect);

#endif
