#include "net/batch.h"

#include "base/clock.h"

enum { TOGETHER = 4096 }; /* bytes of a send that are put behind each other */

static void on_end(h2o_timeout_entry_t *end)
{
    tg_batch_run(H2O_STRUCT_FROM_MEMBER(struct tg_batch, end, end));
}

void tg_batch_init(struct tg_batch *batch, h2o_loop_t *loop, h2o_timeout_t *soon)
{
    *batch = (struct tg_batch){
        .loop = loop, .soon = soon, .end = {.cb = on_end}, .clock = tg_clock_rough_ns};
    h2o_linklist_init_anchor(&batch->receives);
    h2o_linklist_init_anchor(&batch->sends);
}

bool tg_batch_open(struct tg_batch *batch)
{
    if (batch->ring == NULL)
        batch->ring = tg_ring_create();
    return batch->ring != NULL;
}

static void forget(h2o_linklist_t *list)
{
    while (!h2o_linklist_is_empty(list))
        h2o_linklist_unlink(list->next);
}

void tg_batch_dispose(struct tg_batch *batch)
{
    forget(&batch->receives);
    forget(&batch->sends);
    h2o_timeout_unlink(&batch->end);
    tg_ring_destroy(batch->ring);
    free(batch->landings);
    batch->ring = NULL;
    batch->landings = NULL;
}

static void put_off(struct tg_batch *batch, h2o_linklist_t *list, struct tg_batch_item *item)
{
    h2o_linklist_insert(list, &item->link);
    if (!h2o_timeout_is_linked(&batch->end))
        h2o_timeout_link(batch->loop, batch->soon, &batch->end);
}

void tg_batch_receive(struct tg_batch *batch, struct tg_batch_item *item, int fd,
                      void (*done)(struct tg_batch_item *self, const struct tg_transfer *transfer))
{
    item->fd = fd;
    item->parts = NULL;
    item->done = done;
    put_off(batch, &batch->receives, item);
}

void tg_batch_send(struct tg_batch *batch, struct tg_batch_item *item, int fd,
                   int (*parts)(struct tg_batch_item *self, struct iovec *parts),
                   void (*done)(struct tg_batch_item *self, const struct tg_transfer *transfer))
{
    item->fd = fd;
    item->parts = parts;
    item->done = done;
    batch->sends_count++;
    if (h2o_linklist_is_empty(&batch->sends))
        batch->since_ns = batch->clock();
    put_off(batch, &batch->sends, item);
}

void tg_batch_call_off(struct tg_batch_item *item)
{
    if (tg_batch_has(item))
        h2o_linklist_unlink(&item->link);
}

static char *landing(struct tg_batch *batch, size_t place)
{
    if (batch->landings == NULL)
        batch->landings = h2o_mem_alloc((size_t)TG_RING_MOST * TG_LANDING);
    return batch->landings + place * TG_LANDING;
}

/* The system fetches a list of parts on a way of its own, which takes longer than this. */
static void put_together(struct tg_transfer *transfer, char *room)
{
    struct iovec *parts = transfer->parts;

    if (transfer->count != 2 || parts[0].iov_len + parts[1].iov_len > TOGETHER)
        return;
    memcpy(room, parts[0].iov_base, parts[0].iov_len);
    memcpy(room + parts[0].iov_len, parts[1].iov_base, parts[1].iov_len);
    parts[0] = (struct iovec){room, parts[0].iov_len + parts[1].iov_len};
    transfer->count = 1;
}

static void fill(struct tg_batch *batch, struct tg_batch_item *item, struct tg_transfer *transfer,
                 size_t place)
{
    *transfer = (struct tg_transfer){.fd = item->fd, .is_send = item->parts != NULL, .count = 1};
    if (transfer->is_send) {
        transfer->count = item->parts(item, transfer->parts);
        if (!batch->is_telling)
            put_together(transfer, landing(batch, place));
    } else {
        transfer->parts[0] = (struct iovec){landing(batch, place), TG_LANDING};
    }
}

static h2o_linklist_t *move_first(h2o_linklist_t *from, h2o_linklist_t *to)
{
    h2o_linklist_t *link = from->next;

    h2o_linklist_unlink(link);
    h2o_linklist_insert(to, link);
    return link;
}

/* Takes the first ones of the list, with a transfer for each that has a socket: how many of those.
 * They stay linked until it is their turn to be told of it, for what one does then may call off
 * another. */
static size_t take_some(struct tg_batch *batch, h2o_linklist_t *list, h2o_linklist_t *taken,
                        struct tg_transfer *transfers)
{
    size_t count = 0;

    h2o_linklist_init_anchor(taken);
    while (count < TG_RING_MOST && !h2o_linklist_is_empty(list)) {
        struct tg_batch_item *item =
            H2O_STRUCT_FROM_MEMBER(struct tg_batch_item, link, move_first(list, taken));
        item->transfer = item->fd >= 0 ? &transfers[count] : NULL;
        if (item->fd >= 0)
            fill(batch, item, item->transfer, count++);
    }
    return count;
}

static void tell_first(h2o_linklist_t *taken)
{
    struct tg_batch_item *item = H2O_STRUCT_FROM_MEMBER(struct tg_batch_item, link, taken->next);

    h2o_linklist_unlink(&item->link);
    item->done(item, item->transfer);
}

static void run_sends(struct tg_batch *batch)
{
    struct tg_transfer transfers[TG_RING_MOST];
    h2o_linklist_t taken = {NULL, NULL};

    tg_ring_run(batch->ring, transfers, take_some(batch, &batch->sends, &taken, transfers));
    while (!h2o_linklist_is_empty(&taken))
        tell_first(&taken);
}

/* The clock has ticked since the first was put off: something takes long. */
static bool sends_are_late(const struct tg_batch *batch)
{
    return batch->sends.next != &batch->sends && batch->clock() != batch->since_ns;
}

static void run_receives(struct tg_batch *batch)
{
    struct tg_transfer transfers[TG_RING_MOST];
    h2o_linklist_t taken = {NULL, NULL};

    tg_ring_run(batch->ring, transfers, take_some(batch, &batch->receives, &taken, transfers));
    batch->is_telling = true;
    while (!h2o_linklist_is_empty(&taken)) {
        tell_first(&taken);
        if (sends_are_late(batch))
            run_sends(batch);
    }
    batch->is_telling = false;
}

/* While there is something to receive, sends wait until they fill a call. False when there is
 * nothing any more. */
static bool run_next(struct tg_batch *batch)
{
    bool receives = !h2o_linklist_is_empty(&batch->receives);
    bool sends = !h2o_linklist_is_empty(&batch->sends);

    if (!sends)
        batch->sends_count = 0;
    if (receives && batch->sends_count < TG_RING_MOST)
        run_receives(batch);
    else if (sends)
        run_sends(batch);
    return receives || sends;
}

bool tg_batch_run(struct tg_batch *batch)
{
    bool any = false;

    while (run_next(batch))
        any = true;
    h2o_timeout_unlink(&batch->end);
    return any;
}
