#include "net/batch.h"

static void on_end(h2o_timeout_entry_t *end)
{
    tg_batch_run(H2O_STRUCT_FROM_MEMBER(struct tg_batch, end, end));
}

void tg_batch_init(struct tg_batch *batch, h2o_loop_t *loop, h2o_timeout_t *soon)
{
    *batch = (struct tg_batch){.loop = loop, .soon = soon, .end = {.cb = on_end}};
    h2o_linklist_init_anchor(&batch->list);
}

void tg_batch_dispose(struct tg_batch *batch)
{
    while (!h2o_linklist_is_empty(&batch->list))
        h2o_linklist_unlink(batch->list.next);
    h2o_timeout_unlink(&batch->end);
}

void tg_batch_put_off(struct tg_batch *batch, struct tg_batch_item *item,
                      void (*run)(struct tg_batch_item *self))
{
    item->run = run;
    h2o_linklist_insert(&batch->list, &item->link);
    if (!h2o_timeout_is_linked(&batch->end))
        h2o_timeout_link(batch->loop, batch->soon, &batch->end);
}

void tg_batch_call_off(struct tg_batch_item *item)
{
    if (tg_batch_has(item))
        h2o_linklist_unlink(&item->link);
}

bool tg_batch_run(struct tg_batch *batch)
{
    bool any = !h2o_linklist_is_empty(&batch->list);

    h2o_timeout_unlink(&batch->end);
    while (!h2o_linklist_is_empty(&batch->list)) {
        struct tg_batch_item *item =
            H2O_STRUCT_FROM_MEMBER(struct tg_batch_item, link, batch->list.next);
        h2o_linklist_unlink(&item->link);
        item->run(item);
    }
    return any;
}
