#include "gate/listener.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "gate/client.h"
#include "gate/door.h"

enum { ACCEPTS_A_TURN = 16 }; /* the other threads get their share */

socklen_t tg_listener_address(const struct tg_listen *listen, struct sockaddr_storage *storage)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;

    memset(storage, 0, sizeof(*storage));
    if (inet_pton(AF_INET, listen->host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(listen->port);
        return sizeof(*v4);
    }
    int rc = inet_pton(AF_INET6, listen->host, &v6->sin6_addr);
    assert(rc == 1); /* checked when the site was read */
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(listen->port);
    return sizeof(*v6);
}

uint16_t tg_listener_port(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return 0;
    return (uint16_t)h2o_socket_getport((struct sockaddr *)&address);
}

/* Then the connection stays where it is, and the listener would be ready for ever. */
static bool is_out_of_something(int reason)
{
    return reason == EMFILE || reason == ENFILE || reason == ENOBUFS || reason == ENOMEM;
}

static bool somebody_waits(h2o_socket_t *listener)
{
    struct pollfd fd = {.fd = h2o_socket_get_fd(listener), .events = POLLIN};

    return poll(&fd, 1, 0) > 0;
}

void tg_listener_take(struct tg_worker *worker, h2o_socket_t *sock)
{
    tg_client_create(worker, sock, false);
    h2o_accept(&worker->accept, sock);
}

static void on_accept(h2o_socket_t *listener, const char *err)
{
    struct tg_worker *worker = listener->data;

    if (err != NULL)
        return;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        if (!tg_door_enter(worker, false)) {
            if (somebody_waits(listener))
                tg_door_shut(worker);
            return;
        }
        h2o_socket_t *sock = h2o_evloop_socket_accept(listener);
        if (sock == NULL) {
            bool is_out = is_out_of_something(errno);
            tg_door_leave(worker, false);
            if (is_out)
                tg_door_shut(worker);
            return;
        }
        tg_listener_take(worker, sock);
    }
}

bool tg_listener_start(struct tg_worker *worker)
{
    size_t count = worker->gate->site->listen_count;

    worker->listeners = calloc(count + 1, sizeof(*worker->listeners));
    assert(worker->listeners != NULL);
    for (size_t i = 0; i < count; i++) {
        int fd = fcntl(worker->gate->listen_fds[i], F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
            return false;
        worker->listeners[i] =
            h2o_evloop_socket_create(worker->ctx.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
        worker->listeners[i]->data = worker;
        h2o_socket_read_start(worker->listeners[i], on_accept);
    }
    return true;
}

void tg_listener_pause(struct tg_worker *worker)
{
    for (size_t i = 0; worker->listeners != NULL && worker->listeners[i] != NULL; i++)
        h2o_socket_read_stop(worker->listeners[i]);
}

void tg_listener_resume(struct tg_worker *worker)
{
    for (size_t i = 0; worker->listeners != NULL && worker->listeners[i] != NULL; i++)
        h2o_socket_read_start(worker->listeners[i], on_accept);
}

void tg_listener_stop(struct tg_worker *worker)
{
    if (worker->listeners == NULL)
        return;
    for (size_t i = 0; worker->listeners[i] != NULL; i++) {
        h2o_socket_read_stop(worker->listeners[i]);
        h2o_socket_close(worker->listeners[i]);
    }
    free(worker->listeners);
    worker->listeners = NULL;
}
