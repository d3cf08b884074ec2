/* One JSON object a line for every request that has been answered. */
#ifndef TG_GATE_ACCESS_LOG_H
#define TG_GATE_ACCESS_LOG_H

#include "gate/gate.h"

/* What the log says beside what the request knows of itself. */
struct tg_access {
    const char *route; /* its pattern, or NULL */
    int status;
    uint64_t bytes; /* of the response, head excluded */
    uint64_t duration_ns;
    const char *cache; /* what the cache had to do with it, or NULL */
};

/* Query strings, bodies, header fields stay out of it: they may hold secrets. */
void tg_access_log(struct tg_worker *worker, struct tg_request *request,
                   const struct tg_access *access);

#endif
