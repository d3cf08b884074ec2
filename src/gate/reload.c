#include "gate/reload.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate/attempt.h"
#include "gate/changes.h"
#include "gate/folder.h"
#include "gate/generation.h"
#include "gate/guard.h"
#include "gate/history.h"
#include "gate/proof.h"
#include "gate/pulse.h"
#include "gate/trial.h"
#include "gate/worker.h"

enum {
    QUIET_MS = 100, /* without a change, before a burst of them is over */
    BURST_MS = 1000,
    PROBATION_STEP_MS = 200,
    LAST_MS = 1000, /* then most requests of the generation before have ended, and it with them */
    PROBLEMS_MOST = 1048576,
    STACK_BYTES = 64 * 1024 * 1024, /* it runs scripts, too: see gate/worker.c */
};

struct tg_reload {
    struct tg_gate *gate;
    struct tg_edition *edition; /* the one that is served; written under the lock */
    struct tg_edition *before;  /* while the edition is on probation: the one before it; or NULL */
    uint64_t probation_ms;      /* when that ends */
    uint64_t trim_ms;           /* when memory is to be given back; 0: it has been */
    struct tg_history history;
    struct tg_folder *folder; /* NULL: it is not watched */
    pthread_t thread;
    bool started;
    int wake_fd;
    sem_t adopted;
    _Atomic bool stopping, over;
    pthread_mutex_t lock; /* for what follows */
    bool wants_back;
    uint64_t asked, done; /* tickets */
    bool well;            /* how `done` went */
    struct tg_buffer result;
};

struct tg_reload *tg_reload_create(struct tg_gate *gate, bool watch)
{
    struct tg_reload *reload = calloc(1, sizeof(*reload));

    assert(reload != NULL);
    reload->gate = gate;
    reload->edition = tg_edition_hold(gate->first);
    pthread_mutex_init(&reload->lock, NULL);
    sem_init(&reload->adopted, 0, 0);
    reload->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (watch)
        reload->folder = tg_folder_watch(gate->site->folder);
    if (reload->wake_fd >= 0 && (!watch || reload->folder != NULL))
        return reload;
    int reason = errno;
    tg_reload_destroy(reload);
    errno = reason;
    return NULL;
}

/* ---- one reload */

static struct tg_edition *read_edition(struct tg_reload *reload, struct tg_attempt *attempt)
{
    const struct tg_gate *gate = reload->gate;

    if (attempt->files == NULL) {
        tg_buffer_printf(&attempt->problems, "nothing else was served before\n");
        return NULL;
    }
    struct tg_site *site = tg_site_read(gate->site->folder, attempt->files, &attempt->problems);

    if (site == NULL)
        return NULL;
    if (gate->port >= 0)
        site->listens[0].port = (uint16_t)gate->port;
    tg_changes_warn(gate->site, site, &attempt->warnings);
    struct tg_edition *edition =
        tg_edition_create(site, gate->log.sink, gate->site->workers, reload->edition->number + 1);
    tg_edition_inherit(edition, reload->edition);
    return edition;
}

/* The specs of what is on the disk; what was served before passed them in its time. */
static bool prove(struct tg_reload *reload, struct tg_attempt *attempt)
{
    const struct tg_site *site = attempt->edition->site;

    return site->specs_ms == 0 || attempt->back ||
           tg_proof_run(site->folder, site->specs_ms, &reload->stopping, &attempt->problems);
}

/* What is wrong with a script is wrong in every thread: the first one says it. */
static bool build(struct tg_reload *reload, struct tg_attempt *attempt)
{
    struct tg_gate *gate = reload->gate;

    attempt->edition = read_edition(reload, attempt);
    if (attempt->edition == NULL || !tg_trial_check(attempt->edition, &attempt->problems))
        return false;
    if (!attempt->back && !tg_trial_run(attempt->edition, &attempt->problems))
        return false;
    for (unsigned i = 0; i < gate->site->workers; i++) {
        attempt->generations[i] =
            tg_generation_create(&gate->workers[i], attempt->edition, &attempt->problems);
        if (attempt->generations[i] == NULL)
            return false;
    }
    return prove(reload, attempt);
}

/* Nothing of it can fail; a worker that is stuck in a script takes its own when it is not. */
static void hand_over(struct tg_reload *reload, struct tg_attempt *attempt)
{
    struct tg_gate *gate = reload->gate;
    unsigned count = gate->site->workers, told = 0;

    tg_pulse_set(gate, attempt->edition->site);
    atomic_store(&gate->drain_ms, attempt->edition->site->drain_ms);
    __atomic_store_n(&gate->config.max_request_entity_size, attempt->edition->site->body_limit + 1,
                     __ATOMIC_RELAXED);
    tg_cache_resize(gate->cache, attempt->edition->site->cache_memory,
                    attempt->edition->site->cache_object);
    for (unsigned i = 0; i < count; i++) {
        if (!gate->workers[i].started)
            continue;
        told++;
        atomic_store(&gate->workers[i].upcoming, attempt->generations[i]);
        attempt->generations[i] = NULL;
        tg_worker_wake(&gate->workers[i]);
    }
    while (told != 0 && !atomic_load(&reload->stopping))
        if (sem_wait(&reload->adopted) == 0)
            told--;
}

