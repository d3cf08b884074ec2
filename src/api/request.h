/* A request as the scripts of a route see it, and what becomes of it. */
#ifndef TG_API_REQUEST_H
#define TG_API_REQUEST_H

#include "api/fields.h"
#include "api/host.h"
#include "script/task.h"

/* What a script says of keeping its response. Times in ms. */
struct tg_response_cache {
    bool said;  /* it says something */
    bool never; /* ... which is no */
    bool has_ttl, has_stale, has_sick;
    uint64_t ttl_ms, stale_ms, sick_ms;
    const uint64_t *tags; /* hashes; in the run's pool */
    size_t tag_count;
};

/* What a response was made of: calls of backends that the cache knows. */
struct tg_parts {
    size_t count;
    uint64_t least_ms; /* the least time that one of them stays fresh */
    uint64_t *tags;    /* of all of them; in the run's pool */
    size_t tag_count, tag_capacity;
    bool uncached; /* there were others */
};

/* What a script returned, ready to be sent. Texts are in the run's pool, or the body is a string
 * that the Lua state keeps under body_ref. */
struct tg_response {
    int status; /* 0: none yet */
    struct tg_fields fields;
    h2o_iovec_t body;
    int body_ref;             /* 0 when the body is in the pool */
    struct tg_source *source; /* of a body that comes in pieces; NULL: it is whole */
    bool length_known;        /* of such a body, or of the one that the answer to HEAD has not */
    uint64_t length;
    bool passed;               /* it is what a backend answered */
    struct tg_fields received; /* the fields as they came from it; or none */
    struct tg_response_cache cache;
};

/* One call of a backend, for the access log. */
struct tg_call_record {
    struct tg_call_record *next;
    const char *backend;
    const char *code; /* of its error, or NULL */
    int status;
    uint32_t elapsed_ms;
    bool from_cache;
    const struct tg_exchange *exchange; /* of a streamed one: it says more later; or NULL */
};

struct tg_param {
    h2o_iovec_t name, value; /* decoded */
};

/* What a route means to the scripts of one state. */
struct tg_route_scripts {
    int chain;        /* registry: the list of functions that run, the route's own last */
    int only;         /* registry: the one that it has alone; 0: it has others */
    int takes;        /* at how many of its arguments one of them looks, at most */
    int table;        /* registry: the second one, the route's table; 0 until it is asked for */
    const char *text; /* from which it is made: a Lua expression */
    bool warned;      /* one of them has a policy for a cache that the route has not */
    bool passes;      /* when none of them answers, a backend does: response.status stays 0 */
    int line;         /* where the only one of them begins in its file; 0: there are several */
};

struct tg_after;
struct tg_recording;

/* Asks the cache when the scripts before the route's own have run. */
struct tg_look {
    struct tg_wait wait;
    bool has; /* the cache has the answer: the route's script does not run */
};

struct tg_request {
    struct tg_run run; /* first: its pool holds all of this */
    struct tg_task task;
    struct tg_host *host;
    struct tg_route_scripts *scripts;
    h2o_iovec_t method, path, raw_path, query, authority, scheme, body;
    int version; /* 0x100 or 0x101 */
    struct tg_fields fields;
    struct tg_param *params;
    size_t param_count;
    char id[64];
    uint8_t id_len;             /* 0: none made yet */
    const char *client_address; /* "": not asked for yet */
    const char *peer_address;   /* of the socket's other end, who is the client or is trusted */
    uint16_t client_port;
    bool peer_trusted;
    bool has_body;                                /* it has Content-Length or Transfer-Encoding */
    void (*find_client)(struct tg_request *self); /* fills what tells of client and peer */
    /* Asks the cache; the task of `look` is resumed when `has` is set. NULL: there is nothing to
     * ask. */
    void (*look)(struct tg_request *self, struct tg_look *look);
    /* Logs that a function of the body has failed. */
    void (*report_body)(struct tg_request *self, const struct tg_task_report *report);
    /* Hears of each call of a backend that is over; `is_whole`: all of its answer is there. NULL:
     * nobody listens. */
    void (*on_call)(struct tg_request *self, const struct tg_exchange *exchange, bool is_whole);
    struct tg_recording *recording; /* of who listens */
    struct tg_handle *handle;       /* to which the Lua value `req` refers; NULL: there is none */
    struct tg_call_record *calls, **last_call;
    struct tg_response response;
    struct tg_parts parts;
    struct tg_look *looks;  /* while it asks */
    struct tg_after *after; /* functions to run when the response is sent */
    size_t after_count;
    bool response_sent; /* what still runs is what tg.after left */
    bool kept;          /* texts have been copied into the pool: it outlives its connection */
};

/* The request whose Lua value is at the index. Raises when there is none, or it is over. */
struct tg_request *tg_request_at(lua_State *L, const char *name, int index);

/* The id of the request, taken from X-Request-Id when that is fit, else made. */
h2o_iovec_t tg_request_id(struct tg_request *request);

/* Copies into the pool what else would end with the connection. */
void tg_request_keep(struct tg_request *request);

/* Tells the Lua values of the request that it is over. */
void tg_request_forget(struct tg_request *request);

/* The request whose task runs; NULL in a task of tg.every and while scripts load. */
struct tg_request *tg_request_current(lua_State *L);

/* runtime.lua's begin(): gives req, the route's table and the only script; when there are others,
 * nil and their list, and whether the cache is to be asked before the last. What no script looks at
 * is nil. */
int tg_request_begin(lua_State *L);

/* runtime.lua's look(), which waits: whether the cache has the answer. */
int tg_request_look(lua_State *L);

/* runtime.lua's finish(value, i): makes the response of the request of what script i returned. */
int tg_response_finish(lua_State *L);

/* runtime.lua's finish_built(kind, status, headers, body, cache): the same of what tg.json and the
 * like have made; the last three may be nil. */
int tg_response_finish_built(lua_State *L);

/* Lets go of the string that holds the response's body; it has been sent, or never will be. */
void tg_response_release(struct tg_request *request);

/* Starts the functions that tg.after left; on_end is called when the last has ended.
 * False when there are none. */
bool tg_after_start(struct tg_request *request, void (*on_end)(struct tg_request *self));

/* Ends them, without on_end. */
void tg_after_cancel(struct tg_request *request);

/* Ends those of all requests, wherever they are, and calls on_end for each. */
void tg_after_stop(struct tg_host *host);

/* Starts what tg.every registered; lets it end, without beginning again; and ends it. */
void tg_every_start(struct tg_vm *vm);
void tg_every_retire(struct tg_host *host);
void tg_every_stop(struct tg_host *host, struct tg_vm *vm);

#endif
