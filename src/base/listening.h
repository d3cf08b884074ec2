/* Sockets that listen: bound here, or handed over by the service manager. */
#ifndef TG_BASE_LISTENING_H
#define TG_BASE_LISTENING_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/systemd.h"

/* A socket that listens at the address and does not block; -1 with errno set when there is none.
 * One that the service manager holds is taken rather than bound; `is_lent` tells. A Unix socket is
 * for its owner and group, and a file that nobody listens on any more is replaced. */
int tg_listening_open(const struct tg_systemd *systemd, const struct sockaddr_storage *address,
                      socklen_t len, bool *is_lent);

#endif
