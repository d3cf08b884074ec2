/* A client's connection, as the door sees it: what it holds, and since when it does what it does.
 */
#ifndef TG_GATE_CLIENT_H
#define TG_GATE_CLIENT_H

#include "gate/gate.h"
#include "gate/head.h"
#include "gate/watch.h"
#include "net/batch.h"

struct tg_inbound;

enum tg_client_phase {
    TG_CLIENT_NEW,     /* nothing of a first request has come */
    TG_CLIENT_IDLE,    /* between two requests */
    TG_CLIENT_HEAD,    /* a part of a head has come */
    TG_CLIENT_BODY,    /* a part of a body */
    TG_CLIENT_WORKING, /* the request is worked on */
    TG_CLIENT_SENDING, /* it waits for the client to take more of the response */
    TG_CLIENT_OTHER,   /* no connection of HTTP/1 any more */
};

/* What on_close.data of a client's socket points to; it ends with the socket. */
struct tg_client {
    struct tg_watched watched; /* first: gate/watch.c looks for it */
    struct tg_worker *worker;
    h2o_socket_t *sock;
    struct tg_inbound *inbound; /* the request that is worked on; NULL: there is none */
    h2o_req_t *req;             /* h2o's, from the first bytes of a request to its end; else NULL */
    h2o_socket_cb read;         /* how h2o reads requests; NULL until that is known */
    h2o_socket_cb reading;      /* what then stands in the socket, see gate/seam_socket.c */
    struct tg_batch_item receive, send;
    h2o_iovec_t unsent[2]; /* while `send` is put off: what h2o keeps in place until it is sent */
    int unsent_count;
    h2o_linklist_t link;        /* in worker->door: busy, or waiting since */
    uint64_t since_ms;          /* loop time at which the phase, or its present measure, began */
    uint64_t mark;              /* bytes that had passed then */
    size_t body;                /* bytes of a request's body that it holds in memory */
    uint32_t requests;          /* that have begun */
    enum tg_client_phase phase; /* as the sweep saw it */
    bool is_admin;              /* of the admin address: bounds of its own */
    bool is_busy;
    char address[64]; /* the peer's, once somebody has asked for it (gate/peer.c) */
    uint16_t port;
    int linger_fd; /* a second descriptor of a connection that is refused, or -1 */
    struct tg_refusal refusal;
    struct tg_fields fields; /* of req, as gate/share.h has them; without a list h2o has all */
};

/* The client of a socket that has just been accepted. */
struct tg_client *tg_client_create(struct tg_worker *worker, h2o_socket_t *sock, bool is_admin);

/* NULL: it is no client's. */
struct tg_client *tg_client_behind(const h2o_socket_t *sock);

static inline struct tg_client *tg_client_of(h2o_conn_t *conn)
{
    return conn->callbacks->get_socket(conn)->on_close.data;
}

/* A request is there in full, or has been refused; and h2o has let go of it. */
void tg_client_begin(struct tg_client *client, h2o_req_t *req);
void tg_client_end(struct tg_client *client);

/* Whether it is read from as before and between requests. */
static inline bool tg_client_reads_requests(const struct tg_client *client)
{
    return client->sock->_cb.read == client->reading;
}

/* Its body is on the way: from now on what is read is counted. */
void tg_client_expect_body(struct tg_client *client);

/* It holds so many bytes of a body; false when that is more than all clients together may. */
bool tg_client_hold(struct tg_client *client, size_t bytes);

/* A request of it is refused: what it still sends must not reset the answer. */
void tg_client_linger(struct tg_client *client);

/* What it does now. */
enum tg_client_phase tg_client_look(const struct tg_client *client);

/* Answers a request that is not there in full, and closes. */
void tg_client_refuse(struct tg_client *client, enum tg_refused reason, const char *detail);

/* Closes it between two requests; what it may just be sending is lost, unless it
 * has come already: then it is answered. */
void tg_client_close(struct tg_client *client);

/* Closes it in the middle of what it does, without regard to what it has not read. */
void tg_client_drop(struct tg_client *client);

#endif
