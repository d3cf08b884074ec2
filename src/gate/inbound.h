/* A request as the gate handles it: what scripts see, and h2o's side of it. */
#ifndef TG_GATE_INBOUND_H
#define TG_GATE_INBOUND_H

#include "gate/client.h"
#include "gate/watch.h"

struct tg_stream;
struct tg_pass;
struct tg_caching;

struct tg_inbound {
    struct tg_request request; /* its pool holds all of this */
    struct tg_worker *worker;
    struct tg_generation *generation; /* the one it began with; it holds it */
    h2o_req_t *req;                   /* NULL once h2o has let go of it, or without a client */
    struct tg_client *client;         /* as long as req */
    struct tg_caching *caching;       /* of a route with a cache, once it has looked there */
    const struct tg_route *route;     /* NULL until it is found */
    h2o_iovec_t target;               /* of such a route: where it goes */
    struct tg_pass *pass; /* of a route that passes its requests on, once it has begun */
    struct tg_timer deadline;
    struct tg_watch watch;
    struct tg_stream *stream; /* of a response that comes in pieces, once it has begun */
    h2o_linklist_t link;      /* in no list but while scripts or a backend work for it */
    uint64_t begun_ns;
    bool watched;   /* what becomes of its client is */
    bool suspended; /* it has waited at least once: deadline and watch are set */
};

/* Those who are given the requests of the path make one of each. */
void tg_inbound_register(h2o_pathconf_t *path);

/* Makes it for a request that has just come in, and ties its end to that of the request. */
struct tg_inbound *tg_inbound_create(struct tg_worker *worker, h2o_req_t *req);

/* Ends one that has no client; the last thing done with it. */
void tg_inbound_end(struct tg_inbound *inbound);

/* What scripts can know of a request, from h2o's. The path must have been read. */
void tg_inbound_fill(struct tg_inbound *inbound);

#endif
