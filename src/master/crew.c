#include "master/crew.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/channel.h"
#include "base/clock.h"

enum {
    START_MS = 60000, /* for a worker to get ready */
    LEAVE_MS = 6000,  /* beyond its time to drain */
};

void tg_crew_init(struct tg_crew *crew)
{
    for (size_t i = 0; i < TG_CREW; i++)
        crew->list[i] = (struct tg_child){.channel = -1};
}

/* ---- who is there */

struct tg_child *tg_crew_find(struct tg_crew *crew, enum tg_child_state state)
{
    for (size_t i = 0; i < TG_CREW; i++)
        if (crew->list[i].state == state)
            return &crew->list[i];
    return NULL;
}

bool tg_crew_is_empty(struct tg_crew *crew)
{
    return tg_crew_find(crew, TG_CHILD_STARTING) == NULL &&
           tg_crew_find(crew, TG_CHILD_SERVING) == NULL &&
           tg_crew_find(crew, TG_CHILD_LEAVING) == NULL;
}

struct tg_child *tg_crew_by_pid(struct tg_crew *crew, pid_t pid)
{
    for (size_t i = 0; i < TG_CREW; i++)
        if (crew->list[i].state != TG_CHILD_NONE && crew->list[i].pid == pid)
            return &crew->list[i];
    return NULL;
}

struct tg_child *tg_crew_place(struct tg_crew *crew)
{
    struct tg_child *place = tg_crew_find(crew, TG_CHILD_NONE), *oldest = NULL;

    if (place != NULL)
        return place;
    for (size_t i = 0; i < TG_CREW; i++)
        if (crew->list[i].state == TG_CHILD_LEAVING &&
            (oldest == NULL || crew->list[i].since_ms < oldest->since_ms))
            oldest = &crew->list[i];
    if (oldest != NULL)
        kill(oldest->pid, SIGKILL);
    return NULL;
}

/* ---- telling them */

void tg_crew_tell(struct tg_child *child, enum tg_channel_kind kind)
{
    struct tg_channel_message message = {.kind = kind};

    child->state = TG_CHILD_LEAVING;
    child->since_ms = tg_clock_monotonic_ms();
    if (child->channel < 0 || !tg_channel_send(child->channel, &message, -1))
        kill(child->pid, SIGKILL); /* it has not read a word for long */
}

void tg_crew_kill(struct tg_crew *crew)
{
    for (size_t i = 0; i < TG_CREW; i++)
        if (crew->list[i].state != TG_CHILD_NONE)
            kill(crew->list[i].pid, SIGKILL);
}

void tg_crew_signal(struct tg_crew *crew, int signal)
{
    for (size_t i = 0; i < TG_CREW; i++)
        if (crew->list[i].state == TG_CHILD_SERVING)
            kill(crew->list[i].pid, signal);
}

/* ---- their time */

/* When a worker should be ready, or gone; 0: it may stay. */
static uint64_t deadline_of(const struct tg_child *child)
{
    if (child->state == TG_CHILD_STARTING)
        return child->since_ms + START_MS;
    return child->state == TG_CHILD_LEAVING ? child->since_ms + child->drain_ms + LEAVE_MS : 0;
}

void tg_crew_kill_late(struct tg_crew *crew, const struct tg_log *log, uint64_t now_ms)
{
    for (size_t i = 0; i < TG_CREW; i++) {
        struct tg_child *child = &crew->list[i];
        uint64_t deadline_ms = deadline_of(child);
        if (deadline_ms == 0 || now_ms < deadline_ms)
            continue;
        tg_log_error(log, NULL, "event=worker_killed pid=%d reason=\"it took too long\"",
                     (int)child->pid);
        kill(child->pid, SIGKILL);
        child->since_ms = now_ms;
    }
}

uint64_t tg_crew_deadline(const struct tg_crew *crew)
{
    uint64_t first_ms = UINT64_MAX;

    for (size_t i = 0; i < TG_CREW; i++) {
        uint64_t deadline_ms = deadline_of(&crew->list[i]);
        if (deadline_ms != 0 && deadline_ms < first_ms)
            first_ms = deadline_ms;
    }
    return first_ms;
}

/* ---- their ends */

void tg_crew_log_end(const struct tg_log *log, const struct tg_child *child, int how)
{
    bool was_killed = WIFSIGNALED(how), was_asked = child->state == TG_CHILD_LEAVING;
    int number = was_killed ? WTERMSIG(how) : WEXITSTATUS(how);
    const char *word = was_killed ? "signal" : "status";

    if (was_asked && !was_killed && number == 0)
        tg_log_info(log, NULL, "event=worker_ended pid=%d", (int)child->pid);
    else if (was_asked)
        tg_log_warn(log, NULL, "event=worker_ended pid=%d %s=%d", (int)child->pid, word, number);
    else
        tg_log_error(log, NULL, "event=%s pid=%d %s=%d",
                     child->state == TG_CHILD_STARTING ? "worker_failed" : "worker_died",
                     (int)child->pid, word, number);
}
