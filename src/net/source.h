/* A body that comes in pieces, each when it is asked for: a slow reader holds back who sends it. */
#ifndef TG_NET_SOURCE_H
#define TG_NET_SOURCE_H

#include <h2o.h>

#include "base/error.h"

enum tg_source_state {
    TG_SOURCE_MORE,   /* more may follow, when it is asked for */
    TG_SOURCE_END,    /* this was the last piece; it may be empty */
    TG_SOURCE_BROKEN, /* the body is cut short; no piece comes with it */
};

/* next() asks for a piece: on_piece is called once for it, perhaps before next() returns. The piece
 * stays in place until the next one is asked for, or cancel(). After END or BROKEN nothing may be
 * asked for. */
struct tg_source {
    void (*next)(struct tg_source *self);
    void (*cancel)(struct tg_source *self); /* twice, or after the end, is harmless */
    void (*on_piece)(struct tg_source *self, h2o_iovec_t piece, enum tg_source_state state);
    void *user;            /* of who set on_piece */
    struct tg_error error; /* why it is BROKEN; no code: it has been told of already */
};

#endif
