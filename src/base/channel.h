/* What a worker process and its master tell each other: messages over a pair of sockets. */
#ifndef TG_BASE_CHANNEL_H
#define TG_BASE_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* In the environment of a worker: version:descriptor. */
#define TG_CHANNEL_VARIABLE "TIDEGATE_MASTER"
/* The patterns of routes that are barred, a line each. */
#define TG_CHANNEL_BARRED "TIDEGATE_BARRED"

enum {
    TG_CHANNEL_VERSION = 1, /* of the messages: both sides must speak the same */
    TG_CHANNEL_TEXT = 512,
};

enum tg_channel_kind {
    /* the worker says */
    TG_CHANNEL_WANT,     /* it needs a socket that listens at the address; SOCKET answers */
    TG_CHANNEL_READY,    /* all of its threads accept; `number`: ms that it may take to drain, which
                          * is said again when it may have changed */
    TG_CHANNEL_ALIVE,    /* once a second */
    TG_CHANNEL_REPLACE,  /* another one should take its place; the text says why */
    TG_CHANNEL_BAR,      /* a script of the route named by the text could not be stopped */
    TG_CHANNEL_RELOADED, /* it has read its site anew: no route is barred any more */
    TG_CHANNEL_END,      /* the operator wants all to end */
    /* the master says */
    TG_CHANNEL_SOCKET, /* with the descriptor, and 1 as `number` when somebody else holds it too;
                        * without one `number` is the errno */
    TG_CHANNEL_RETIRE, /* another one has taken its place: it is to drain and end */
    TG_CHANNEL_STOP,   /* all ends: the same, and it stays reachable for the operator */
};

struct tg_channel_message {
    enum tg_channel_kind kind;
    int32_t number;
    socklen_t address_len;
    struct sockaddr_storage address;
    char text[TG_CHANNEL_TEXT]; /* ends with a NUL */
};

enum tg_channel_state { TG_CHANNEL_MESSAGE, TG_CHANNEL_NOTHING, TG_CHANNEL_CLOSED };

/* Both ends close on exec. False with errno set when there are none. */
bool tg_channel_create(int ends[2]);

/* Never waits, and is whole or not at all; any thread may. `passed` is a descriptor that goes with
 * it and stays the caller's, or -1. */
bool tg_channel_send(int end, const struct tg_channel_message *message, int passed);

/* `passed` gets the descriptor that came with it, the caller's from now on, or -1.
 * With `wait` there is always a message, unless the other end is gone. */
enum tg_channel_state tg_channel_receive(int end, struct tg_channel_message *message, int *passed,
                                         bool wait);

#endif
