/* Threads for what would hold a loop up: work goes in, first come first served, and comes back to
 * the loop that sent it. */
#ifndef TG_NET_WORK_H
#define TG_NET_WORK_H

#include <stdbool.h>
#include <h2o.h>

struct tg_work_pool;  /* of a process */
struct tg_work_queue; /* of a thread with a loop */

/* Passed to a thread and back; only the side that holds it touches it. */
struct tg_work {
    h2o_linklist_t link;
    void (*run)(struct tg_work *self);     /* in a thread of the pool */
    void (*on_done)(struct tg_work *self); /* on the loop, once: the work is the owner's again */
    void (*on_drop)(struct tg_work *self); /* instead of on_done, when the queue ends before */
    struct tg_work_queue *queue;
};

/* Threads are started when there is work for them, `threads` at most. */
struct tg_work_pool *tg_work_pool_create(unsigned threads);

/* Its queues must have ended. */
void tg_work_pool_destroy(struct tg_work_pool *pool);

/* NULL when there are no descriptors. */
struct tg_work_queue *tg_work_queue_create(struct tg_work_pool *pool, h2o_loop_t *loop);

/* Waits for what runs; all that is left is dropped. */
void tg_work_queue_destroy(struct tg_work_queue *queue);

/* False: there is no thread, and the work is still the caller's. */
bool tg_work_push(struct tg_work_queue *queue, struct tg_work *work);

/* True: it had not begun, and is the caller's again; else on_done or on_drop will come. */
bool tg_work_withdraw(struct tg_work *work);

#endif