void tg_reload_adopted(struct tg_reload *reload)
{
    sem_post(&reload->adopted);
}

static void tell(struct tg_reload *reload, uint64_t ticket, bool well, struct tg_buffer *result)
{
    pthread_mutex_lock(&reload->lock);
    tg_buffer_dispose(&reload->result);
    reload->result = *result;
    reload->well = well;
    reload->done = ticket;
    pthread_mutex_unlock(&reload->lock);
    tg_worker_wake(&reload->gate->workers[0]);
}

static void discard(struct tg_reload *reload, struct tg_attempt *attempt)
{
    for (unsigned i = 0; i < reload->gate->site->workers; i++)
        if (attempt->generations[i] != NULL)
            tg_generation_destroy(attempt->generations[i]);
    free(attempt->generations);
    if (attempt->edition != NULL)
        tg_edition_release(attempt->edition);
    if (attempt->files != NULL)
        tg_files_release(attempt->files);
    tg_buffer_dispose(&attempt->problems);
    tg_buffer_dispose(&attempt->warnings);
}

static void end_probation(struct tg_reload *reload)
{
    if (reload->before != NULL)
        tg_edition_release(reload->before);
    reload->before = NULL;
}

/* What was served until now is remembered, unless it is gone back from. */
static void succeed(struct tg_reload *reload, struct tg_attempt *attempt)
{
    struct tg_edition *before = reload->edition, *now = attempt->edition;

    attempt->edition = NULL;
    pthread_mutex_lock(&reload->lock);
    reload->edition = now;
    pthread_mutex_unlock(&reload->lock);
    tg_link_say(&reload->gate->link, TG_CHANNEL_RELOADED, 0, "");
    tg_link_say(&reload->gate->link, TG_CHANNEL_READY, (int32_t)now->site->drain_ms, "");
    end_probation(reload);
    if (!attempt->back && !tg_files_equal(before->site->files, now->site->files)) {
        tg_history_push(&reload->history, before->site->files);
        if (now->site->guard_ms != 0) {
            reload->before = tg_edition_hold(before);
            reload->probation_ms = tg_clock_monotonic_ms() + now->site->guard_ms;
        }
    }
    tg_edition_release(before);
}

static void reload_once(struct tg_reload *reload)
{
    struct tg_attempt attempt = {
        .generations = calloc(reload->gate->site->workers, sizeof(*attempt.generations)),
        .problems = {.limit = PROBLEMS_MOST},
        .warnings = {.limit = PROBLEMS_MOST},
        .begun_ns = tg_clock_monotonic_ns(),
    };
    struct tg_buffer result = {.limit = 0};

    assert(attempt.generations != NULL);
    tg_buffer_reserve(&attempt.problems, 1);
    tg_buffer_reserve(&attempt.warnings, 1);
    pthread_mutex_lock(&reload->lock);
    uint64_t ticket = reload->asked;
    attempt.back = reload->wants_back;
    reload->wants_back = false;
    pthread_mutex_unlock(&reload->lock);
    attempt.files = attempt.back ? tg_history_pop(&reload->history) : tg_files_create();
    bool well = build(reload, &attempt);
    if (well)
        hand_over(reload, &attempt);
    tg_attempt_report(&attempt, reload->edition, well, &result);
    if (well)
        succeed(reload, &attempt);
    else if (attempt.back && attempt.files != NULL)
        tg_history_push(&reload->history, attempt.files);
    discard(reload, &attempt);
    malloc_trim(0); /* what the generation before the last one held */
    reload->trim_ms = tg_clock_monotonic_ms() + LAST_MS;
    tell(reload, ticket, well, &result);
}

/* ---- the thread */

/* How long poll may sleep: until the first of what is to come; 0: that does not come. */
static int wait_of(const struct tg_reload *reload, uint64_t due_ms, uint64_t now_ms)
{
    uint64_t until = reload->before != NULL ? now_ms + PROBATION_STEP_MS : UINT64_MAX;

    if (due_ms != 0 && due_ms < until)
        until = due_ms;
    if (reload->trim_ms != 0 && reload->trim_ms < until)
        until = reload->trim_ms;
    if (until == UINT64_MAX)
        return -1;
    return until > now_ms ? (int)(until - now_ms) : 0;
}

/* Gives back what the generation before the new one held. */
static void trim(struct tg_reload *reload, uint64_t now_ms)
{
    if (reload->trim_ms == 0 || now_ms < reload->trim_ms)
        return;
    reload->trim_ms = 0;
    malloc_trim(0);
}

