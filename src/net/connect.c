#include "net/connect.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/dialer.h"
#include "net/tls.h"

static void on_resolved(struct tg_resolve *resolve, const struct tg_addresses *found,
                        struct tg_error error);
static void on_next(struct tg_timer *timer);
static void on_connected(h2o_socket_t *sock, const char *err);
static void on_shake(h2o_socket_t *sock, const char *err);

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

/* The socket may not be connected yet. */
static struct tg_error await(struct tg_connect *connect, int fd)
{
    struct tg_connect_try *attempt = &connect->tries[connect->tried++];

    attempt->connect = connect;
    attempt->sock =
        h2o_evloop_socket_create(connect->origin->net->loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    attempt->sock->data = attempt;
    connect->open++;
    h2o_socket_notify_write(attempt->sock, on_connected);
    return TG_OK;
}

/* h2o_socket_connect hides why it failed; so the socket is made here, and only watched by h2o. */
static struct tg_error begin(struct tg_connect *connect, const struct sockaddr *address,
                             socklen_t len)
{
    int fd = open_socket(address, len);

    if (fd >= 0)
        return await(connect, fd);
    connect->tried++;
    return error_of(errno);
}

static struct tg_error begin_dialed(struct tg_connect *connect, const struct tg_call *call)
{
    const struct tg_origin *origin = connect->origin;
    struct tg_dialer *dialer = origin->net->dialer;
    int fd = dialer->dial(dialer, origin->config, origin->address, call);

    return fd >= 0 ? await(connect, fd) : error_of(errno);
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

/* Ends all that goes on but the TLS handshake. */
static void halt(struct tg_connect *connect)
{
    tg_resolve_cancel(&connect->resolve);
    if (connect->origin != NULL)
        tg_timer_stop(connect->origin->net->timers, &connect->next);
    for (size_t i = 0; i < connect->tried; i++) {
        if (connect->tries[i].sock != NULL)
            h2o_socket_close(connect->tries[i].sock);
        connect->tries[i].sock = NULL;
    }
    connect->open = 0;
}

static void fail(struct tg_connect *connect, struct tg_error error)
{
    tg_connect_cancel(connect);
    connect->on_connect(connect, NULL, error);
}

/* A Unix socket has no IP address to remember. */
static void remember(struct tg_connect *connect, size_t i, bool failed)
{
    struct tg_origin *origin = connect->origin;

    if (i >= connect->found.count)
        return;
    if (failed)
        tg_order_failed(&origin->failures, &connect->found.list[i],
                        tg_timers_now(origin->net->timers));
    else
        tg_order_connected(&origin->failures, &connect->found.list[i]);
}

/* Begins with what was not tried yet. The next one follows when this one is slow. */
static void try_next(struct tg_connect *connect)
{
    struct tg_timers *timers = connect->origin->net->timers;

    tg_timer_stop(timers, &connect->next);
    while (connect->tried < connect->found.count) {
        struct tg_error error = begin_ip(connect, connect->found.list[connect->tried]);
        if (error.code == NULL) {
            if (connect->tried < connect->found.count)
                tg_timer_start(timers, &connect->next, TG_CONNECT_DELAY_MS, on_next);
            return;
        }
        remember(connect, connect->tried - 1, true);
        connect->error = error;
    }
    if (connect->open == 0)
        fail(connect, connect->error);
}

static void on_next(struct tg_timer *timer)
{
    try_next(H2O_STRUCT_FROM_MEMBER(struct tg_connect, next, timer));
}

static void begin_found(struct tg_connect *connect)
{
    struct tg_origin *origin = connect->origin;

    connect->error = error_of(0);
    tg_order(&connect->found, &origin->failures, tg_timers_now(origin->net->timers));
    try_next(connect);
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
    begin_found(connect);
}

/* The connection is its user's from here on. */
static void succeed(struct tg_connect *connect, h2o_socket_t *sock, struct ssl_st *ssl)
{
    connect->sock = NULL;
    connect->ssl = NULL;
    connect->on_connect(connect, tg_origin_adopt(connect->origin, sock, ssl), TG_OK);
}

static void on_shake(h2o_socket_t *sock, const char *err)
{
    struct tg_connect *connect = sock->data;
    const char *why = "the connection broke during the TLS handshake";

    h2o_socket_read_stop(sock);
    switch (err == NULL ? tg_tls_shake(connect->ssl, &why) : TG_TLS_FAILED) {
    case TG_TLS_DONE:
        succeed(connect, sock, connect->ssl);
        break;
    case TG_TLS_AWAIT_BYTES:
        h2o_socket_read_start(sock, on_shake);
        break;
    case TG_TLS_AWAIT_ROOM:
        h2o_socket_notify_write(sock, on_shake);
        break;
    case TG_TLS_FAILED:
        fail(connect, (struct tg_error){"tls", why});
        break;
    }
}

static void begin_tls(struct tg_connect *connect, h2o_socket_t *sock)
{
    struct tg_origin *origin = connect->origin;

    assert(origin->config->tls != NULL);
    connect->sock = sock;
    sock->data = connect;
    connect->ssl = tg_tls_open(origin->config->tls, h2o_socket_get_fd(sock), origin->address->host,
                               &origin->session);
    if (connect->ssl == NULL)
        fail(connect, (struct tg_error){"tls", "there is no memory for TLS"});
    else
        on_shake(sock, NULL);
}

static void on_connected(h2o_socket_t *sock, const char *err)
{
    struct tg_connect_try *attempt = sock->data;
    struct tg_connect *connect = attempt->connect;
    int code = 0;
    socklen_t len = sizeof(code);

    if (getsockopt(h2o_socket_get_fd(sock), SOL_SOCKET, SO_ERROR, &code, &len) != 0)
        code = errno;
    attempt->sock = NULL;
    connect->open--;
    remember(connect, (size_t)(attempt - connect->tries), code != 0 || err != NULL);
    if (code != 0 || err != NULL) {
        h2o_socket_close(sock);
        connect->error = error_of(code);
        try_next(connect);
        return;
    }
    halt(connect);
    if (connect->origin->address->is_tls && connect->origin->net->dialer == NULL)
        begin_tls(connect, sock);
    else
        succeed(connect, sock, NULL);
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
                      const struct tg_call *call,
                      void (*on_connect)(struct tg_connect *self, struct tg_origin_conn *conn,
                                         struct tg_error error))
{
    const struct tg_address *address = origin->address;

