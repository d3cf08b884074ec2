#include "master/master.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/clock.h"
#include "base/log.h"
#include "master/crew.h"
#include "master/sockets.h"

enum {
    STATUS_FAILED = 1,
    PATIENCE_MS = 400, /* at the start, for an address that is in use */
    YOUNG_MS = 500,    /* who ends that soon after it was ready has died at its start */
    DELAY_MS = 100,    /* before another one is tried then; doubled each time, up to */
    DELAY_MOST_MS = 5000,
    BARRED_MOST = 16384,
};

struct master {
    char *const *words;
    struct tg_log log;
    struct tg_systemd systemd;
    struct tg_sockets sockets;
    struct tg_crew crew;
    struct tg_buffer barred; /* routes, a line each */
    int signals;
    uint64_t start_ms;    /* when a worker is to be started; 0: none is */
    uint64_t delay_ms;    /* before the next one that dies at its start is replaced; or 0 */
    uint64_t watchdog_ms; /* when the service manager is told next */
    bool again;           /* another one is wanted as soon as the one that starts is ready */
    bool has_served, ending;
    bool is_renewing; /* the service manager has been told so, and not that it is over */
    int status;
};

/* ---- telling the workers */

static void end_all(struct master *master, const char *why)
{
    if (master->ending)
        return;
    tg_log_info(&master->log, NULL, "event=stopping master=%d reason=%s", (int)getpid(), why);
    tg_systemd_notify(&master->systemd, "STOPPING=1");
    master->ending = true;
    master->start_ms = 0;
    for (size_t i = 0; i < TG_CREW; i++) {
        struct tg_child *child = &master->crew.list[i];
        if (child->state == TG_CHILD_STARTING || child->state == TG_CHILD_SERVING)
            tg_crew_tell(child, TG_CHANNEL_STOP);
    }
}

/* ---- starting them */

static void start(struct master *master)
{
    struct tg_child *child = tg_crew_place(&master->crew);

    master->start_ms = 0;
    tg_buffer_put(&master->barred, '\0');
    if (child == NULL || !tg_child_start(child, master->words, master->barred.base)) {
        tg_log_error(&master->log, NULL, "event=worker_not_started errno=%d",
                     child != NULL ? errno : 0);
        master->start_ms = tg_clock_monotonic_ms() + DELAY_MS;
    }
    master->barred.len--;
}

/* Wants a new worker; one that is being started may have read what has changed since. */
static void want(struct master *master)
{
    if (master->ending)
        return;
    if (tg_crew_find(&master->crew, TG_CHILD_STARTING) != NULL)
        master->again = true;
    else
        master->start_ms = tg_clock_monotonic_ms();
}

/* Wants one in the place of one that has died; soon, unless they die as soon as they are there. */
static void want_later(struct master *master, bool died_young)
{
    if (!died_young)
        master->delay_ms = 0;
    master->start_ms = tg_clock_monotonic_ms() + master->delay_ms;
    if (died_young)
        master->delay_ms = master->delay_ms == 0 ? DELAY_MS : master->delay_ms * 2;
    if (master->delay_ms > DELAY_MOST_MS)
        master->delay_ms = DELAY_MOST_MS;
}

/* ---- what they say */

static void answer_want(struct master *master, struct tg_child *child,
                        struct tg_channel_message *message)
{
    socklen_t len = message->address_len;
    const struct tg_listening *found = NULL;

    errno = EINVAL;
    if (len <= sizeof(message->address))
        found = tg_sockets_get(&master->sockets, &master->systemd, &message->address, len,
                               child->pid, master->has_served ? 0 : PATIENCE_MS);
    struct tg_channel_message answer = {.kind = TG_CHANNEL_SOCKET, .number = errno};
    if (found != NULL)
        answer.number = found->is_lent;
    tg_channel_send(child->channel, &answer, found != NULL ? found->fd : -1);
}

static void say_ready(struct master *master)
{
    tg_systemd_notify(&master->systemd, "READY=1");
    master->is_renewing = false;
}

