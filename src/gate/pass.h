/* Routes without a script: the request goes to a backend and its answer to the client, in C alone.
 */
#ifndef TG_GATE_PASS_H
#define TG_GATE_PASS_H

#include "gate/inbound.h"
#include "http/path.h"

/* Where a request of the route goes: the path as it came, or rewritten, with the query. */
h2o_iovec_t tg_pass_target(struct tg_inbound *inbound, const struct tg_path *path);

/* Passes the request on; its target has been set. The last thing done with it. */
void tg_pass_start(struct tg_inbound *inbound);

/* Ends the call of the backend, if it goes on, and frees what it received. */
void tg_pass_end(struct tg_pass *pass);

#endif
