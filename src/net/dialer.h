/* What stands in for the network when a spec runs: it gives each call that needs a connection one
 * end of a pair of sockets. */
#ifndef TG_NET_DIALER_H
#define TG_NET_DIALER_H

#include "net/backend.h"

struct tg_call;

struct tg_dialer {
    /* A stream socket that never blocks, which belongs to the caller now, or -1 with errno as
     * connect(2) sets it. One that is not writable counts as not yet connected. TLS is left out. */
    int (*dial)(struct tg_dialer *self, const struct tg_backend_config *backend,
                const struct tg_address *address, const struct tg_call *call);
};

#endif
