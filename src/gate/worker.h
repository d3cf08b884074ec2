/* A thread that serves: its loop, and how it begins and ends. */
#ifndef TG_GATE_WORKER_H
#define TG_GATE_WORKER_H

#include "gate/gate.h"

/* Makes the loop and loads the scripts; on failure a line for each problem is in `problems`. */
bool tg_worker_init(struct tg_worker *worker, struct tg_gate *gate, unsigned index,
                    struct tg_buffer *problems);

/* What the thread does at first, and then again and again: one turn of its loop, which sleeps for
 * at most `wait` ms. True when the next one must not sleep. Without a thread the caller does it. */
void tg_worker_begin(struct tg_worker *worker);
bool tg_worker_turn(struct tg_worker *worker, int32_t wait);

/* The descriptor of its loop, readable when that has something to do; -1: this libh2o has another
 * kind of loop. */
int tg_worker_poll_fd(const struct tg_worker *worker);

/* Starts the thread: from now on it accepts. */
bool tg_worker_start(struct tg_worker *worker);

/* Lets the thread look at worker->upcoming and what else it may have been left. From any thread. */
void tg_worker_wake(struct tg_worker *worker);

/* Tells the thread to accept no more, end what it has begun, and end. From any thread. */
void tg_worker_stop(struct tg_worker *worker);

/* Waits for the thread's end, until that monotonic time; false when it goes on. */
bool tg_worker_join(struct tg_worker *worker, uint64_t until_ms);

/* Frees it all; a thread that was started does so itself at its end. Twice is harmless. */
void tg_worker_dispose(struct tg_worker *worker);

#endif
