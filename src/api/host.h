/* What the calls of api/ work on: one thread's backends, timers and log, and what runs later. */
#ifndef TG_API_HOST_H
#define TG_API_HOST_H

#include <h2o.h>
#include <lua.h>

#include "base/log.h"
#include "net/backend.h"
#include "net/work.h"
#include "script/vm.h"
#include "store/cache.h"
#include "store/flight.h"

enum {
    TG_AFTER_MAX = 1000,        /* requests of a thread whose `after` functions wait or run */
    TG_AFTER_PER_REQUEST = 16,  /* functions that one request may leave */
    TG_AFTER_TIMEOUT_MS = 30000 /* for all those of one request */
};

/* Userdata that scripts hold (script/kind.h). */
enum tg_host_kind {
    TG_KIND_REQUEST,
    TG_KIND_FIELDS,
    TG_KIND_BACKEND,
    TG_KIND_RESPONSE,          /* of a backend, read whole */
    TG_KIND_STREAMED_RESPONSE, /* of a backend, which may come in pieces */
    TG_KIND_LIGHT_RESPONSE,    /* the same two, for those that need no finalizer */
    TG_KIND_LIGHT_STREAMED_RESPONSE,
    TG_KIND_SCHEMA,
};

struct tg_every;
struct tg_schema_store;

struct tg_host {
    struct tg_backend **backends;
    size_t backend_count;
    struct tg_work_queue *work;      /* for what takes long; NULL: there are no threads for it */
    struct tg_schema_store *schemas; /* of the reading of the site, for all threads */
    struct tg_timers *timers;
    struct tg_cache *cache;
    struct tg_flights *flights;
    struct tg_inbox *inbox;    /* of this thread */
    struct tg_tier_link *tier; /* of this thread; NULL: there is nothing behind the cache */
    const struct tg_log *log;
    bool debug;             /* errors of scripts may show their tracebacks to clients */
    bool runs_every;        /* this thread is the one that runs what tg.every registers */
    bool loaded;            /* scripts have loaded: nothing can be registered any more */
    bool retired;           /* tg.every begins nothing more */
    struct tg_every *every; /* a list */
    size_t every_running;   /* functions of these that run or wait */
    size_t converting;      /* conversions in other threads: they use what lies in the state */
    size_t after_count;     /* requests that live on for their `after` functions */
    h2o_linklist_t afters;  /* those whose functions run */
    uint64_t random[2];     /* state of the generator of ids */
};

struct tg_host *tg_host_of(lua_State *L);

/* Ids that need not be secret: 16 characters of hexadecimal digits, each time others. */
void tg_host_id(struct tg_host *host, char id[16]);

/* The backend of that name, or NULL. */
struct tg_backend *tg_host_backend(struct tg_host *host, struct tg_text name);

#endif
