/* What an unsafe request makes untrue in a cache (RFC 9111, 4.4). */
#ifndef TG_HTTP_INVALIDATE_H
#define TG_HTTP_INVALIDATE_H

#include "base/buffer.h"
#include "http/header.h"

/* Whether what is stored for the target of such a request must go after a response with that
 * status: the method is not known to be safe, and the status is 2xx or 3xx. */
bool tg_invalidates(struct tg_text method, unsigned status);

/* The target of a request. */
struct tg_target {
    struct tg_text scheme;    /* "http" or "https" */
    struct tg_text authority; /* of Host, perhaps with a port */
    struct tg_text path;      /* as it was sent, with the query: "/a/b?c" */
};

/* Resolves a reference (the value of Location or Content-Location) against the target, and appends
 * the path and query that it names at the same origin, without fragment and dot segments. False
 * when it names another origin, or nothing on this one: then nothing was appended. The texts of
 * `target` stay below some kilobytes, as h2o bounds them; so does the reference. */
bool tg_target_resolve(const struct tg_target *target, struct tg_text reference,
                       struct tg_buffer *out);

#endif
