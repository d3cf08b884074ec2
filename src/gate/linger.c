#include "gate/linger.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 256, TIME_MS = 2000, PIECE = 16384, PIECES_A_TURN = 8 };

struct lingerer {
    struct tg_worker *worker;
    h2o_socket_t *sock;
    h2o_linklist_t link; /* in the order of their ends */
    uint64_t until_ms;
};

static void on_readable(h2o_socket_t *sock, const char *err);

void tg_linger_init(struct tg_worker *worker)
{
    h2o_linklist_init_anchor(&worker->door.lingering);
}

static void end(struct lingerer *linger)
{
    linger->worker->door.lingering_count--;
    h2o_linklist_unlink(&linger->link);
    h2o_socket_read_stop(linger->sock);
    h2o_socket_close(linger->sock);
    free(linger);
}

void tg_linger_start(struct tg_worker *worker, int fd)
{
    if (shutdown(fd, SHUT_WR) != 0 || worker->draining || worker->door.lingering_count == MOST) {
        close(fd);
        return;
    }
    struct lingerer *linger = h2o_mem_alloc(sizeof(*linger));
    *linger = (struct lingerer){.worker = worker};
    linger->until_ms = tg_timers_now(&worker->timers) + TIME_MS;
    linger->sock = h2o_evloop_socket_create(worker->ctx.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    linger->sock->data = linger;
    h2o_linklist_insert(&worker->door.lingering, &linger->link);
    worker->door.lingering_count++;
    h2o_socket_read_start(linger->sock, on_readable);
}

/* The client closes, or its bytes come and go. */
static void on_readable(h2o_socket_t *sock, const char *err)
{
    char bytes[PIECE];
    ssize_t n = 1;

    for (int i = 0; i < PIECES_A_TURN && err == NULL && n > 0; i++)
        n = recv(h2o_socket_get_fd(sock), bytes, sizeof(bytes), MSG_DONTWAIT);
    if (err != NULL || n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        end(sock->data);
}

void tg_linger_sweep(struct tg_worker *worker)
{
    h2o_linklist_t *list = &worker->door.lingering;
    uint64_t now = tg_timers_now(&worker->timers);

    for (h2o_linklist_t *at = list->next, *next; at != list; at = next) {
        struct lingerer *lingerer = H2O_STRUCT_FROM_MEMBER(struct lingerer, link, at);
        next = at->next;
        if (lingerer->until_ms <= now)
            end(lingerer);
    }
}

void tg_linger_stop(struct tg_worker *worker)
{
    h2o_linklist_t *list = &worker->door.lingering;

    for (h2o_linklist_t *at = list->next, *next; at != list; at = next) {
        next = at->next;
        end(H2O_STRUCT_FROM_MEMBER(struct lingerer, link, at));
    }
}
