#include "gate/events.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "gate/reload.h"

static void reopen_logs(struct tg_gate *gate)
{
    tg_log_info(&gate->log, NULL, "event=logs_reopened");
    if (gate->access != NULL)
        tg_sink_reopen(gate->access);
}

/* True when it ends us. Under a master it is the master that decides. */
static bool take_signal(struct tg_gate *gate, int signal)
{
    bool is_alone = !tg_link_is_there(&gate->link);

    switch (signal) {
    case SIGUSR1:
        reopen_logs(gate);
        return false;
    case SIGHUP:
        if (is_alone)
            tg_reload_ask(gate->reload, false);
        return false;
    default:
        if (is_alone)
            tg_log_info(&gate->log, NULL, "event=stopping signal=%s", sigabbrev_np(signal));
        else
            tg_link_say(&gate->link, TG_CHANNEL_REPLACE, 0, "signal");
        return is_alone;
    }
}

static bool take_message(struct tg_gate *gate)
{
    struct tg_channel_message message;
    int fd;
    enum tg_channel_state state = tg_channel_receive(gate->link.fd, &message, &fd, false);

    if (fd >= 0)
        close(fd);
    if (state == TG_CHANNEL_NOTHING)
        return false;
    if (state == TG_CHANNEL_CLOSED) {
        tg_link_release(&gate->link);
        tg_log_error(&gate->log, NULL, "event=stopping reason=\"the master is gone\"");
        return true;
    }
    if (message.kind != TG_CHANNEL_RETIRE && message.kind != TG_CHANNEL_STOP)
        return false;
    atomic_store(&gate->link.retired, message.kind == TG_CHANNEL_RETIRE);
    tg_log_info(&gate->log, NULL, "event=stopping pid=%d%s", (int)getpid(),
                message.kind == TG_CHANNEL_RETIRE ? " reason=replaced" : "");
    return true;
}

void tg_events_wait(struct tg_gate *gate, int signals)
{
    struct pollfd fds[2] = {{.fd = signals, .events = POLLIN},
                            {.fd = gate->link.fd, .events = POLLIN}};
    struct signalfd_siginfo signal;

    for (;;) {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents != 0 && take_message(gate))
            return;
        if (fds[0].revents != 0 && read(signals, &signal, sizeof(signal)) == sizeof(signal) &&
            take_signal(gate, (int)signal.ssi_signo))
            return;
    }
}

static void end_at_once(int signal)
{
    (void)signal;
    _exit(EXIT_SUCCESS);
}

int tg_events_open(void)
{
    sigset_t signals;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGQUIT, end_at_once);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC);
}
