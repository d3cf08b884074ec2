#include "gate/link.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/listening.h"

bool tg_link_open(struct tg_link *link)
{
    const char *text = getenv(TG_CHANNEL_VARIABLE);
    int version, fd;

    *link = (struct tg_link){.fd = -1};
    if (text == NULL) {
        tg_systemd_open(&link->systemd);
        return true;
    }
    if (sscanf(text, "%d:%d", &version, &fd) != 2 || version != TG_CHANNEL_VERSION ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        fprintf(stderr, "tidegate: the master is of another version: it must be restarted\n");
        return false;
    }
    unsetenv(TG_CHANNEL_VARIABLE);
    link->fd = fd;
    return true;
}

void tg_link_close(struct tg_link *link)
{
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
    free(link->sockets);
    link->sockets = NULL;
}

static int ask_master(const struct tg_link *link, const struct sockaddr_storage *address,
                      socklen_t len, bool *is_lent)
{
    struct tg_channel_message message = {.kind = TG_CHANNEL_WANT, .address_len = len};
    int fd;

    memcpy(&message.address, address, len);
    if (!tg_channel_send(link->fd, &message, -1))
        return -1;
    errno = ECANCELED; /* it is gone, or wants us to end */
    if (tg_channel_receive(link->fd, &message, &fd, true) != TG_CHANNEL_MESSAGE ||
        message.kind != TG_CHANNEL_SOCKET)
        return -1;
    if (fd < 0)
        errno = message.number;
    *is_lent = message.number != 0;
    return fd;
}

int tg_link_listen(struct tg_link *link, const struct sockaddr_storage *address, socklen_t len)
{
    bool is_lent = false;

    if (!tg_link_is_there(link))
        return tg_listening_open(&link->systemd, address, len, &is_lent);
    int fd = ask_master(link, address, len, &is_lent);
    if (fd < 0 || is_lent)
        return fd;
    link->sockets = realloc(link->sockets, (link->socket_count + 1) * sizeof(*link->sockets));
    assert(link->sockets != NULL);
    link->sockets[link->socket_count++] = fd;
    return fd;
}

void tg_link_release(const struct tg_link *link)
{
    for (size_t i = 0; i < link->socket_count; i++)
        shutdown(link->sockets[i], SHUT_RDWR);
}

void tg_link_say(const struct tg_link *link, enum tg_channel_kind kind, int32_t number,
                 const char *text)
{
    struct tg_channel_message message = {.kind = kind, .number = number};

    if (!tg_link_is_there(link))
        return;
    strncpy(message.text, text, sizeof(message.text) - 1);
    tg_channel_send(link->fd, &message, -1);
}
