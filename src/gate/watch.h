/* Sees that a client has gone while its request waits; HTTP/1 says nothing by itself. */
#ifndef TG_GATE_WATCH_H
#define TG_GATE_WATCH_H

#include <stdbool.h>
#include <h2o.h>

#include "net/timer.h"

/* Part of a request. While armed, the socket is watched without reading from it. */
struct tg_watch {
    h2o_socket_t *sock; /* NULL when not armed */
    struct tg_timers *timers;
    struct tg_timer poll; /* when what can be read does not tell whether the client has gone */
    short signs;          /* of poll(2), by which it then has */
    void (*on_gone)(struct tg_watch *self);
};

/* What on_close.data of a client's socket points to. */
struct tg_watched {
    struct tg_watch *watch; /* the one armed on this socket, or NULL */
    bool is_closing;        /* we have shut our side of reading: its end is no sign of the client */
};

void tg_watch_arm(struct tg_watch *watch, h2o_req_t *req, struct tg_timers *timers,
                  void (*on_gone)(struct tg_watch *self));

/* Must come before the request ends; a second time is harmless. */
void tg_watch_disarm(struct tg_watch *watch);

#endif