/* Asks to go back when the edition on probation does not do well. */
static void look_at_probation(struct tg_reload *reload, uint64_t now_ms)
{
    const struct tg_edition *now = reload->edition;

    if (reload->before == NULL)
        return;
    if (tg_guard_trips(now, reload->before, reload->gate->site->workers, now->site->guard_errors)) {
        tg_log_error(&now->log, NULL, "event=guard generation=%u reason=\"more requests fail\"",
                     now->number);
        end_probation(reload);
        tg_reload_ask(reload, true);
    } else if (now_ms >= reload->probation_ms) {
        end_probation(reload);
    }
}

static void *run(void *argument)
{
    struct tg_reload *reload = argument;
    struct pollfd fds[2] = {{.fd = reload->wake_fd, .events = POLLIN},
                            {.fd = tg_folder_fd(reload->folder), .events = POLLIN}};
    uint64_t first_ms = 0, due_ms = 0; /* of a burst of changes; 0: there is none */

    while (!atomic_load(&reload->stopping)) {
        uint64_t now_ms = tg_clock_monotonic_ns() / 1000000;
        bool is_due = due_ms != 0 && now_ms >= due_ms;
        if (!is_due && poll(fds, 2, wait_of(reload, due_ms, now_ms)) < 0)
            continue;
        now_ms = tg_clock_monotonic_ns() / 1000000;
        look_at_probation(reload, now_ms);
        trim(reload, now_ms);
        if (reload->folder != NULL && tg_folder_changed(reload->folder)) {
            first_ms = due_ms == 0 ? now_ms : first_ms;
            due_ms = now_ms + QUIET_MS;
            due_ms = due_ms < first_ms + BURST_MS ? due_ms : first_ms + BURST_MS;
        }
        eventfd_t times;
        bool is_asked = eventfd_read(reload->wake_fd, &times) == 0;
        if (atomic_load(&reload->stopping) || (!is_asked && (due_ms == 0 || now_ms < due_ms)))
            continue;
        due_ms = 0;
        reload_once(reload);
    }
    atomic_store(&reload->over, true);
    return NULL;
}

void tg_reload_start(struct tg_reload *reload)
{
    pthread_attr_t attributes;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    reload->started = pthread_create(&reload->thread, &attributes, run, reload) == 0;
    pthread_attr_destroy(&attributes);
    if (!reload->started)
        tg_log_error(&reload->gate->log, NULL, "event=thread_failed thread=reload");
}

bool tg_reload_stop(struct tg_reload *reload, uint64_t until_ms)
{
    struct tg_buffer result = {.limit = 0};

    atomic_store(&reload->stopping, true);
    sem_post(&reload->adopted);
    eventfd_write(reload->wake_fd, 1);
    bool well = !reload->started || tg_clock_wait(&reload->over, until_ms);
    if (reload->started && well)
        pthread_join(reload->thread, NULL);
    reload->started = reload->started && !well;
    tg_buffer_printf(&result, "{\"ok\":false,\"problems\":[\"the server is stopping\"]}");
    tell(reload, UINT64_MAX, false, &result);
    return well;
}

void tg_reload_destroy(struct tg_reload *reload)
{
    if (reload->folder != NULL)
        tg_folder_forget(reload->folder);
    if (reload->wake_fd >= 0)
        close(reload->wake_fd);
    end_probation(reload);
    tg_history_dispose(&reload->history);
    tg_edition_release(reload->edition);
    sem_destroy(&reload->adopted);
    pthread_mutex_destroy(&reload->lock);
    tg_buffer_dispose(&reload->result);
    free(reload);
}

/* ---- for the others */

void tg_reload_bar(struct tg_reload *reload, const char *pattern, const char *place)
{
    pthread_mutex_lock(&reload->lock);
    tg_edition_bar(reload->edition, pattern, place);
    pthread_mutex_unlock(&reload->lock);
}

uint64_t tg_reload_ask(struct tg_reload *reload, bool back)
{
    pthread_mutex_lock(&reload->lock);
    reload->wants_back |= back;
    uint64_t ticket = ++reload->asked;
    pthread_mutex_unlock(&reload->lock);
    eventfd_write(reload->wake_fd, 1);
    return ticket;
}

enum tg_reload_state tg_reload_result(struct tg_reload *reload, uint64_t ticket,
                                      struct tg_buffer *out)
{
    enum tg_reload_state state = TG_RELOAD_PENDING;

    pthread_mutex_lock(&reload->lock);
    if (reload->done >= ticket) {
        state = reload->well ? TG_RELOAD_DONE : TG_RELOAD_FAILED;
        tg_buffer_append(out, reload->result.base, reload->result.len);
        tg_buffer_put(out, '\n');
    }
    pthread_mutex_unlock(&reload->lock);
    return state;
}

void tg_reload_last(struct tg_reload *reload, struct tg_buffer *out)
{
    pthread_mutex_lock(&reload->lock);
    if (reload->result.len != 0)
        tg_buffer_append(out, reload->result.base, reload->result.len);
    else
        tg_buffer_printf(out, "null");
    pthread_mutex_unlock(&reload->lock);
}
