/* A site as its site.lua describes it, checked and taken over: the same for all threads, never
 * changed. */
#ifndef TG_GATE_SITE_H
#define TG_GATE_SITE_H

#include <h2o.h>

#include "base/buffer.h"
#include "gate/network.h"
#include "net/backend.h"

enum tg_segment_kind { TG_SEGMENT_LITERAL, TG_SEGMENT_PARAM, TG_SEGMENT_REST };

struct tg_segment {
    enum tg_segment_kind kind;
    struct tg_text text; /* decoded literal, or the name */
};

struct tg_route {
    const char *pattern;   /* as the site writes it */
    struct tg_text method; /* 'ANY' stands for all */
    const struct tg_segment *segments;
    size_t segment_count;
    const char *script;  /* relative to the site's folder */
    const char **before; /* the route's own */
    size_t before_count;
    const char *table; /* the route's table, as the text of a Lua expression */
    uint32_t timeout_ms;
    bool jit;
    int line;     /* of site.lua */
    size_t index; /* in the site's list */
};

struct tg_site {
    h2o_mem_pool_t pool; /* all of this */
    const char *folder;  /* as the user wrote it */
    struct tg_listen *listens;
    size_t listen_count;
    unsigned workers, codec_threads;
    struct tg_backend_config *backends;
    size_t backend_count;
    struct tg_route *routes;
    size_t route_count;
    const char **before; /* for every route */
    size_t before_count;
    struct tg_network *trusted;
    size_t trusted_count;
    size_t body_limit, script_memory, lua_memory;
    uint64_t script_cpu_ns;
    uint32_t drain_ms;
    const char *package_path; /* or NULL */
    const char *access_log;   /* 'stdout', a path, or NULL: off */
    int log_level;            /* enum tg_log_level */
    bool debug;
    struct tg_text *secrets;
    size_t secret_count;
};

/* Reads <folder>/site.lua. NULL when something is wrong with it; then `problems` holds a line
 * "file:line: reason" for each thing that is. */
struct tg_site *tg_site_read(const char *folder, struct tg_buffer *problems);

void tg_site_destroy(struct tg_site *site);

#endif
