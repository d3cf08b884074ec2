/* A site as its site.lua describes it, checked and taken over: the same for all threads, never
 * changed. */
#ifndef TG_GATE_SITE_H
#define TG_GATE_SITE_H

#include <h2o.h>

#include "base/buffer.h"
#include "base/crypto.h"
#include "base/files.h"
#include "gate/admin_address.h"
#include "gate/head.h"
#include "gate/network.h"
#include "net/backend.h"
#include "script/around.h"

enum tg_segment_kind { TG_SEGMENT_LITERAL, TG_SEGMENT_PARAM, TG_SEGMENT_REST };

struct tg_segment {
    enum tg_segment_kind kind;
    struct tg_text text; /* decoded literal, or the name */
};

/* A part of the path that a route's requests get at the backend. */
struct tg_route_part {
    bool is_text;
    struct tg_text text;
    size_t segment; /* of the route: what it took of the path */
};

#define TG_NO_BACKEND SIZE_MAX

struct tg_cache_policy; /* gate/site_cache.h */
struct tg_tier_config;  /* gate/site_tier.h */

/* A request that must be answered well before a reading of the site is served. */
struct tg_self_test {
    struct tg_text method, path, request; /* request: all of its bytes */
    int least, most;                      /* statuses that are well */
    const char **contains;                /* what the body must have in it */
    size_t contains_count;
    uint32_t timeout_ms;
};

struct tg_route {
    const char *pattern;   /* as the site writes it */
    struct tg_text method; /* 'ANY' stands for all */
    const struct tg_segment *segments;
    size_t segment_count;
    const char *script; /* relative to the site's folder; NULL: it passes requests on */
    size_t backend;     /* of the site: where they go; or TG_NO_BACKEND */
    const struct tg_route_part *parts; /* of the path there; none: as it came */
    size_t part_count;
    bool clients_host; /* the backend gets the Host of the client */
    bool upgrade;      /* connections may become tunnels */
    uint32_t upgrade_timeout_ms;
    const char **before; /* the route's own */
    size_t before_count;
    const char *table;                   /* the route's table, as the text of a Lua expression */
    const struct tg_cache_policy *cache; /* NULL: nothing of it is kept */
    uint32_t timeout_ms;
    bool jit;
    struct tg_codec_limits codec;         /* of conversions by its scripts */
    const struct tg_self_test *self_test; /* NULL: it has none */
    int line;                             /* of site.lua */
    size_t index;                         /* in the site's list */
};

/* One that a later reading of the site may take over: it then is the same in both. */
struct tg_site_backend {
    struct tg_backend_config config;
    _Atomic unsigned holders; /* sites */
};

/* How much clients may send, and how long they may take. */
struct tg_limits {
    struct tg_head_limits head;
    size_t bodies;    /* bytes of all bodies in memory */
    uint32_t head_ms; /* for a head */
    uint32_t body_ms; /* in any such time body_rate must come on average */
    size_t body_rate; /* bytes a second */
    uint32_t send_ms; /* the same for what the client takes */
    size_t send_rate;
    uint32_t keepalive_ms; /* between two requests */
    uint32_t requests;     /* on one connection */
    size_t connections;    /* 0: as many as usual */
    size_t worker_memory;  /* of the process; 0: any */
    uint32_t stuck_ms;     /* CPU time that a thread may take for one turn of its loop */
};

struct tg_admin {
    struct tg_admin_address address;
    struct tg_text token; /* empty: none is asked for */
};

struct tg_site {
    h2o_mem_pool_t pool; /* all of this */
    const char *folder;  /* as the user wrote it */
    struct tg_listen *listens;
    size_t listen_count;
    struct tg_admin *admin; /* NULL: there is none */
    unsigned workers, codec_threads;
    bool io_uring; /* used where the system has it */
    struct tg_site_backend **backends;
    size_t backend_count;
    struct tg_route *routes;
    size_t route_count;
    const char **before; /* for every route */
    size_t before_count;
    struct tg_network *trusted;
    size_t trusted_count;
    struct tg_limits limits;
    size_t body_limit, script_memory, lua_memory;
    size_t cache_memory, cache_object;
    struct tg_tier_config *tier; /* NULL: nothing is behind the cache */
    uint64_t script_cpu_ns;
    uint32_t drain_ms;
    uint32_t guard_ms; /* how long a new reading is on probation; 0: never */
    double guard_errors;
    uint32_t specs_ms; /* how long its specs may take before it is served anew; 0: they don't run */
    const char *package_path; /* or NULL */
    const char *access_log;   /* 'stdout', a path, or NULL: off */
    int log_level;            /* enum tg_log_level */
    bool debug;
    struct tg_text *secrets;
    size_t secret_count;
    struct tg_files *files; /* through which all of it but TLS was read; it holds them */
    bool is_torn;           /* a file changed between its check and its use */
};

/* Reads <folder>/site.lua, through `files`. NULL when something is wrong with it; then `problems`
 * holds a line "file:line: reason" for each thing that is. */
struct tg_site *tg_site_read(const char *folder, struct tg_files *files,
                             struct tg_buffer *problems);

/* The same with changes to what site.lua returns, written as a table of Lua: a table with names is
 * merged, anything else takes the place of what was there. Its `env` is asked before the
 * environment. NULL: none. */
struct tg_site *tg_site_read_changed(const char *folder, const char *changes,
                                     struct tg_files *files, struct tg_buffer *problems);

/* The same, read from the disk for this once. */
struct tg_site *tg_site_read_alone(const char *folder, const char *changes,
                                   struct tg_buffer *problems);

void tg_site_destroy(struct tg_site *site);

#endif
