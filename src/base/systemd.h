/* What a service manager such as systemd says in the environment, and is told: readiness, a
 * watchdog, sockets. Without one each does nothing. */
#ifndef TG_BASE_SYSTEMD_H
#define TG_BASE_SYSTEMD_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct tg_systemd {
    struct sockaddr_un notify;
    socklen_t notify_len; /* 0: nobody wants to be told */
    uint64_t watchdog_ms; /* how often it wants to hear "WATCHDOG=1": half of its patience; or 0 */
    int sockets;          /* that it holds for us, from descriptor 3 on */
};

/* Takes what is meant for this process out of the environment, so that no child believes to be
 * meant. While there is one thread. */
void tg_systemd_open(struct tg_systemd *systemd);

/* Tells it lines such as "READY=1". Never waits. */
void tg_systemd_notify(const struct tg_systemd *systemd, const char *lines);

/* A duplicate of the listening socket that it holds for exactly that address, or -1. */
int tg_systemd_take(const struct tg_systemd *systemd, const struct sockaddr_storage *address,
                    socklen_t len);

#endif
