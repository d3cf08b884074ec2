#include "net/ring.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { FLAGS = MSG_NOSIGNAL | MSG_DONTWAIT };

struct tg_ring {
    struct io_uring io;
    bool over; /* the system took it away: `io` is no more */
    struct msghdr messages[TG_RING_MOST];
};

/* The first kernels with rings could not send. */
static int find_missing(struct io_uring *io)
{
    static const int wanted[] = {IORING_OP_SEND, IORING_OP_RECV, IORING_OP_SENDMSG};
    struct io_uring_probe *probe = io_uring_get_probe_ring(io);
    int error = probe == NULL ? ENOSYS : 0;

    for (size_t i = 0; error == 0 && i < sizeof(wanted) / sizeof(wanted[0]); i++)
        if (!io_uring_opcode_supported(probe, wanted[i]))
            error = ENOSYS;
    io_uring_free_probe(probe);
    return error;
}

struct tg_ring *tg_ring_create(void)
{
    struct tg_ring *ring = calloc(1, sizeof(*ring));
    int error = ring == NULL ? ENOMEM : -io_uring_queue_init(TG_RING_MOST, &ring->io, 0);

    if (error == 0 && (error = find_missing(&ring->io)) != 0)
        io_uring_queue_exit(&ring->io);
    if (error != 0) {
        free(ring);
        errno = error;
        return NULL;
    }
    io_uring_register_ring_fd(&ring->io); /* cheaper where it can be done */
    return ring;
}

bool tg_ring_works(const struct tg_ring *ring)
{
    return !ring->over;
}

void tg_ring_destroy(struct tg_ring *ring)
{
    if (ring != NULL && !ring->over)
        io_uring_queue_exit(&ring->io);
    free(ring);
}

static struct msghdr message_of(struct tg_transfer *transfer)
{
    return (struct msghdr){.msg_iov = transfer->parts, .msg_iovlen = (size_t)transfer->count};
}

static void do_alone(struct tg_transfer *transfer)
{
    const struct iovec *part = transfer->parts;
    struct msghdr message = message_of(transfer);
    ssize_t n;

    do
        n = !transfer->is_send     ? recv(transfer->fd, part->iov_base, part->iov_len, FLAGS)
            : transfer->count == 1 ? send(transfer->fd, part->iov_base, part->iov_len, FLAGS)
                                   : sendmsg(transfer->fd, &message, FLAGS);
    while (n < 0 && errno == EINTR);
    transfer->n = n < 0 ? -errno : n;
}

static void prepare(struct tg_ring *ring, struct tg_transfer *transfer, struct msghdr *message)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->io);
    const struct iovec *part = transfer->parts;

    assert(sqe != NULL); /* there are TG_RING_MOST, and none is in use between two runs */
    if (!transfer->is_send) {
        io_uring_prep_recv(sqe, transfer->fd, part->iov_base, part->iov_len, FLAGS);
    } else if (transfer->count == 1) {
        io_uring_prep_send(sqe, transfer->fd, part->iov_base, part->iov_len, FLAGS);
    } else {
        *message = message_of(transfer);
        io_uring_prep_sendmsg(sqe, transfer->fd, message, FLAGS);
    }
    io_uring_sqe_set_data(sqe, transfer);
    transfer->n = -EINPROGRESS;
}

/* Takes the results that are there: how many. */
static size_t reap(struct tg_ring *ring)
{
    struct io_uring_cqe *cqe;
    unsigned head, count = 0;

    io_uring_for_each_cqe(&ring->io, head, cqe)
    {
        struct tg_transfer *transfer = io_uring_cqe_get_data(cqe);
        transfer->n = cqe->res;
        count++;
    }
    io_uring_cq_advance(&ring->io, count);
    return count;
}

/* The last ones were not taken by the system. Had it taken one and kept its result back,
 * that one's n would say that nobody knows how it went. */
static void give_up(struct tg_ring *ring, struct tg_transfer *transfers, size_t count)
{
    size_t left = io_uring_sq_ready(&ring->io);

    reap(ring);
    io_uring_queue_exit(&ring->io);
    ring->over = true;
    for (size_t i = count - left; i < count; i++)
        do_alone(&transfers[i]);
}

static void do_together(struct tg_ring *ring, struct tg_transfer *transfers, size_t count)
{
    size_t done = 0;

    for (size_t i = 0; i < count; i++)
        prepare(ring, &transfers[i], &ring->messages[i]);
    while (done < count && !ring->over) {
        int n = io_uring_submit_and_wait(&ring->io, (unsigned)(count - done));
        if (n >= 0 || n == -EINTR)
            done += reap(ring);
        else
            give_up(ring, transfers, count);
    }
}

void tg_ring_run(struct tg_ring *ring, struct tg_transfer *transfers, size_t count)
{
    assert(count <= TG_RING_MOST);
    if (ring != NULL && !ring->over && count > 1) {
        do_together(ring, transfers, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        do_alone(&transfers[i]);
}
