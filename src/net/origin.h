/* One address of a backend as one thread sees it: the connections that are kept for later. */
#ifndef TG_NET_ORIGIN_H
#define TG_NET_ORIGIN_H

#include <sys/uio.h>

#include "net/account.h"
#include "net/backend.h"
#include "net/batch.h"
#include "net/order.h"

struct ssl_st;
struct ssl_session_st;

struct tg_origin {
    struct tg_net *net;
    const struct tg_address *address;
    const struct tg_backend_config *config;
    struct tg_account *account; /* what this thread counts of the address */
    h2o_linklist_t unused;      /* the one used last is first, so that the others grow old and go */
    size_t unused_count;
    struct tg_timer sweep; /* runs while there may be unused ones */
    size_t under_way;      /* calls that have this address now */
    struct tg_ip_failures failures;
    struct ssl_session_st *session; /* the last one of TLS, or NULL */
};

/* A connection. Its socket is watched for reading all the time, used or not, so that using it
 * costs no epoll_ctl; the bytes are read and written by its user with the functions below. */
struct tg_origin_conn {
    struct tg_origin *origin;
    h2o_socket_t *sock;
    int fd;             /* of sock */
    struct ssl_st *ssl; /* or NULL */
    const char *wrong;  /* a constant, when TLS has failed */
    bool used_before, paused;
    h2o_linklist_t link; /* in origin->unused */
    uint64_t born_ms, unused_since_ms;
    struct tg_timer again; /* runs when bytes wait inside of TLS, not in the socket */
    void *user;
    void (*on_readable)(struct tg_origin_conn *self);
    struct tg_batch_item receive; /* by tg_origin_receive_soon */
    void (*on_received)(struct tg_origin_conn *self, char *bytes, ssize_t n);
};

/* The config and the account must outlive it. */
void tg_origin_init(struct tg_origin *origin, struct tg_net *net, const struct tg_address *address,
                    const struct tg_backend_config *config, struct tg_account *account);

/* Closes the unused connections; the used ones must have ended. */
void tg_origin_dispose(struct tg_origin *origin);

/* Makes a connection of a connected socket, for a user who now sets user and on_readable.
 * `ssl`, when it is not NULL, has ended its handshake and belongs to the connection now. */
struct tg_origin_conn *tg_origin_adopt(struct tg_origin *origin, h2o_socket_t *sock,
                                       struct ssl_st *ssl);

/* Takes an unused connection, or NULL. `careful` asks the system first whether it still stands,
 * for requests that can't be sent a second time. */
struct tg_origin_conn *tg_origin_take(struct tg_origin *origin, bool careful);

/* Gives a connection back, for others to use. Nothing may be left to read or to write. */
void tg_origin_give(struct tg_origin_conn *conn);

/* Closes the connection that has been unused for longest; false when there is none. */
bool tg_origin_drop_oldest(struct tg_origin *origin);

/* Closes a connection, whether used or not, and frees it. */
void tg_origin_close(struct tg_origin_conn *conn);

/* Sends what it can of the parts: how many bytes, 0 when the connection takes none now,
 * -1 when it is lost. What it did not take must come again, with nothing changed before its end. */
ssize_t tg_origin_send(struct tg_origin_conn *conn, const struct iovec *parts, int count);

/* Receives into the parts: how many bytes, 0 when the other end has closed in order; -1 with errno
 * EAGAIN when there is nothing now, with another errno when the connection is lost (conn->wrong
 * says more, unless it is NULL). */
ssize_t tg_origin_receive(struct tg_origin_conn *conn, const struct iovec *parts, int count);

/* The same at the end of the loop's turn, together with others; not for TLS. Calls back once, with
 * up to TG_LANDING bytes, good until it returns; n and errno are as above. */
void tg_origin_receive_soon(struct tg_origin_conn *conn,
                            void (*on_received)(struct tg_origin_conn *conn, char *bytes,
                                                ssize_t n));

/* Calls back once, when the connection takes more; sock->data is the connection. */
void tg_origin_await_room(struct tg_origin_conn *conn, h2o_socket_cb on_writable);

/* While it is paused, on_readable is not called and the other end is held back. */
void tg_origin_pause(struct tg_origin_conn *conn);
void tg_origin_continue(struct tg_origin_conn *conn);

#endif
