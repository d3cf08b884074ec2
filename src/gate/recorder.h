/* Keeps some requests of a route with what its backends answered, for `tidegate record`. */
#ifndef TG_GATE_RECORDER_H
#define TG_GATE_RECORDER_H

#include "gate/gate.h"

struct tg_recorder;
struct tg_inbound;

enum {
    TG_RECORD_COUNT = 1000,   /* the most requests of one recording */
    TG_RECORD_SECONDS = 3600, /* the most time it may take */
    TG_RECORD_BODY = 1048576, /* the largest body of it; a request with a larger one is left out */
    TG_RECORD_BYTES = 16777216, /* of all of it: then it is over */
};

struct tg_recorder *tg_recorder_create(void);
void tg_recorder_destroy(struct tg_recorder *recorder);

/* Begins one; what was kept before is forgotten. Any thread, as for what follows. */
void tg_recorder_start(struct tg_recorder *recorder, struct tg_text route, unsigned count,
                       unsigned seconds);
void tg_recorder_stop(struct tg_recorder *recorder);

/* Appends what it has as a JSON object: `on`, `skipped` and the `items`. */
void tg_recorder_write(struct tg_recorder *recorder, struct tg_buffer *out);

/* A request of a client begins to run its scripts: whoever wants it listens from now on. */
void tg_recorder_begin(struct tg_recorder *recorder, struct tg_inbound *inbound);

/* It has been answered. */
void tg_recorder_end(struct tg_recorder *recorder, struct tg_inbound *inbound);

#endif
