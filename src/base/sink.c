#include "base/sink.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    CAPACITY = 1 << 20,
    LINGER_MS = 10,    /* the writer lets lines gather, so that many share one write */
    RETRY_MS = 100,    /* after a full disk or a reader that has gone */
    FLUSH_MS = 1000,   /* how long an end may take */
    PIPE_PIECE = 4096, /* what a pipe that poll calls writable takes without blocking */
};

struct tg_sink {
    pthread_t thread;
    pthread_mutex_t lock;    /* held for a copy, never during a call that may block */
    pthread_cond_t wake;     /* the writer waits for it */
    pthread_cond_t finished; /* destroy waits for it */
    struct tg_buffer front;  /* under the lock: lines that came since the last swap */
    uint64_t lost;           /* under the lock: lines dropped since the last swap */
    bool idle;               /* under the lock: the writer waits for a first line */
    bool lingers;            /* under the lock: it waits for more, but not for half a buffer */
    bool stop;               /* under the lock */
    bool reopen;             /* under the lock */
    bool over;               /* under the lock: the writer has ended */
    uint64_t deadline_ms;    /* under the lock: when a stopping writer gives up */
    _Atomic uint64_t lost_ever;
    struct tg_buffer back; /* the writer's own: what it writes now */
    size_t written;        /* the writer's own: bytes of `back` that are out */
    char *path;
    int fd;
    bool regular; /* a regular file takes any amount at once */
    bool direct;  /* there is no writer */
    tg_sink_say *say;
    void (*take)(void *owner, const char *text, size_t len); /* NULL: there is a thread */
    void *owner;
};

void tg_sink_say_logfmt(struct tg_buffer *line, const struct tg_sink_note *note)
{
    char now[TG_CLOCK_TEXT];

    tg_clock_text(now, tg_clock_wall_ms());
    if (note->lost != 0)
        tg_buffer_printf(line, "time=%s level=warn event=lines_lost count=%llu\n", now,
                         (unsigned long long)note->lost);
    if (note->reopen_errno != 0)
        tg_buffer_printf(line, "time=%s level=warn event=reopen_failed errno=%d\n", now,
                         note->reopen_errno);
}

void tg_sink_say_json(struct tg_buffer *line, const struct tg_sink_note *note)
{
    char now[TG_CLOCK_TEXT];

    tg_clock_text(now, tg_clock_wall_ms());
    if (note->lost != 0)
        tg_buffer_printf(line, "{\"time\":\"%s\",\"event\":\"lines_lost\",\"count\":%llu}\n", now,
                         (unsigned long long)note->lost);
    if (note->reopen_errno != 0)
        tg_buffer_printf(line, "{\"time\":\"%s\",\"event\":\"reopen_failed\",\"errno\":%d}\n", now,
                         note->reopen_errno);
}

/* Waits on `wake` with the lock held, until the time has passed or somebody signals. */
static void wait_ms(struct tg_sink *sink, pthread_cond_t *cond, unsigned ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(cond, &sink->lock, &until);
}

