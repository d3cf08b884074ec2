/* What a request is for: read from its first line and its Host. */
#ifndef TG_GATE_TARGET_H
#define TG_GATE_TARGET_H

#include "gate/inbound.h"
#include "http/path.h"

/* Reads method, authority, path and query. The texts of the path are in the request's pool. NULL
 * when well, else a constant that says what is wrong. */
const char *tg_target_read(struct tg_inbound *inbound, struct tg_path *path);

#endif
