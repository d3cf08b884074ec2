#include "net/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

static void on_resolved(struct tg_resolve *resolve, const struct tg_addresses *found,
                        struct tg_error error);
static void on_connected(h2o_socket_t *sock, const char *err);

static struct tg_error error_of(int code)
{
    switch (code) {
    case ECONNREFUSED:
        return (struct tg_error){"refused", "connection refused"};
    case ENOENT:
        return (struct tg_error){"refused", "connection refused: there is no such socket"};
    case EAGAIN: /* of a Unix socket */
        return (struct tg_error){"refused", "connection refused: the backend's queue is full"};
    case ETIMEDOUT:
        return (struct tg_error){"timeout_connect", "the system gave up connecting"};
    case EMFILE:
    case ENFILE:
        return (struct tg_error){"busy", "no file descriptor is free"};
    case ENOBUFS:
    case ENOMEM:
        return (struct tg_error){"busy", "the system has no memory for a socket"};
    case EADDRNOTAVAIL:
        return (struct tg_error){"unreachable", "no local port or address is free"};
    default:
        return (struct tg_error){"unreachable", "the backend's address can't be reached"};
    }
}

static int open_socket(const struct sockaddr *address, socklen_t len)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0)
        return -1;
    if (address->sa_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, address, len) == 0 || errno == EINPROGRESS)
        return fd;
    int code = errno;
    close(fd);
    errno = code;
    return -1;
}

/* h2o_socket_connect hides why it failed; so the socket is made here, and only watched by h2o. */
static struct tg_error begin(struct tg_connect *connect, const struct sockaddr *address,
                             socklen_t len)
{
    int fd = open_socket(address, len);

    if (fd < 0)
        return error_of(errno);
    connect->sock =
        h2o_evloop_socket_create(connect->origin->net->loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    connect->sock->data = connect;
    h2o_socket_notify_write(connect->sock, on_connected);
    return TG_OK;
}

static struct tg_error begin_unix(struct tg_connect *connect, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);

    if (len >= sizeof(address.sun_path))
        return error_of(ENOENT);
    memcpy(address.sun_path, path, len);
    return begin(connect, (struct sockaddr *)&address, sizeof(address));
}

static struct tg_error begin_ip(struct tg_connect *connect, union tg_ip ip)
{
    uint16_t port = htons(connect->origin->address->port);

    if (ip.sa.sa_family == AF_INET6) {
        ip.v6.sin6_port = port;
        return begin(connect, &ip.sa, sizeof(ip.v6));
    }
    ip.v4.sin_port = port;
    return begin(connect, &ip.sa, sizeof(ip.v4));
}

static void fail(struct tg_connect *connect, struct tg_error error)
{
    connect->on_connect(connect, NULL, error);
}

/* Tries what was not tried yet; `error` is why the one before it failed. */
static void try_next(struct tg_connect *connect, struct tg_error error)
{
    while (connect->tried < connect->found.count) {
        error = begin_ip(connect, connect->found.list[connect->tried++]);
        if (error.code == NULL)
            return;
    }
    fail(connect, error);
}

static void on_resolved(struct tg_resolve *resolve, const struct tg_addresses *found,
                        struct tg_error error)
{
    struct tg_connect *connect = H2O_STRUCT_FROM_MEMBER(struct tg_connect, resolve, resolve);

    if (error.code != NULL) {
        fail(connect, error);
        return;
    }
    connect->found = *found;
    try_next(connect, error_of(0));
}

static void on_connected(h2o_socket_t *sock, const char *err)
{
    struct tg_connect *connect = sock->data;
    int code = 0;
    socklen_t len = sizeof(code);

    if (getsockopt(h2o_socket_get_fd(sock), SOL_SOCKET, SO_ERROR, &code, &len) != 0)
        code = errno;
    connect->sock = NULL;
    if (code == 0 && err == NULL) {
        connect->on_connect(connect, tg_origin_adopt(connect->origin, sock), TG_OK);
        return;
    }
    h2o_socket_close(sock);
    try_next(connect, error_of(code));
}

static bool parse_number(const char *host, union tg_ip *ip)
{
    *ip = (union tg_ip){.v6 = {.sin6_family = AF_INET6}};
    if (inet_pton(AF_INET6, host, &ip->v6.sin6_addr) == 1)
        return true;
    *ip = (union tg_ip){.v4 = {.sin_family = AF_INET}};
    return inet_pton(AF_INET, host, &ip->v4.sin_addr) == 1;
}

void tg_connect_start(struct tg_connect *connect, struct tg_origin *origin,
                      void (*on_connect)(struct tg_connect *self, struct tg_origin_conn *conn,
                                         struct tg_error error))
{
    const struct tg_address *address = origin->address;

    *connect = (struct tg_connect){.origin = origin, .on_connect = on_connect};
    if (address->is_unix) {
        struct tg_error error = begin_unix(connect, address->host);
        if (error.code != NULL)
            fail(connect, error);
        return;
    }
    if (!address->is_number) {
        tg_resolve_start(&connect->resolve, origin->net->resolver, address->host, on_resolved);
        return;
    }
    connect->found.count = parse_number(address->host, &connect->found.list[0]) ? 1 : 0;
    try_next(connect, error_of(0));
}

bool tg_connect_is_resolving(const struct tg_connect *connect)
{
    return connect->resolve.link.next != NULL;
}

void tg_connect_cancel(struct tg_connect *connect)
{
    tg_resolve_cancel(&connect->resolve);
    if (connect->sock != NULL)
        h2o_socket_close(connect->sock);
    connect->sock = NULL;
}
