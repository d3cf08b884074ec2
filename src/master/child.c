#include "master/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/clock.h"

enum { WORDS = 64 };

/* The path under which this program was started: after an upgrade the new one stands there. */
static void find_program(char path[PATH_MAX])
{
    static const char gone[] = " (deleted)";
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

    path[n > 0 ? n : 0] = '\0';
    char *mark = strstr(path, gone);
    if (mark != NULL && mark[sizeof(gone) - 1] == '\0')
        *mark = '\0';
}

/* In the child: becomes the worker, or ends. When nothing stands at the path any more it is what
 * the master itself runs. */
static void become(char *const words[], const char *barred, int channel)
{
    char path[PATH_MAX], text[32], *argv[WORDS + 2] = {"tidegate: worker"};
    sigset_t none;

    for (size_t i = 0; words[i] != NULL; i++) {
        assert(i < WORDS);
        argv[i + 1] = words[i];
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    fcntl(channel, F_SETFD, 0);
    snprintf(text, sizeof(text), "%d:%d", TG_CHANNEL_VERSION, channel);
    setenv(TG_CHANNEL_VARIABLE, text, 1);
    if (barred[0] != '\0')
        setenv(TG_CHANNEL_BARRED, barred, 1);
    find_program(path);
    execv(path, argv);
    execv("/proc/self/exe", argv);
    fprintf(stderr, "tidegate: %s can't be started: %s\n", path, strerror(errno));
    _exit(127);
}

bool tg_child_start(struct tg_child *child, char *const words[], const char *barred)
{
    uint64_t now_ms = tg_clock_monotonic_ms();
    int ends[2];

    if (!tg_channel_create(ends))
        return false;
    pid_t pid = fork();
    if (pid == 0)
        become(words, barred, ends[1]);
    int reason = errno;
    close(ends[1]);
    if (pid > 0) {
        *child = (struct tg_child){.state = TG_CHILD_STARTING,
                                   .pid = pid,
                                   .channel = ends[0],
                                   .since_ms = now_ms,
                                   .alive_ms = now_ms};
        return true;
    }
    close(ends[0]);
    errno = reason;
    return false;
}

void tg_child_forget(struct tg_child *child)
{
    if (child->channel >= 0)
        close(child->channel);
    *child = (struct tg_child){.channel = -1};
}
