/* The sockets that listen for all worker processes: bound once, and kept as long as one uses them.
 */
#ifndef TG_MASTER_SOCKETS_H
#define TG_MASTER_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/systemd.h"

struct tg_listening {
    struct sockaddr_storage address; /* as it was asked for: the port may be 0 */
    socklen_t address_len;
    int fd;
    bool is_lent; /* the service manager holds it too */
    pid_t user;   /* the worker that asked for it last */
    bool is_used; /* by a worker that serves */
};

struct tg_sockets {
    struct tg_listening *list;
    size_t count;
};

/* The socket for that worker, who may ask for the same address several times and gets as many.
 * `patience_ms`: so long it is tried again when the address is in use. NULL with errno set. */
const struct tg_listening *tg_sockets_get(struct tg_sockets *sockets,
                                          const struct tg_systemd *systemd,
                                          const struct sockaddr_storage *address,
                                          socklen_t address_len, pid_t user, int patience_ms);

/* Closes those that the worker has not asked for; 0: all. */
void tg_sockets_keep(struct tg_sockets *sockets, pid_t user);

/* Closes those that no worker which serves has asked for. */
void tg_sockets_forget(struct tg_sockets *sockets);

#endif
