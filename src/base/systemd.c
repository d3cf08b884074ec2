#include "base/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST = 3 };

/* A number of the environment; 0 when there is none. */
static uint64_t number(const char *name)
{
    const char *text = getenv(name);
    char *end;

    if (text == NULL || text[0] < '0' || text[0] > '9')
        return 0;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    return *end == '\0' && errno == 0 ? n : 0;
}

/* A path, or a name that begins with '@' and is in no folder. */
static void read_notify(struct tg_systemd *systemd)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path != NULL ? strlen(path) : 0;

    if (len < 2 || len >= sizeof(systemd->notify.sun_path) || (path[0] != '/' && path[0] != '@'))
        return;
    systemd->notify.sun_family = AF_UNIX;
    memcpy(systemd->notify.sun_path, path, len);
    if (path[0] == '@')
        systemd->notify.sun_path[0] = '\0';
    systemd->notify_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static void read_watchdog(struct tg_systemd *systemd)
{
    uint64_t pid = number("WATCHDOG_PID"), us = number("WATCHDOG_USEC");

    if (us != 0 && (pid == 0 || pid == (uint64_t)getpid()))
        systemd->watchdog_ms = us / 2000 != 0 ? us / 2000 : 1;
}

static void read_sockets(struct tg_systemd *systemd)
{
    uint64_t count = number("LISTEN_FDS");

    if (number("LISTEN_PID") != (uint64_t)getpid() || count > 1024)
        return;
    systemd->sockets = (int)count;
    for (int fd = FIRST; fd < FIRST + systemd->sockets; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void tg_systemd_open(struct tg_systemd *systemd)
{
    static const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
                                        "LISTEN_PID",    "LISTEN_FDS",   "LISTEN_FDNAMES"};

    *systemd = (struct tg_systemd){.sockets = 0};
    read_notify(systemd);
    read_watchdog(systemd);
    read_sockets(systemd);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
}

void tg_systemd_notify(const struct tg_systemd *systemd, const char *lines)
{
    if (systemd->notify_len == 0)
        return;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, lines, strlen(lines), MSG_DONTWAIT | MSG_NOSIGNAL,
                 (const struct sockaddr *)&systemd->notify, systemd->notify_len);
    close(fd);
}

static int is_listening(int fd)
{
    int is = 0;
    socklen_t len = sizeof(is);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is, &len) == 0 && is;
}

/* Padding may differ, and so may the length of a path. */
static int is_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    size_t skip = offsetof(struct sockaddr_un, sun_path);

    if (a->ss_family != b->ss_family)
        return 0;
    if (a->ss_family == AF_UNIX)
        return strncmp((const char *)a + skip, (const char *)b + skip,
                       sizeof(struct sockaddr_un) - skip) == 0;
    return memcmp(a, b, sizeof(*a)) == 0;
}

int tg_systemd_take(const struct tg_systemd *systemd, const struct sockaddr_storage *address,
                    socklen_t len)
{
    struct sockaddr_storage wanted = {.ss_family = AF_UNSPEC};

    memcpy(&wanted, address, len);
    for (int i = FIRST; i < FIRST + systemd->sockets; i++) {
        struct sockaddr_storage found = {.ss_family = AF_UNSPEC};
        socklen_t found_len = sizeof(found);
        if (getsockname(i, (struct sockaddr *)&found, &found_len) != 0 ||
            !is_same(&found, &wanted) || !is_listening(i))
            continue;
        int fd = fcntl(i, F_DUPFD_CLOEXEC, 0);
        if (fd >= 0)
            fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        return fd;
    }
    return -1;
}
