/* What one thread serves by: from a reading of the site to its last request. */
#ifndef TG_GATE_GENERATION_H
#define TG_GATE_GENERATION_H

#include "gate/gate.h"

/* Makes one for the worker: its backends, states and scripts. Any one thread may, while the worker
 * serves by another generation, which then is not replaced meanwhile: it looks only at what never
 * changes there. On failure NULL, and `problems` holds a line for each. */
struct tg_generation *tg_generation_create(struct tg_worker *worker, struct tg_edition *edition,
                                           struct tg_buffer *problems);

/* Closes one that was never served by, or that nobody holds any more. */
void tg_generation_destroy(struct tg_generation *generation);

/* All that follows is for the worker's own thread. */

/* New requests are served by it from now on; the one before goes on for those that hold it. */
void tg_generation_adopt(struct tg_generation *generation);

/* Starts what its scripts run by the clock. */
void tg_generation_start(struct tg_generation *generation);

struct tg_generation *tg_generation_hold(struct tg_generation *generation);
void tg_generation_release(struct tg_generation *generation);

/* Destroys retired ones that nobody holds: never inside of a callback. */
void tg_generation_sweep(struct tg_worker *worker);

/* Gives the scripts of all generations that wait for a slice one more; true when some still do. */
bool tg_generation_run_ready(struct tg_worker *worker);
void tg_generation_tick(struct tg_worker *worker, uint64_t now_ns);

/* The state in which a script of the worker runs at this moment, or NULL. A signal handler of the
 * thread may ask, too. */
struct tg_vm *tg_generation_running(const struct tg_worker *worker);

/* Ends all of them: first what runs behind responses, then the rest. */
void tg_generation_close_all(struct tg_worker *worker);

/* Ends what tg.after left, in all of them. */
void tg_generation_stop_afters(struct tg_worker *worker);

/* Requests of the worker whose tg.after functions wait or run. */
size_t tg_generation_afters(const struct tg_worker *worker);

#endif
