#include "gate/watch.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

enum {
    POLL_MS = 100,
    CLOSED = POLLHUP | POLLERR,       /* in both directions */
    HALF_CLOSED = POLLRDHUP | CLOSED, /* the client sends no more, and so has gone */
};

static void gone(struct tg_watch *watch)
{
    void (*on_gone)(struct tg_watch *) = watch->on_gone;

    watch->on_gone = NULL;
    if (on_gone != NULL)
        on_gone(watch);
}

/* One poll(2) tells of a closed connection although unread bytes lie before its end. */
static void on_poll(struct tg_timer *timer)
{
    struct tg_watch *watch = H2O_STRUCT_FROM_MEMBER(struct tg_watch, poll, timer);
    struct pollfd fd = {.fd = h2o_socket_get_fd(watch->sock), .events = POLLRDHUP};

    if (poll(&fd, 1, 0) > 0 && (fd.revents & watch->signs) != 0)
        gone(watch);
    else
        tg_timer_start(watch->timers, &watch->poll, POLL_MS, on_poll);
}

static void on_readable(h2o_socket_t *sock, const char *err)
{
    struct tg_watch *watch = ((struct tg_watched *)sock->on_close.data)->watch;
    char byte;
    ssize_t n = recv(h2o_socket_get_fd(sock), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    if (err == NULL && n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    h2o_socket_read_stop(sock);
    if (watch == NULL)
        return;
    if (err == NULL && n > 0)
        tg_timer_start(watch->timers, &watch->poll, POLL_MS, on_poll);
    else
        gone(watch);
}

void tg_watch_arm(struct tg_watch *watch, h2o_req_t *req, struct tg_timers *timers,
                  void (*on_gone)(struct tg_watch *self))
{
    h2o_socket_t *sock = req->conn->callbacks->get_socket(req->conn);
    struct tg_watched *watched = sock->on_close.data;

    *watch =
        (struct tg_watch){.sock = sock, .timers = timers, .on_gone = on_gone, .signs = HALF_CLOSED};
    watched->watch = watch;
    h2o_socket_dont_read(sock, 1);
    if (watched->is_closing) { /* a request that came just before */
        watch->signs = CLOSED;
        tg_timer_start(timers, &watch->poll, POLL_MS, on_poll);
        return;
    }
    h2o_socket_read_start(sock, on_readable);
}

void tg_watch_disarm(struct tg_watch *watch)
{
    if (watch->sock == NULL)
        return;
    tg_timer_stop(watch->timers, &watch->poll);
    ((struct tg_watched *)watch->sock->on_close.data)->watch = NULL;
    h2o_socket_dont_read(watch->sock, 0);
    watch->sock = NULL;
}
