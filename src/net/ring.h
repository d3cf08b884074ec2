/* Sends and receives of many sockets by one system call, where the system has io_uring and lets us
 * use it; by one call each where not. */
#ifndef TG_NET_RING_H
#define TG_NET_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { TG_RING_MOST = 16 }; /* transfers at once */

/* What one socket is to send or receive now, without waiting. */
struct tg_transfer {
    int fd;
    bool is_send;
    int count; /* of the parts: 1, or 2 to send */
    struct iovec parts[2];
    ssize_t n; /* afterwards: how many bytes, 0 for the end of what is received, or -errno */
};

struct tg_ring;

/* NULL when the system refuses, errno says why. Only the thread that made it may use it. */
struct tg_ring *tg_ring_create(void);

/* False once the system has taken it away. */
bool tg_ring_works(const struct tg_ring *ring);

/* NULL is fine. */
void tg_ring_destroy(struct tg_ring *ring);

/* Does up to TG_RING_MOST transfers, in no order, and fills n of each. Without a ring (NULL), or
 * when the system takes it away again, they are done one by one. */
void tg_ring_run(struct tg_ring *ring, struct tg_transfer *transfers, size_t count);

#endif