/* From now on it is the one; whoever served until now drains. */
static void take_over(struct master *master, struct tg_child *child)
{
    struct tg_child *before = tg_crew_find(&master->crew, TG_CHILD_SERVING);

    if (child->state != TG_CHILD_STARTING)
        return;
    child->state = TG_CHILD_SERVING;
    child->since_ms = child->alive_ms;
    if (master->has_served)
        tg_log_info(&master->log, NULL, "event=worker_ready pid=%d", (int)child->pid);
    if (before != NULL)
        tg_crew_tell(before, TG_CHANNEL_RETIRE);
    tg_sockets_keep(&master->sockets, child->pid);
    if (!master->has_served || (master->is_renewing && !master->again))
        say_ready(master);
    master->has_served = true;
    if (master->again)
        master->start_ms = child->alive_ms;
    master->again = false;
}

/* The route is not served until the site is read anew; the worker that is stuck is replaced. */
static void bar(struct master *master, const char *route)
{
    struct tg_buffer line = {.limit = TG_CHANNEL_TEXT + 1};

    tg_buffer_printf(&line, "%s\n", route);
    bool is_there = master->barred.len != 0 &&
                    memmem(master->barred.base, master->barred.len, line.base, line.len) != NULL;
    if (!is_there && master->barred.len + line.len <= BARRED_MOST)
        tg_buffer_append(&master->barred, line.base, line.len);
    tg_buffer_dispose(&line);
}

static void take_message(struct master *master, struct tg_child *child,
                         struct tg_channel_message *message)
{
    child->alive_ms = tg_clock_monotonic_ms();
    switch (message->kind) {
    case TG_CHANNEL_WANT:
        answer_want(master, child, message);
        break;
    case TG_CHANNEL_READY:
        child->drain_ms = (uint32_t)message->number;
        take_over(master, child);
        break;
    case TG_CHANNEL_ALIVE:
        break;
    case TG_CHANNEL_REPLACE:
        if (child->state == TG_CHILD_SERVING)
            want(master);
        break;
    case TG_CHANNEL_BAR:
        bar(master, message->text);
        break;
    case TG_CHANNEL_RELOADED:
        if (child->state == TG_CHILD_SERVING)
            tg_buffer_clear(&master->barred, BARRED_MOST);
        break;
    case TG_CHANNEL_END:
        end_all(master, "asked");
        break;
    case TG_CHANNEL_SOCKET:
    case TG_CHANNEL_RETIRE:
    case TG_CHANNEL_STOP:
        break; /* ours to say */
    }
}

static void listen_to(struct master *master, struct tg_child *child)
{
    struct tg_channel_message message;
    enum tg_channel_state state;
    int passed;

    while ((state = tg_channel_receive(child->channel, &message, &passed, false)) ==
           TG_CHANNEL_MESSAGE) {
        if (passed >= 0)
            close(passed);
        take_message(master, child, &message);
    }
    if (state == TG_CHANNEL_NOTHING)
        return;
    close(child->channel); /* its end will be told by a signal */
    child->channel = -1;
}

/* ---- their ends */

static void on_end(struct master *master, struct tg_child *child, int how)
{
    enum tg_child_state state = child->state;
    bool is_young =
        state == TG_CHILD_STARTING || tg_clock_monotonic_ms() < child->since_ms + YOUNG_MS;

    if (child->channel >= 0)
        listen_to(master, child);
    if (state == TG_CHILD_STARTING && !master->has_served) {
        master->status = STATUS_FAILED; /* it has said why */
        master->ending = true;
    } else {
        tg_crew_log_end(&master->log, child, how);
    }
    tg_child_forget(child);
    if (master->ending || state == TG_CHILD_LEAVING)
        return;
    if (state == TG_CHILD_STARTING && tg_crew_find(&master->crew, TG_CHILD_SERVING) != NULL) {
        if (master->is_renewing && !master->again)
            say_ready(master); /* by the one before */
        tg_sockets_forget(&master->sockets);
        if (master->again)
            master->start_ms = tg_clock_monotonic_ms();
        master->again = false;
    } else if (tg_crew_find(&master->crew, TG_CHILD_STARTING) == NULL) {
        want_later(master, is_young);
    }
}

static void reap(struct master *master)
{
    int how;

    for (pid_t pid; (pid = waitpid(-1, &how, WNOHANG)) > 0;) {
        struct tg_child *child = tg_crew_by_pid(&master->crew, pid);
        if (child != NULL)
            on_end(master, child, how);
    }
}

