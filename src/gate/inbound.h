/* A request as the gate handles it: what scripts see, and h2o's side of it. */
#ifndef TG_GATE_INBOUND_H
#define TG_GATE_INBOUND_H

#include "gate/client.h"
#include "gate/watch.h"

struct tg_stream;
struct tg_pass;

struct tg_inbound {
    struct tg_request request; /* its pool holds all of this */
    struct tg_worker *worker;
    h2o_req_t *req;               /* NULL once h2o has let go of it */
    struct tg_client *client;     /* as long as req */
    const struct tg_route *route; /* NULL until it is found */
    h2o_iovec_t target;           /* of such a route: where it goes */
    struct tg_pass *pass;         /* of a route that passes its requests on, once it has begun */
    struct tg_timer deadline;
    struct tg_watch watch;
    struct tg_stream *stream; /* of a response that comes in pieces, once it has begun */
    h2o_linklist_t link;      /* in no list but while scripts or a backend work for it */
    uint64_t begun_ns;
    bool suspended; /* it has waited at least once: deadline and watch are set */
};

/* Makes it for a request that has just come in, and ties its end to that of the request. */
struct tg_inbound *tg_inbound_create(struct tg_worker *worker, h2o_req_t *req);

/* What scripts can know of a request, from h2o's. The path must have been read. */
void tg_inbound_fill(struct tg_inbound *inbound);

#endif
