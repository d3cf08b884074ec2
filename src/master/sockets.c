#include "master/sockets.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/listening.h"

enum { STEP_MS = 20 };

static struct tg_listening *find(struct tg_sockets *sockets, const struct sockaddr_storage *address,
                                 socklen_t len, pid_t user)
{
    for (size_t i = 0; i < sockets->count; i++) {
        struct tg_listening *at = &sockets->list[i];
        if (at->user != user && at->address_len == len && memcmp(&at->address, address, len) == 0)
            return at;
    }
    return NULL;
}

/* The workers of a master that has just been killed are about to let go of it. */
static int open_patiently(const struct tg_systemd *systemd, const struct sockaddr_storage *address,
                          socklen_t len, bool *is_lent, int patience_ms)
{
    for (;;) {
        int fd = tg_listening_open(systemd, address, len, is_lent);
        if (fd >= 0 || errno != EADDRINUSE || patience_ms <= 0)
            return fd;
        poll(NULL, 0, STEP_MS);
        patience_ms -= STEP_MS;
        errno = EADDRINUSE;
    }
}

const struct tg_listening *tg_sockets_get(struct tg_sockets *sockets,
                                          const struct tg_systemd *systemd,
                                          const struct sockaddr_storage *address, socklen_t len,
                                          pid_t user, int patience_ms)
{
    struct tg_listening *found = find(sockets, address, len, user);
    struct tg_listening made = {.address_len = len, .user = user};

    if (found != NULL) {
        found->user = user;
        return found;
    }
    memcpy(&made.address, address, len);
    made.fd = open_patiently(systemd, address, len, &made.is_lent, patience_ms);
    if (made.fd < 0)
        return NULL;
    sockets->list = realloc(sockets->list, (sockets->count + 1) * sizeof(*sockets->list));
    assert(sockets->list != NULL);
    sockets->list[sockets->count] = made;
    return &sockets->list[sockets->count++];
}

static void close_one(const struct tg_listening *listening)
{
    close(listening->fd);
    if (listening->address.ss_family == AF_UNIX && !listening->is_lent)
        unlink(((const struct sockaddr_un *)&listening->address)->sun_path);
}

static void keep_used(struct tg_sockets *sockets)
{
    size_t kept = 0;

    for (size_t i = 0; i < sockets->count; i++) {
        if (sockets->list[i].is_used)
            sockets->list[kept++] = sockets->list[i];
        else
            close_one(&sockets->list[i]);
    }
    sockets->count = kept;
    if (kept != 0)
        return;
    free(sockets->list);
    sockets->list = NULL;
}

void tg_sockets_keep(struct tg_sockets *sockets, pid_t user)
{
    for (size_t i = 0; i < sockets->count; i++)
        sockets->list[i].is_used = user != 0 && sockets->list[i].user == user;
    keep_used(sockets);
}

void tg_sockets_forget(struct tg_sockets *sockets)
{
    keep_used(sockets);
}
