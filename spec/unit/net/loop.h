/* For the tests of net/: a loop with its timers, driven until something has happened. */
#include "unit.h"

#include <h2o.h>

#include "net/timer.h"

struct loop {
    h2o_loop_t *h2o;
    struct tg_timers timers;
    bool fired;
};

static inline void loop_init(struct loop *loop)
{
    *loop = (struct loop){.h2o = h2o_evloop_create()};
    tg_timers_init(&loop->timers);
}

/* One turn, as a worker makes it. After timers have fired, the next one does not sleep. */
static inline void loop_turn(struct loop *loop)
{
    int32_t wait = loop->fired ? 0 : tg_timers_wait(&loop->timers, 1000);

    tg_timers_expire(&loop->timers);
    h2o_evloop_run(loop->h2o, wait);
    tg_timers_refresh(&loop->timers);
    loop->fired = tg_timers_run(&loop->timers) != 0;
}

/* Fails the test after ten seconds: what is waited for does not come. */
static inline void loop_until(struct loop *loop, const bool *happened)
{
    tg_timers_refresh(&loop->timers);
    uint64_t begun_ms = loop->timers.now_ms;

    while (!*happened) {
        loop_turn(loop);
        assert_true(loop->timers.now_ms - begun_ms < 10000);
    }
}

struct loop_alarm {
    struct tg_timer timer;
    bool rang;
};

static inline void loop_on_alarm(struct tg_timer *timer)
{
    ((struct loop_alarm *)timer)->rang = true;
}

/* Lets so much of the loop's time pass: what is due earlier happens. */
static inline void loop_for(struct loop *loop, uint64_t ms)
{
    struct loop_alarm alarm = {.rang = false};

    tg_timer_start(&loop->timers, &alarm.timer, ms, loop_on_alarm);
    loop_until(loop, &alarm.rang);
}

static inline void loop_dispose(struct loop *loop)
{
    assert_int_equal(loop->timers.count, 0);
    tg_timers_dispose(&loop->timers);
    h2o_evloop_run(loop->h2o, 0);
    h2o_evloop_destroy(loop->h2o);
}
