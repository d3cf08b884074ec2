#include "gate/pulse.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate/generation.h"
#include "gate/inbound.h"
#include "gate/reload.h"
#include "gate/spare.h"
#include "script/where.h"

enum {
    TICK_MS = 25,
    LATE_NS = 50 * 1000 * 1000,
    ASKED_MS = 5, /* the same, while an answer is waited for */
    SECOND_MS = 1000,
    SETTLED_MS = 60000, /* after the start; then a process may be replaced without a route to bar */
};

struct tg_pulse {
    struct tg_gate *gate;
    pthread_t thread;
    int wake_fd;
    uint64_t second_ms; /* when what is looked at once a second is due */
    uint64_t started_ms;
    bool has_asked;  /* a thread that is stuck: its answer comes soon */
    bool is_too_big; /* it has been said */
    struct tg_spare spare;
};

void tg_pulse_set(struct tg_gate *gate, const struct tg_site *site)
{
    atomic_store(&gate->stuck_ns, site->limits.stuck_ms * UINT64_C(1000000));
    atomic_store(&gate->worker_memory, site->limits.worker_memory);
}

/* ---- in the thread that is looked at */

/* Fills in the route, and where its script begins: a function that ends with a call of C can't be
 * seen while that lasts. A run without a request is one of tg.every. */
static void look_at_route(const struct tg_vm *vm, struct tg_pulse_look *look)
{
    const struct tg_request *request = vm->running->run->context;
    char path[sizeof(look->place)];

    if (request == NULL)
        return;
    const struct tg_inbound *inbound =
        H2O_STRUCT_FROM_MEMBER(const struct tg_inbound, request, request);
    const struct tg_route *route = inbound->route;
    const char *folder = inbound->generation->edition->site->folder;
    stpncpy(look->route, route->pattern, sizeof(look->route) - 1);
    if (request->scripts->line == 0 || strlen(folder) + strlen(route->script) + 2 > sizeof(path))
        return;
    stpcpy(stpcpy(stpcpy(path, folder), "/"), route->script);
    tg_place_write(path, request->scripts->line, look->place, sizeof(look->place));
}

/* Comes when the thread has not been back in its loop for long. What it interrupts is nearly always
 * a call of C that a script has made: only what such a call leaves alone is looked at. */
static void on_look(int number, siginfo_t *info, void *context)
{
    struct tg_worker *worker = info->si_value.sival_ptr;
    int reason = errno;

    (void)number, (void)context;
    if (info->si_code != SI_QUEUE || info->si_pid != getpid())
        return;
    struct tg_pulse_look *look = &worker->look;
    if (atomic_load(&look->answered)) /* acquires: the last answer has been read */
        return;
    struct tg_vm *vm = tg_generation_running(worker);
    look->route[0] = look->place[0] = '\0';
    if (vm != NULL) {
        look_at_route(vm, look);
        if (atomic_load(&look->is_stuck))
            tg_vm_where(vm, look->place, sizeof(look->place));
        else
            tg_vm_ask_where(vm, look->place, sizeof(look->place));
    }
    atomic_store(&look->answered, true);
    errno = reason;
}

/* ---- in the thread that looks */