static int open_path(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

static void take_fd(struct tg_sink *sink, int fd)
{
    struct stat status;

    if (sink->fd >= 0)
        close(sink->fd);
    sink->fd = fd;
    sink->regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

/* Goes back to the start of a line half written: the new file gets the whole of it. */
static void rewind_line(struct tg_sink *sink)
{
    while (sink->written > 0 && sink->back.base[sink->written - 1] != '\n')
        sink->written--;
}

static void reopen_now(struct tg_sink *sink)
{
    if (sink->path == NULL)
        return;
    int fd = open_path(sink->path);
    if (fd >= 0) {
        rewind_line(sink);
        take_fd(sink, fd);
        return;
    }
    struct tg_sink_note note = {.reopen_errno = errno, .path = sink->path};
    sink->say(&sink->back, &note);
}

/* One attempt to write some of `back`; false when the file does not take it now. */
static bool write_some(struct tg_sink *sink)
{
    size_t n = sink->back.len - sink->written;

    if (!sink->regular) {
        struct pollfd room = {.fd = sink->fd, .events = POLLOUT};
        if (poll(&room, 1, RETRY_MS) <= 0)
            return true; /* the wait was in the poll */
        if (n > PIPE_PIECE)
            n = PIPE_PIECE;
    }
    ssize_t done = write(sink->fd, sink->back.base + sink->written, n);
    if (done > 0)
        sink->written += (size_t)done;
    return done > 0 || (done < 0 && errno == EINTR);
}

/* Writes `back` out, however long that takes, unless the sink is stopped and its time is up. */
static void write_back(struct tg_sink *sink)
{
    bool taken = true;

    while (sink->written < sink->back.len) {
        pthread_mutex_lock(&sink->lock);
        if (!taken && !sink->stop && !sink->reopen)
            wait_ms(sink, &sink->wake, RETRY_MS);
        else if (!taken && sink->stop)
            wait_ms(sink, &sink->wake, LINGER_MS);
        bool give_up = sink->stop && tg_clock_monotonic_ms() >= sink->deadline_ms;
        bool reopen = sink->reopen;
        sink->reopen = false;
        pthread_mutex_unlock(&sink->lock);
        if (give_up)
            return;
        if (reopen)
            reopen_now(sink);
        taken = write_some(sink);
    }
}

/* Waits for lines and takes them all; false when there are none and there will be none. */
static bool take_lines(struct tg_sink *sink, bool *reopen)
{
    struct tg_sink_note note = {.path = sink->path};

    pthread_mutex_lock(&sink->lock);
    while (sink->front.len == 0 && sink->lost == 0 && !sink->stop && !sink->reopen) {
        sink->idle = true;
        pthread_cond_wait(&sink->wake, &sink->lock);
    }
    sink->idle = false;
    sink->lingers = !sink->stop && !sink->reopen;
    if (sink->lingers && sink->front.len <= sink->front.limit / 2)
        wait_ms(sink, &sink->wake, LINGER_MS);
    sink->lingers = false;
    struct tg_buffer taken = sink->front;
    sink->front = sink->back;
    sink->back = taken;
    note.lost = sink->lost;
    sink->lost = 0;
    *reopen = sink->reopen;
    sink->reopen = false;
    bool go_on = !sink->stop;
    pthread_mutex_unlock(&sink->lock);

    sink->written = 0;
    sink->back.limit = 0; /* what the sink itself says always fits */
    if (note.lost != 0)
        sink->say(&sink->back, &note);
    return go_on || sink->back.len != 0;
}

static void *run(void *data)
{
    struct tg_sink *sink = data;
    size_t capacity = sink->front.limit;
    bool reopen;

    while (take_lines(sink, &reopen)) {
        if (reopen)
            reopen_now(sink);
        write_back(sink);
        if (sink->written < sink->back.len)
            break;
        tg_buffer_clear(&sink->back, capacity);
        sink->back.limit = capacity;
    }
    pthread_mutex_lock(&sink->lock);
    sink->over = true;
    pthread_cond_signal(&sink->finished);
    pthread_mutex_unlock(&sink->lock);
    return NULL;
}

static void dispose(struct tg_sink *sink)
{
    if (sink->fd >= 0)
        close(sink->fd);
    pthread_cond_destroy(&sink->finished);
    pthread_cond_destroy(&sink->wake);
    pthread_mutex_destroy(&sink->lock);
    tg_buffer_dispose(&sink->front);
    tg_buffer_dispose(&sink->back);
    free(sink->path);
    free(sink);
}

/* The thread takes no signals: they are for the one place that handles them. */
static int start_thread(struct tg_sink *sink)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&sink->thread, NULL, run, sink);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static void init(struct tg_sink *sink, const struct tg_sink_options *options)
{
    size_t capacity = options->capacity != 0 ? options->capacity : CAPACITY;
    pthread_condattr_t monotonic;

    *sink = (struct tg_sink){.front.limit = capacity, .back.limit = capacity, .fd = -1};
    sink->take = options->take;
    sink->owner = options->owner;
    sink->say = options->say != NULL ? options->say : tg_sink_say_logfmt;
    sink->direct = options->direct;
    pthread_mutex_init(&sink->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&sink->wake, &monotonic);
    pthread_cond_init(&sink->finished, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

struct tg_sink *tg_sink_create(const struct tg_sink_options *options)
{
    struct tg_sink *sink = malloc(sizeof(*sink));

    if (sink == NULL)
        return NULL;
    init(sink, options);
    if (options->take != NULL)
        return sink;
    if (options->path != NULL && (sink->path = strdup(options->path)) == NULL)
        goto fail;
    int fd = sink->path != NULL ? open_path(sink->path) : fcntl(options->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        goto fail;
    take_fd(sink, fd);
    errno = sink->direct ? 0 : start_thread(sink);
    if (errno == 0)
        return sink;
fail:;
    int error = errno;
    dispose(sink);
    errno = error;
    return NULL;
}

/* A line of more than a pipe takes at once may come out in part. */
static void write_now(struct tg_sink *sink, const char *text, size_t len)
{
    struct pollfd room = {.fd = sink->fd, .events = POLLOUT};
    bool has_room = sink->regular || poll(&room, 1, 0) > 0;

    if (!has_room || write(sink->fd, text, len) != (ssize_t)len)
        atomic_fetch_add_explicit(&sink->lost_ever, 1, memory_order_relaxed);
}

void tg_sink_write(struct tg_sink *sink, const char *text, size_t len)
{
    assert(len > 0 && text[len - 1] == '\n');
    if (sink->take != NULL) {
        sink->take(sink->owner, text, len);
        return;
    }

    if (sink->direct) {
        write_now(sink, text, len);
        return;
    }
    pthread_mutex_lock(&sink->lock);
    if (!tg_buffer_append(&sink->front, text, len)) {
        sink->lost++;
        atomic_fetch_add_explicit(&sink->lost_ever, 1, memory_order_relaxed);
    }
    bool wake = sink->idle || (sink->lingers && sink->front.len > sink->front.limit / 2);
    if (wake)
        sink->idle = sink->lingers = false;
    pthread_mutex_unlock(&sink->lock);
    if (wake)
        pthread_cond_signal(&sink->wake);
}

void tg_sink_reopen(struct tg_sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    sink->reopen = true;
    pthread_mutex_unlock(&sink->lock);
    pthread_cond_signal(&sink->wake);
}

uint64_t tg_sink_lost(struct tg_sink *sink)
{
    return atomic_load_explicit(&sink->lost_ever, memory_order_relaxed);
}

void tg_sink_destroy(struct tg_sink *sink)
{
    enum { GRACE_MS = 200 }; /* for a write that came back late */

    if (sink->take != NULL || sink->direct) {
        dispose(sink);
        return;
    }
    pthread_mutex_lock(&sink->lock);
    sink->stop = true;
    sink->deadline_ms = tg_clock_monotonic_ms() + FLUSH_MS;
    pthread_cond_signal(&sink->wake);
    uint64_t latest = sink->deadline_ms + GRACE_MS;
    while (!sink->over && tg_clock_monotonic_ms() < latest)
        wait_ms(sink, &sink->finished, (unsigned)(latest - tg_clock_monotonic_ms()) + 1);
    bool over = sink->over;
    pthread_mutex_unlock(&sink->lock);
    if (!over) { /* stuck inside write(2): the thread keeps the memory until the program ends */
        pthread_detach(sink->thread);
        return;
    }
    pthread_join(sink->thread, NULL);
    dispose(sink);
}
