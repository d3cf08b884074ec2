/* Writing Cache-Status (RFC 9211). */
#ifndef TG_HTTP_CACHE_STATUS_H
#define TG_HTTP_CACHE_STATUS_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"

/* Why a request went on to the backend. */
enum tg_cache_fwd {
    TG_FWD_NONE, /* it did not: `hit` */
    TG_FWD_BYPASS,
    TG_FWD_METHOD,
    TG_FWD_URI_MISS,
    TG_FWD_VARY_MISS,
    TG_FWD_MISS,
    TG_FWD_REQUEST,
    TG_FWD_STALE,
    TG_FWD_PARTIAL,
};

struct tg_cache_status {
    enum tg_cache_fwd fwd;
    unsigned fwd_status; /* of the backend's answer; 0: not said */
    bool has_ttl;
    int64_t ttl; /* s; below 0 when it is stale */
    bool stored;
    bool collapsed;
    struct tg_text key;    /* empty: not said; shortened to TG_CACHE_STATUS_KEY bytes */
    struct tg_text detail; /* empty: not said; a token, or else written as a string */
};

enum { TG_CACHE_STATUS_KEY = 256 };

/* Appends one member of the list, named `cache`, a token: behind the members that came from the
 * backend, which is nearer to the origin. */
void tg_cache_status_write(struct tg_buffer *out, struct tg_text cache,
                           const struct tg_cache_status *status);

#endif