/* ---- signals */

/* It reads the site: what was barred is served again. */
static void renew(struct master *master)
{
    char text[64];

    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
             (unsigned long long)(tg_clock_monotonic_ns() / 1000));
    tg_systemd_notify(&master->systemd, text);
    master->is_renewing = true;
    tg_buffer_clear(&master->barred, BARRED_MOST);
    want(master);
}

static void take_signals(struct master *master)
{
    struct signalfd_siginfo signal;

    while (read(master->signals, &signal, sizeof(signal)) == sizeof(signal)) {
        switch (signal.ssi_signo) {
        case SIGCHLD:
            reap(master);
            break;
        case SIGHUP:
            renew(master);
            break;
        case SIGUSR1:
            tg_crew_signal(&master->crew, SIGUSR1);
            break;
        case SIGQUIT:
            master->ending = true;
            tg_crew_kill(&master->crew);
            break;
        default:
            if (master->ending)
                tg_crew_kill(&master->crew);
            end_all(master, sigabbrev_np((int)signal.ssi_signo));
        }
    }
}

static int block_signals(void)
{
    static const int taken[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGCHLD};
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        sigaddset(&set, taken[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- the loop */

/* The service manager hears of us as long as the worker that serves is heard of. */
static void pat_watchdog(struct master *master, uint64_t now_ms)
{
    const struct tg_child *serving = tg_crew_find(&master->crew, TG_CHILD_SERVING);
    uint64_t every_ms = master->systemd.watchdog_ms;

    if (every_ms == 0 || now_ms < master->watchdog_ms)
        return;
    master->watchdog_ms = now_ms + every_ms;
    if (serving == NULL || now_ms - serving->alive_ms < every_ms + 1500)
        tg_systemd_notify(&master->systemd, "WATCHDOG=1");
}

static int wait_of(const struct master *master)
{
    uint64_t now_ms = tg_clock_monotonic_ms(), until_ms = tg_crew_deadline(&master->crew);

    if (master->start_ms != 0 && master->start_ms < until_ms)
        until_ms = master->start_ms;
    if (master->systemd.watchdog_ms != 0 && master->watchdog_ms < until_ms)
        until_ms = master->watchdog_ms;
    if (until_ms == UINT64_MAX)
        return -1;
    return until_ms > now_ms ? (int)(until_ms - now_ms) : 0;
}

static void turn(struct master *master)
{
    struct pollfd fds[TG_CREW + 1] = {{.fd = master->signals, .events = POLLIN}};

    for (size_t i = 0; i < TG_CREW; i++)
        fds[i + 1] = (struct pollfd){.fd = master->crew.list[i].channel, .events = POLLIN};
    if (poll(fds, TG_CREW + 1, wait_of(master)) < 0)
        return;
    for (size_t i = 0; i < TG_CREW; i++)
        if (fds[i + 1].revents != 0)
            listen_to(master, &master->crew.list[i]);
    take_signals(master);
    uint64_t now_ms = tg_clock_monotonic_ms();
    pat_watchdog(master, now_ms);
    tg_crew_kill_late(&master->crew, &master->log, now_ms);
    if (master->start_ms != 0 && now_ms >= master->start_ms)
        start(master);
}

static void serve(struct master *master)
{
    tg_crew_init(&master->crew);
    start(master);
    while (!master->ending || !tg_crew_is_empty(&master->crew))
        turn(master);
    tg_sockets_keep(&master->sockets, 0);
    if (master->has_served)
        tg_log_info(&master->log, NULL, "event=stopped master=%d", (int)getpid());
}

int tg_master_run(char *const words[])
{
    struct tg_sink_options errors = {.fd = STDERR_FILENO, .direct = true};
    struct master master = {.words = words};

    tg_systemd_open(&master.systemd);
    master.log = (struct tg_log){.sink = tg_sink_create(&errors), .level = TG_LOG_INFO};
    master.signals = block_signals();
    if (master.log.sink == NULL || master.signals < 0) {
        fprintf(stderr, "tidegate: no descriptors are left\n");
        return STATUS_FAILED;
    }
    serve(&master);
    close(master.signals);
    tg_buffer_dispose(&master.barred);
    tg_sink_destroy(master.log.sink);
    return master.status;
}
