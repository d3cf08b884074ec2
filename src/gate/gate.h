/* The server of one process: a site, what is built from it, and the threads that serve it. */
#ifndef TG_GATE_GATE_H
#define TG_GATE_GATE_H

#include <pthread.h>

#include "api/request.h"
#include "base/log.h"
#include "gate/router.h"
#include "gate/site.h"

struct tg_worker;

struct tg_gate {
    const struct tg_site *site;
    struct tg_router *router;
    h2o_globalconf_t config;
    struct tg_log log;
    struct tg_sink *access; /* NULL: no access log */
    int *listen_fds;        /* one per tg_site.listens; each thread works on duplicates */
    struct tg_worker *workers;
    struct tg_work_pool *work; /* the threads of conversions; NULL: none */
};

/* The Lua states of one thread, loaded from one reading of the site. */
struct tg_generation {
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
    struct tg_host host;
    struct tg_generation generation;
    int wake_fd;        /* an eventfd: written to when the thread is to end; the main thread's */
    h2o_socket_t *wake; /* the loop's side of it */
    struct tg_timer drain_step; /* closes idle connections while the worker drains */
    uint64_t drain_until_ms;
    h2o_linklist_t running; /* requests whose scripts run or wait */
    size_t requests;        /* that have not been answered to the end */
    bool draining, started;
    struct tg_buffer line; /* scratch for one line of the access log */
};

#endif
