/* Where the operator asks how things are: an address of the loopback, or a Unix socket. */
#ifndef TG_GATE_ADMIN_ADDRESS_H
#define TG_GATE_ADMIN_ADDRESS_H

#include <sys/socket.h>
#include <sys/un.h>

#include "gate/network.h"

struct tg_admin_address {
    struct tg_listen listen;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* empty: it is no Unix socket */
};

/* Reads 'http://127.0.0.1:9090' or 'unix:run/admin.sock', which is relative to the folder. Without
 * a token the address must be of this machine. NULL when well, else what is wrong. */
const char *tg_admin_address_parse(struct tg_text text, const char *folder, bool has_token,
                                   struct tg_admin_address *address);

/* Fills the storage; returns the length of the address in it. */
socklen_t tg_admin_address_fill(const struct tg_admin_address *address,
                                struct sockaddr_storage *storage);

#endif
