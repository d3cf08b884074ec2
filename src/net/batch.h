/* Work put off to the end of the loop's turn, and done there one piece behind the other: what all
 * pieces run through, in here and in the system, is fetched once. */
#ifndef TG_NET_BATCH_H
#define TG_NET_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <h2o.h>

struct tg_batch {
    h2o_loop_t *loop;
    h2o_timeout_t *soon;
    h2o_timeout_entry_t end; /* of the turn: linked while there is work */
    h2o_linklist_t list;
};

/* Embedded by its owner. All zero is one that is not put off. */
struct tg_batch_item {
    h2o_linklist_t link;
    void (*run)(struct tg_batch_item *self);
};

/* `soon` is a timeout of 0 ms of the loop; it outlives the batch. */
void tg_batch_init(struct tg_batch *batch, h2o_loop_t *loop, h2o_timeout_t *soon);

/* What is still put off never runs. */
void tg_batch_dispose(struct tg_batch *batch);

/* Calls run(item) once, later in this turn of the loop, or first thing in the next one when none
 * is going on; in the order in which they were put off. */
void tg_batch_put_off(struct tg_batch *batch, struct tg_batch_item *item,
                      void (*run)(struct tg_batch_item *self));

/* It does not run; harmless for one that is not put off. */
void tg_batch_call_off(struct tg_batch_item *item);

static inline bool tg_batch_has(struct tg_batch_item *item)
{
    return h2o_linklist_is_linked(&item->link);
}

/* Does what has been put off now; also what that puts off. Whether there was anything. */
bool tg_batch_run(struct tg_batch *batch);

#endif
