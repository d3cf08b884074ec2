#include "net/timer.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <h2o/memory.h>

static bool is_before(const struct tg_timer *a, const struct tg_timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

/* The heap begins at place 1, so that 0 can mean "does not run". */
static void put(struct tg_timers *timers, size_t place, struct tg_timer *timer)
{
    timers->heap[place] = timer;
    timer->place = place;
}

static void sift_up(struct tg_timers *timers, size_t place, struct tg_timer *timer)
{
    while (place > 1 && is_before(timer, timers->heap[place / 2])) {
        put(timers, place, timers->heap[place / 2]);
        place /= 2;
    }
    put(timers, place, timer);
}

static void sift_down(struct tg_timers *timers, size_t place, struct tg_timer *timer)
{
    for (size_t child; (child = place * 2) <= timers->count; place = child) {
        if (child < timers->count && is_before(timers->heap[child + 1], timers->heap[child]))
            child++;
        if (!is_before(timers->heap[child], timer))
            break;
        put(timers, place, timers->heap[child]);
    }
    put(timers, place, timer);
}

static void settle(struct tg_timers *timers, size_t place, struct tg_timer *timer)
{
    if (place > 1 && is_before(timer, timers->heap[place / 2]))
        sift_up(timers, place, timer);
    else
        sift_down(timers, place, timer);
}

void tg_timers_init(struct tg_timers *timers)
{
    *timers = (struct tg_timers){.capacity = 64, .clock = &tg_clock_system};
    timers->heap = h2o_mem_alloc(timers->capacity * sizeof(void *));
    tg_timers_refresh(timers);
}

void tg_timers_dispose(struct tg_timers *timers)
{
    free(timers->heap);
    *timers = (struct tg_timers){0};
}

void tg_timers_go_by(struct tg_timers *timers, const struct tg_clock *clock)
{
    assert(timers->count == 0);
    timers->clock = clock;
    tg_timers_refresh(timers);
}

void tg_timers_update(struct tg_timers *timers)
{
    if (timers->clock == &tg_clock_system)
        timers->now_ms = tg_timers_real_ns(timers) / 1000000;
    else
        timers->now_ms = timers->clock->monotonic_ms(timers->clock);
    timers->stale = false;
}

void tg_timers_refresh(struct tg_timers *timers)
{
    tg_timers_expire(timers);
    tg_timers_update(timers);
}

int32_t tg_timers_wait(const struct tg_timers *timers, int32_t most)
{
    if (timers->count == 0)
        return most;
    uint64_t due_ms = timers->heap[1]->due_ms;
    if (due_ms <= timers->now_ms)
        return 0;
    return due_ms - timers->now_ms < (uint64_t)most ? (int32_t)(due_ms - timers->now_ms) : most;
}

/* A timer started by on_fire is never before one that was due already: its order is higher,
 * and it is not due before now. So the first one that is too young ends the run. */
size_t tg_timers_run(struct tg_timers *timers)
{
    uint64_t young = timers->started;
    size_t fired = 0;

    while (timers->count != 0) {
        struct tg_timer *timer = timers->heap[1];
        if (timer->due_ms > timers->now_ms || timer->order >= young)
            break;
        tg_timer_stop(timers, timer);
        timer->on_fire(timer);
        fired++;
    }
    return fired;
}

static void make_room(struct tg_timers *timers)
{
    if (timers->count + 1 < timers->capacity)
        return;
    timers->capacity *= 2;
    timers->heap = h2o_mem_realloc(timers->heap, timers->capacity * sizeof(void *));
}

void tg_timer_start(struct tg_timers *timers, struct tg_timer *timer, uint64_t delay_ms,
                    void (*on_fire)(struct tg_timer *self))
{
    uint64_t now_ms = tg_timers_now(timers), left = UINT64_MAX - now_ms;

    timer->due_ms = now_ms + (delay_ms < left ? delay_ms : left);
    timer->order = timers->started++;
    timer->on_fire = on_fire;
    if (timer->place != 0) {
        settle(timers, timer->place, timer);
        return;
    }
    make_room(timers);
    sift_up(timers, ++timers->count, timer);
}

void tg_timer_stop(struct tg_timers *timers, struct tg_timer *timer)
{
    size_t place = timer->place;

    if (place == 0)
        return;
    assert(timers->heap[place] == timer);
    timer->place = 0;
    struct tg_timer *last = timers->heap[timers->count--];
    if (last != timer)
        settle(timers, place, last);
}