static uint64_t cpu_of(const struct tg_worker *worker, uint64_t otherwise)
{
    struct timespec used;
    clockid_t clock;

    if (pthread_getcpuclockid(worker->thread, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return otherwise;
    return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

static void ask(struct tg_worker *worker)
{
    union sigval value = {.sival_ptr = worker};

    atomic_store(&worker->look.answered, false);
    pthread_sigqueue(worker->thread, SIGUSR2, value);
}

static void log_look(struct tg_worker *worker, enum tg_log_level level, const char *event,
                     uint64_t ns)
{
    struct tg_pulse_look *look = &worker->look;
    struct tg_buffer line = {.limit = 4096};
    bool known = atomic_load(&look->answered);

    tg_log_field(&line, "event", tg_text_of(event));
    tg_buffer_printf(&line, " worker=%u ms=%llu", worker->index,
                     (unsigned long long)(ns / 1000000));
    if (known && look->route[0] != '\0')
        tg_log_field(&line, "route", tg_text_of(look->route));
    if (known && look->place[0] != '\0')
        tg_log_field(&line, "at", tg_text_of(look->place));
    tg_log_fields(&worker->gate->log, level, NULL, &line);
    tg_buffer_dispose(&line);
}

/* The thread is back: what it was at is known by now. */
static void end_episode(struct tg_worker *worker)
{
    struct tg_pulse_look *look = &worker->look;

    if (look->late)
        log_look(worker, TG_LOG_WARN, atomic_load(&look->is_stuck) ? "thread_back" : "late",
                 look->used_ns);
    look->late = look->told = false;
    atomic_store(&look->is_stuck, false);
}

/* Nobody gets to that script any more, here or in the process that is to replace this one. */
static void give_up(struct tg_pulse *pulse, struct tg_worker *worker)
{
    struct tg_pulse_look *look = &worker->look;
    struct tg_gate *gate = pulse->gate;
    char text[TG_CHANNEL_TEXT];

    look->told = true;
    log_look(worker, TG_LOG_ERROR, "thread_stuck", look->used_ns);
    if (look->route[0] != '\0') {
        tg_reload_bar(gate->reload, look->route, look->place);
        snprintf(text, sizeof(text), "%s\t%s", look->route, look->place);
        tg_link_say(&gate->link, TG_CHANNEL_BAR, 0, text);
    } else if (tg_clock_monotonic_ms() < pulse->started_ms + SETTLED_MS) {
        return;
    }
    tg_link_say(&gate->link, TG_CHANNEL_REPLACE, 0, "thread_stuck");
}

static void look_at(struct tg_pulse *pulse, struct tg_worker *worker)
{
    struct tg_pulse_look *look = &worker->look;
    uint64_t turns = atomic_load_explicit(&look->turns, memory_order_acquire);

    if (turns != look->seen) {
        end_episode(worker);
        pulse->has_asked = false;
        look->seen = turns;
        look->begun_ns = cpu_of(worker, look->begun_ns);
        return;
    }
    uint64_t used = cpu_of(worker, look->begun_ns) - look->begun_ns;
    look->used_ns = used;
    if (used < LATE_NS)
        return;
    bool is_stuck = atomic_load(&look->is_stuck);
    if (!look->late) {
        look->late = true;
        ask(worker);
    } else if (!is_stuck && used > atomic_load(&pulse->gate->stuck_ns)) {
        atomic_store(&look->is_stuck, true);
        pulse->has_asked = true;
        ask(worker);
    } else if (is_stuck && !look->told && atomic_load(&look->answered)) {
        pulse->has_asked = false;
        give_up(pulse, worker);
    }
}

static void look_at_memory(struct tg_pulse *pulse, uint64_t now_ms)
{
    struct tg_gate *gate = pulse->gate;
    size_t most = atomic_load(&gate->worker_memory), now = 0;

    tg_spare_look(&pulse->spare, now_ms);
    if (most != 0)
        now = tg_spare_resident(&pulse->spare, most, now_ms);
    if (now <= most) {
        pulse->is_too_big = false;
        return;
    }
    if (pulse->is_too_big)
        return;
    pulse->is_too_big = true;
    tg_log_warn(&gate->log, NULL, "event=worker_memory bytes=%zu most=%zu", now, most);
    tg_link_say(&gate->link, TG_CHANNEL_REPLACE, 0, "worker_memory");
}

/* The service manager, or the master, which tells it, hears of us while a thread goes on. */
static void show_life(struct tg_pulse *pulse)
{
    const struct tg_gate *gate = pulse->gate;

    for (unsigned i = 0; i < gate->site->workers; i++)
        if (gate->workers[i].started && !atomic_load(&gate->workers[i].look.is_stuck)) {
            tg_link_say(&gate->link, TG_CHANNEL_ALIVE, 0, "");
            if (gate->link.systemd.watchdog_ms != 0)
                tg_systemd_notify(&gate->link.systemd, "WATCHDOG=1");
            return;
        }
}

static uint64_t life_ms(const struct tg_gate *gate)
{
    uint64_t wanted = gate->link.systemd.watchdog_ms;

    return wanted != 0 && wanted < SECOND_MS ? wanted : SECOND_MS;
}

static void *run(void *argument)
{
    struct tg_pulse *pulse = argument;
    struct tg_gate *gate = pulse->gate;
    struct pollfd wake = {.fd = pulse->wake_fd, .events = POLLIN};

    while (poll(&wake, 1, pulse->has_asked ? ASKED_MS : TICK_MS) <= 0) {
        for (unsigned i = 0; i < gate->site->workers; i++)
            if (gate->workers[i].started)
                look_at(pulse, &gate->workers[i]);
        uint64_t now_ms = tg_clock_monotonic_ms();
        if (now_ms < pulse->second_ms)
            continue;
        pulse->second_ms = now_ms + life_ms(gate);
        show_life(pulse);
        look_at_memory(pulse, now_ms);
    }
    return NULL;
}

static void listen_for_looks(void)
{
    struct sigaction action = {.sa_sigaction = on_look, .sa_flags = SA_SIGINFO | SA_RESTART};

    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR2, &action, NULL);
}

struct tg_pulse *tg_pulse_start(struct tg_gate *gate)
{
    struct tg_pulse *pulse = calloc(1, sizeof(*pulse));

    assert(pulse != NULL);
    *pulse = (struct tg_pulse){.gate = gate, .started_ms = tg_clock_monotonic_ms()};
    tg_spare_init(&pulse->spare, pulse->started_ms);
    pulse->wake_fd = eventfd(0, EFD_CLOEXEC);
    listen_for_looks();
    if (pulse->wake_fd >= 0 && pthread_create(&pulse->thread, NULL, run, pulse) == 0)
        return pulse;
    if (pulse->wake_fd >= 0)
        close(pulse->wake_fd);
    free(pulse);
    return NULL;
}

void tg_pulse_stop(struct tg_pulse *pulse)
{
    if (pulse == NULL)
        return;
    eventfd_write(pulse->wake_fd, 1);
    pthread_join(pulse->thread, NULL);
    close(pulse->wake_fd);
    free(pulse);
}
