#include "base/listening.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

/* A socket that nobody listens on any more stands in nobody's way. */
static void remove_stale(const struct sockaddr_storage *address, socklen_t len)
{
    const char *path = ((const struct sockaddr_un *)address)->sun_path;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct stat found;

    if (fd < 0)
        return;
    if (stat(path, &found) == 0 && S_ISSOCK(found.st_mode) &&
        connect(fd, (const struct sockaddr *)address, len) != 0 && errno == ECONNREFUSED)
        unlink(path);
    close(fd);
}

static bool bind_to(int fd, const struct sockaddr_storage *address, socklen_t len)
{
    mode_t before = umask(0117);
    bool well = bind(fd, (const struct sockaddr *)address, len) == 0 && listen(fd, BACKLOG) == 0;
    int reason = errno;

    umask(before);
    errno = reason;
    return well;
}

int tg_listening_open(const struct tg_systemd *systemd, const struct sockaddr_storage *address,
                      socklen_t len, bool *is_lent)
{
    int fd = tg_systemd_take(systemd, address, len), on = 1;

    *is_lent = fd >= 0;
    if (fd >= 0)
        return fd;
    fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (address->ss_family == AF_UNIX)
        remove_stale(address, len);
    else
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind_to(fd, address, len))
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}
