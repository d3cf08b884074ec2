/* The server of one process: a site, what is built from it, and the threads that serve it. */
#ifndef TG_GATE_GATE_H
#define TG_GATE_GATE_H

#include <pthread.h>

#include "api/request.h"
#include "base/log.h"
#include "gate/edition.h"
#include "gate/link.h"
#include "gate/traffic.h"
#include "store/cache.h"
#include "store/flight.h"

struct lua_Debug;
struct lua_State;
struct tg_chunks;
struct tg_worker;
struct tg_reload;
struct tg_pulse;
struct tg_recorder;
struct tg_tier;
struct tg_tier_link;
struct tg_trial;

struct tg_gate {
    struct tg_link link;
    struct tg_edition *first;     /* the first reading of the site, kept to the end */
    struct tg_site *site;         /* of it: what no reload changes is taken from there */
    struct tg_reload *reload;     /* NULL while nothing is served */
    struct tg_pulse *pulse;       /* the same */
    struct tg_recorder *recorder; /* NULL without an admin address */
    _Atomic uint64_t stuck_ns;    /* of the present reading: CPU time without a turn */
    _Atomic size_t worker_memory; /* the same; 0: no limit */
    _Atomic uint32_t drain_ms;    /* the same: how long its end may take */
    int port;                     /* of the first listener, instead of the site's; -1: the site's */
    h2o_globalconf_t config;
    struct tg_log log;
    struct tg_sink *access; /* NULL: no access log */
    int *listen_fds;        /* one per tg_site.listens; each thread works on duplicates */
    struct tg_worker *workers;
    struct tg_cache *cache;
    struct tg_tier *tier;       /* behind the cache; NULL: there is nothing */
    struct tg_flights *flights; /* answers that are being made */
    struct tg_work_pool *work;  /* the threads of conversions; NULL: none */
    h2o_hostconf_t *hosts[2],
        *admin_hosts[2];          /* whom clients and the operator reach; end with NULL */
    int admin_fd;                 /* -1: there is no admin address */
    uint64_t started_ns;          /* monotonic */
    const struct tg_clock *clock; /* NULL: the system's */
    struct tg_dialer *dialer;     /* NULL: backends are reached over the network */
    struct tg_chunks *chunks;     /* of scripts, for the next gate; NULL: none are kept */
    bool proven;                  /* a gate before it has found nothing wrong with its scripts, */
    bool late;                    /* and none of them has tg.every: a route's are loaded for its
                                   * first request */
    /* Called for each line that a script runs; NULL: nobody wants to know. */
    void (*on_line)(void *owner, struct lua_State *L, struct lua_Debug *frame);
    void *line_owner;
    struct tg_trial *trial;     /* its requests are self_tests; NULL: they are clients' */
    uint64_t seed;              /* of ids that need not be secret; 0: random */
    size_t most_connections;    /* of clients, at once */
    _Atomic unsigned serving;   /* threads whose loop runs */
    _Atomic size_t connections; /* those that are there */
    _Atomic size_t bodies;      /* bytes of requests' bodies in memory */
};

/* A thread's clients, and whether more are let in. */
struct tg_door {
    h2o_linklist_t waiting;   /* for a request, or for the rest of one: the longest first */
    h2o_linklist_t busy;      /* those whose request is worked on */
    h2o_linklist_t lingering; /* refused ones that still send */
    unsigned lingering_count;
    struct tg_timer sweep; /* looks at all of them */
    struct tg_timer reopen;
    uint64_t logged_ms;
    unsigned admins; /* connections of the admin address */
    bool is_shut;
};

/* The admin address as one thread serves it. */
struct tg_admin_door {
    h2o_socket_t *listener; /* NULL in all threads but one */
    h2o_accept_ctx_t accept;
    struct tg_timer resume;
    h2o_linklist_t reloads; /* requests that wait for the end of a reload */
};

/* What the pulse sees of a thread. */
struct tg_pulse_look {
    _Atomic uint64_t turns; /* of its loop, and tasks that went on; released: what it has written
                             * into route and place before is there for who sees it */
    _Atomic bool is_stuck;  /* it will not be back, it seems */
    _Atomic bool answered;  /* route and place are filled, or soon will be */
    char route[256];        /* by the thread itself; empty: unknown */
    char place[128];
    uint64_t seen,
        begun_ns; /* the last turn, and its CPU time; the pulse's own, with what follows */
    uint64_t used_ns;
    bool late, told;
};

/* One reading of the site, ready to serve in one thread. */
struct tg_generation {
    struct tg_worker *worker;
    struct tg_edition *edition;
    struct tg_generation *next; /* retired earlier */
    size_t holders;             /* requests and tunnels that began with it */
    struct tg_host host;
    bool *borrowed;       /* by backend: it is still only that of the generation before */
    struct tg_vm *vm;     /* interpreted */
    struct tg_vm *jit_vm; /* of routes with jit = true; NULL when there are none */
    struct tg_route_scripts *routes;
    int serve, jit_serve; /* registry: runtime.lua's serve */
};

/* One thread: one loop, one generation, its own connections and pools. */
struct tg_worker {
    struct tg_gate *gate;
    unsigned index;
    pthread_t thread;
    h2o_context_t ctx;
    h2o_accept_ctx_t accept;
    h2o_socket_t **listeners; /* ends with NULL */
    struct tg_timers timers;
    struct tg_net net;
    struct tg_batch batch;                    /* what this turn receives and sends */
    struct tg_generation *generation;         /* for new requests */
    struct tg_generation *retired;            /* those that requests still run on */
    _Atomic(struct tg_generation *) upcoming; /* takes its place when the thread is woken */
    struct tg_door door;
    struct tg_admin_door admin;
    struct tg_traffic traffic;
    struct tg_pulse_look look;
    struct tg_work_queue *work; /* for what takes long; NULL: there are no threads for it */
    struct tg_tier_link *tier;  /* NULL: there is nothing behind the cache */
    struct tg_inbox inbox;      /* what other threads have made for requests of this one */
    int wake_fd; /* an eventfd: written to when there is something to do; the main thread's */
    h2o_socket_t *wake;         /* the loop's side of it */
    struct tg_timer drain_step; /* closes idle connections while the worker drains */
    uint64_t drain_until_ms;
    h2o_linklist_t running; /* requests whose scripts run or wait */
    h2o_linklist_t tunnels; /* connections that have switched protocols */
    size_t requests;        /* and tunnels; that have not been answered to the end */
    _Atomic bool stop_wanted;
    _Atomic bool over; /* the thread has nothing left to do but to end */
    bool draining, started;
    bool ticked;           /* a signal comes while it uses the CPU: gate/slices.h */
    timer_t tick;          /* what sends it */
    struct tg_buffer key;  /* scratch for the key of one look-up */
    struct tg_buffer line; /* scratch for one line of the access log */
};

#endif
