/* One-shot timers of any length: a heap that decides how long the loop may sleep. */
#ifndef TG_NET_TIMER_H
#define TG_NET_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/* All zero is a timer that does not run. Its owner keeps it in place while it runs. */
struct tg_timer {
    uint64_t due_ms;
    uint64_t order; /* of starting; timers due at the same time fire in it */
    size_t place;   /* in the heap, from 1; 0 when it does not run */
    void (*on_fire)(struct tg_timer *self);
};

/* The timers of one thread. */
struct tg_timers {
    struct tg_timer **heap;
    size_t count, capacity;
    const struct tg_clock *clock;
    uint64_t now_ms;  /* the clock when it was last read */
    bool stale;       /* time has passed since: read it before use */
    uint64_t real_ns; /* the system's clock when it was last read; 0: time has passed since */
    uint64_t started; /* how many timers were started so far */
};

void tg_timers_init(struct tg_timers *timers);
void tg_timers_dispose(struct tg_timers *timers);

/* Goes by another clock than the system's, which outlives the timers; before any is started. */
void tg_timers_go_by(struct tg_timers *timers, const struct tg_clock *clock);

/* Reads the clock. */
void tg_timers_refresh(struct tg_timers *timers);

/* Says that time passes: before the loop sleeps, when something comes in, and when something long
 * has run. */
static inline void tg_timers_expire(struct tg_timers *timers)
{
    timers->stale = true;
    timers->real_ns = 0;
}

/* The system's monotonic clock, whatever the timers go by. Reading it costs as much as a hundred
 * instructions and more, so one reading serves all that follows on it at once. */
static inline uint64_t tg_timers_real_ns(struct tg_timers *timers)
{
    if (timers->real_ns == 0)
        timers->real_ns = tg_clock_monotonic_ns();
    return timers->real_ns;
}

/* The same, read now. */
static inline uint64_t tg_timers_read_ns(struct tg_timers *timers)
{
    tg_timers_expire(timers);
    return tg_timers_real_ns(timers);
}

/* Takes over the clock, whose reading may be that of tg_timers_real_ns. */
void tg_timers_update(struct tg_timers *timers);

/* The loop's time: one reading serves all that follows on it at once. */
static inline uint64_t tg_timers_now(struct tg_timers *timers)
{
    if (timers->stale)
        tg_timers_update(timers);
    return timers->now_ms;
}

/* Seconds since the epoch, by the same clock. */
static inline double tg_timers_wall(const struct tg_timers *timers)
{
    return timers->clock->wall(timers->clock);
}

/* How many milliseconds the loop may sleep: 0 when a timer is due, at most `most`. */
int32_t tg_timers_wait(const struct tg_timers *timers, int32_t most);

/* Fires what is due, in order of time; returns how many. on_fire may start and stop any timer;
 * one that it starts fires in a later run, be its delay 0. */
size_t tg_timers_run(struct tg_timers *timers);

/* Starts it, or starts it anew. It has stopped when on_fire is called. */
void tg_timer_start(struct tg_timers *timers, struct tg_timer *timer, uint64_t delay_ms,
                    void (*on_fire)(struct tg_timer *self));

/* Stops it if it runs. */
void tg_timer_stop(struct tg_timers *timers, struct tg_timer *timer);

#endif
