/* Receives and sends put off to the end of the loop's turn, and done there together: by one system
 * call for many, and what all of them run through, in here and in the system, is fetched once. */
#ifndef TG_NET_BATCH_H
#define TG_NET_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <h2o.h>

#include "net/ring.h"

enum { TG_LANDING = 16384 }; /* bytes for what is received */

struct tg_batch {
    h2o_loop_t *loop;
    h2o_timeout_t *soon;
    h2o_timeout_entry_t end; /* of the turn: linked while there is work */
    h2o_linklist_t receives, sends;
    size_t sends_count;      /* put off, those that were called off too */
    uint64_t (*clock)(void); /* rough, in ns; a test may have its own */
    uint64_t since_ns;       /* its time when the first of the sends was put off */
    struct tg_ring *ring;
    char *landings;  /* TG_RING_MOST of them, once there was something to do */
    bool is_telling; /* of what was received and is there */
};

/* Embedded by its owner. All zero is one that is not put off. */
struct tg_batch_item {
    h2o_linklist_t link;
    int fd;                                                        /* -1: done() is to do it */
    int (*parts)(struct tg_batch_item *self, struct iovec *parts); /* NULL: it receives */
    void (*done)(struct tg_batch_item *self, const struct tg_transfer *transfer);
    struct tg_transfer *transfer; /* while it is done; NULL without an fd */
};

/* `soon` is a timeout of 0 ms of the loop; it outlives the batch. */
void tg_batch_init(struct tg_batch *batch, h2o_loop_t *loop, h2o_timeout_t *soon);

/* From now on many are done by one system call. Called by the thread of the loop. False when the
 * system refuses, errno says why: then they go on to be done one by one. */
bool tg_batch_open(struct tg_batch *batch);

/* What is still put off never happens. */
void tg_batch_dispose(struct tg_batch *batch);

/* Later in this turn of the loop, or first thing in the next one when none is going on, receives up
 * to TG_LANDING bytes of the socket, without waiting, and calls done(item, transfer) once: n says
 * how it went, parts[0] where the bytes are until it returns. */
void tg_batch_receive(struct tg_batch *batch, struct tg_batch_item *item, int fd,
                      void (*done)(struct tg_batch_item *self, const struct tg_transfer *transfer));

/* The same with a send, behind the receives, or as soon as sends fill a call. parts() says then
 * what, one part or two, and how many; it calls nothing else. With an fd of -1 it is not asked:
 * done(item, NULL) sends by itself. */
void tg_batch_send(struct tg_batch *batch, struct tg_batch_item *item, int fd,
                   int (*parts)(struct tg_batch_item *self, struct iovec *parts),
                   void (*done)(struct tg_batch_item *self, const struct tg_transfer *transfer));

/* done() is not called; what a socket has received or sent meanwhile is lost to the owner, who
 * closes it. Harmless for one that is not put off. */
void tg_batch_call_off(struct tg_batch_item *item);

/* Whether it does many by one system call; without, those who can do as well without it should. */
static inline bool tg_batch_is_one_call(const struct tg_batch *batch)
{
    return batch->ring != NULL && tg_ring_works(batch->ring);
}

/* Whether a send that is put off now goes within some milliseconds, or when what is going on ends:
 * the batch tells of what it received, and looks at the clock between one and the next. */
static inline bool tg_batch_is_telling(const struct tg_batch *batch)
{
    return batch->is_telling;
}

static inline bool tg_batch_has(struct tg_batch_item *item)
{
    return h2o_linklist_is_linked(&item->link);
}

/* Does what has been put off now; also what that puts off. Whether there was anything. */
bool tg_batch_run(struct tg_batch *batch);

#endif
