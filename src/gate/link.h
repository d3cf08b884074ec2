/* What ties this process to others: its master, if it has one, and the service manager. */
#ifndef TG_GATE_LINK_H
#define TG_GATE_LINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/channel.h"
#include "base/systemd.h"

struct tg_link {
    int fd;                    /* the channel to the master; -1: there is none */
    struct tg_systemd systemd; /* it is the master's to talk to, where there is one */
    int *sockets;              /* listening ones that nobody holds beside the master and us */
    size_t socket_count;
    _Atomic bool retired; /* another process has taken this one's place */
};

/* Reads the environment, once, while there is one thread. False, with a sentence on stderr, when
 * the master is of another version. */
bool tg_link_open(struct tg_link *link);
void tg_link_close(struct tg_link *link);

static inline bool tg_link_is_there(const struct tg_link *link)
{
    return link->fd >= 0;
}

/* A socket that listens at the address, from the master, the service manager, or bound here.
 * -1 with errno set when there is none. */
int tg_link_listen(struct tg_link *link, const struct sockaddr_storage *address, socklen_t len);

/* The master has gone: from now on its addresses can be bound again, whatever our threads do. */
void tg_link_release(const struct tg_link *link);

/* Tells the master; without one nothing happens. Any thread may. */
void tg_link_say(const struct tg_link *link, enum tg_channel_kind kind, int32_t number,
                 const char *text);

#endif
