/* Making one connection to an origin: its name is resolved, its addresses race (RFC 8305), and TLS
 * is begun. */
#ifndef TG_NET_CONNECT_H
#define TG_NET_CONNECT_H

#include "net/origin.h"
#include "net/resolver.h"

struct tg_call;

enum { TG_CONNECT_DELAY_MS = 250 }; /* the lead of an address over the next one */

/* One address that is being connected to. */
struct tg_connect_try {
    struct tg_connect *connect;
    h2o_socket_t *sock; /* NULL: not begun, or over */
};

/* Kept in place by its owner until on_connect or cancel. All zero is one that does nothing. */
struct tg_connect {
    struct tg_origin *origin;
    struct tg_resolve resolve;
    struct tg_addresses found;
    struct tg_connect_try tries[TG_ADDRESSES]; /* of `found`; a Unix socket has the first */
    size_t tried;                              /* how many have begun */
    size_t open;                               /* how many of these are not over */
    struct tg_timer next;                      /* until the next one begins */
    struct tg_error error;                     /* of the one that failed last */
    h2o_socket_t *sock;                        /* while TLS begins: the one that won */
    struct ssl_st *ssl;
    void (*on_connect)(struct tg_connect *self, struct tg_origin_conn *conn, struct tg_error error);
};

/* `call` is what the connection is for: only a dialer looks at it, and only now; NULL without one.
 * Calls on_connect once, perhaps before it returns: with a connection, or with an error
 * (refused unreachable dns timeout_connect tls busy). It has no timeout of its own. */
void tg_connect_start(struct tg_connect *connect, struct tg_origin *origin,
                      const struct tg_call *call,
                      void (*on_connect)(struct tg_connect *self, struct tg_origin_conn *conn,
                                         struct tg_error error));

/* What it is waiting for, as the end of a sentence about its timeout. */
const char *tg_connect_waits_for(const struct tg_connect *connect);

/* Ends it after its timeout: addresses that have not answered count as failed. */
void tg_connect_give_up(struct tg_connect *connect);

/* Ends it, if it goes on. */
void tg_connect_cancel(struct tg_connect *connect);

#endif