    *connect = (struct tg_connect){.origin = origin, .on_connect = on_connect};
    if (address->is_unix || origin->net->dialer != NULL) {
        struct tg_error error = origin->net->dialer != NULL ? begin_dialed(connect, call)
                                                            : begin_unix(connect, address->host);
        if (error.code != NULL)
            fail(connect, error);
        return;
    }
    if (!address->is_number) {
        tg_resolve_start(&connect->resolve, origin->net->resolver, address->host, on_resolved);
        return;
    }
    connect->found.count = parse_number(address->host, &connect->found.list[0]) ? 1 : 0;
    begin_found(connect);
}

const char *tg_connect_waits_for(const struct tg_connect *connect)
{
    if (connect->resolve.link.next != NULL)
        return "the name was not resolved within the connect timeout";
    if (connect->ssl != NULL)
        return "the TLS handshake was not over within the connect timeout";
    return "no connection within the connect timeout";
}

void tg_connect_give_up(struct tg_connect *connect)
{
    for (size_t i = 0; i < connect->tried; i++)
        if (connect->tries[i].sock != NULL)
            remember(connect, i, true);
    tg_connect_cancel(connect);
}

void tg_connect_cancel(struct tg_connect *connect)
{
    halt(connect);
    if (connect->ssl != NULL)
        tg_tls_close(connect->ssl);
    if (connect->sock != NULL)
        h2o_socket_close(connect->sock);
    connect->ssl = NULL;
    connect->sock = NULL;
}
