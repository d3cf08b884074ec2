#include "net/timer.h"

#include <stdlib.h>

#include "unit.h"

struct note {
    struct tg_timer timer;
    struct tg_timers *timers;
    int name;
    struct note *stops, *starts; /* what on_note does to others */
};

static int heard[32];
static size_t heard_count;

static void on_note(struct tg_timer *timer);

static void start(struct note *note, uint64_t delay_ms)
{
    tg_timer_start(note->timers, &note->timer, delay_ms, on_note);
}

static void on_note(struct tg_timer *timer)
{
    struct note *note = (struct note *)timer;

    assert_int_equal(timer->place, 0);
    heard[heard_count++] = note->name;
    if (note->stops != NULL)
        tg_timer_stop(note->timers, &note->stops->timer);
    if (note->starts != NULL)
        start(note->starts, 0);
}

/* Timers under a clock that only the test moves. */
static void set_up(struct tg_timers *timers, struct note *notes, int count)
{
    tg_timers_init(timers);
    timers->now_ms = 1000; /* the machine has run for longer than that */
    heard_count = 0;
    for (int i = 0; i < count; i++)
        notes[i] = (struct note){.timers = timers, .name = i};
}

static void fires_in_order_of_time_then_of_starting(void **state)
{
    (void)state;
    struct tg_timers timers;
    struct note notes[5];
    const int order[] = {3, 1, 2, 4, 0};

    set_up(&timers, notes, 5);
    start(&notes[0], 30);
    start(&notes[1], 20);
    start(&notes[2], 20);
    start(&notes[3], 10);
    start(&notes[4], 20);
    timers.now_ms += 29;
    assert_int_equal(tg_timers_run(&timers), 4);
    timers.now_ms += 1;
    assert_int_equal(tg_timers_run(&timers), 1);
    assert_memory_equal(heard, order, sizeof(order));
    assert_int_equal(tg_timers_run(&timers), 0);
    tg_timers_dispose(&timers);
}

static void says_how_long_to_sleep(void **state)
{
    (void)state;
    struct tg_timers timers;
    struct note notes[2];

    set_up(&timers, notes, 2);
    assert_int_equal(tg_timers_wait(&timers, 1000), 1000);
    start(&notes[0], 1001);
    assert_int_equal(tg_timers_wait(&timers, 1000), 1000);
    start(&notes[1], 999);
    assert_int_equal(tg_timers_wait(&timers, 1000), 999);
    timers.now_ms += 999;
    assert_int_equal(tg_timers_wait(&timers, 1000), 0);
    timers.now_ms += 999;
    assert_int_equal(tg_timers_wait(&timers, 1000), 0);
    tg_timers_dispose(&timers);
}

static void a_stopped_timer_does_not_fire(void **state)
{
    (void)state;
    struct tg_timers timers;
    struct note notes[3];

    set_up(&timers, notes, 3);
    for (int i = 0; i < 3; i++)
        start(&notes[i], 10);
    tg_timer_stop(&timers, &notes[1].timer);
    tg_timer_stop(&timers, &notes[1].timer);
    notes[0].stops = &notes[2];
    timers.now_ms += 10;
    assert_int_equal(tg_timers_run(&timers), 1);
    assert_int_equal(heard[0], 0);
    assert_int_equal(timers.count, 0);
    tg_timers_dispose(&timers);
}

static void starting_anew_moves_it(void **state)
{
    (void)state;
    struct tg_timers timers;
    struct note notes[3];
    const int order[] = {1, 2, 0};

    set_up(&timers, notes, 3);
    start(&notes[0], 10);
    start(&notes[1], 20);
    start(&notes[2], 100);
    start(&notes[0], 40);
    start(&notes[2], 30);
    assert_int_equal(timers.count, 3);
    timers.now_ms += 40;
    assert_int_equal(tg_timers_run(&timers), 3);
    assert_memory_equal(heard, order, sizeof(order));
    tg_timers_dispose(&timers);
}

static void one_that_starts_itself_does_not_hold_up_the_loop(void **state)
{
    (void)state;
    struct tg_timers timers;
    struct note notes[2];

    set_up(&timers, notes, 2);
    notes[0].starts = &notes[0];
    start(&notes[0], 0);
    start(&notes[1], 0);
    assert_int_equal(tg_timers_run(&timers), 2);
    assert_int_equal(tg_timers_run(&timers), 1);
    assert_int_equal(timers.count, 1);
    tg_timers_dispose(&timers);
}

static void an_endless_delay_never_comes(void **state)
{
    (void)state;
    struct tg_timers timers;
    struct note note;

    set_up(&timers, &note, 1);
    start(&note, UINT64_MAX);
    timers.now_ms = UINT64_MAX - 1;
    assert_int_equal(tg_timers_run(&timers), 0);
    tg_timers_dispose(&timers);
}

static int by_time(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Thousands of starts, stops and moves, against a sorted array. */
static void keeps_order_among_many(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    static struct note notes[MANY];
    static uint64_t due[MANY];
    struct tg_timers timers;
    size_t count = 0;

    set_up(&timers, notes, MANY);
    srand(7);
    for (int i = 0; i < MANY; i++)
        start(&notes[i], (uint64_t)(rand() % 5000));
    for (int i = 0; i < 3 * MANY; i++) {
        struct note *note = &notes[rand() % MANY];
        if (rand() % 2 == 0)
            tg_timer_stop(&timers, &note->timer);
        else
            start(note, (uint64_t)(rand() % 5000));
    }
    for (int i = 0; i < MANY; i++)
        if (notes[i].timer.place != 0)
            due[count++] = notes[i].timer.due_ms;
    assert_int_equal(timers.count, count);
    qsort(due, count, sizeof(due[0]), by_time);
    for (size_t i = 0; i < count; i++) {
        assert_true(timers.heap[1]->due_ms == due[i]);
        tg_timer_stop(&timers, timers.heap[1]);
    }
    tg_timers_dispose(&timers);
}

static void the_clock_goes_forward(void **state)
{
    (void)state;
    struct tg_timers timers;

    tg_timers_init(&timers);
    uint64_t before_ms = timers.now_ms;
    assert_true(before_ms != 0);
    tg_timers_refresh(&timers);
    assert_true(timers.now_ms >= before_ms && timers.now_ms < before_ms + 10000);
    tg_timers_dispose(&timers);
}

/* A time long past stands for the one before something long has run. */
static void a_delay_counts_from_when_it_is_asked_for(void **state)
{
    (void)state;
    struct tg_timers timers;
    struct note note;

    set_up(&timers, &note, 1);
    assert_int_equal(tg_timers_now(&timers), 1000);
    tg_timers_expire(&timers);
    start(&note, 50);
    assert_true(timers.now_ms > 1000);
    assert_true(note.timer.due_ms == timers.now_ms + 50);
    assert_true(tg_timers_now(&timers) == timers.now_ms);
    tg_timers_dispose(&timers);
}

struct hand {
    struct tg_clock clock;
    uint64_t now_ms;
};

static uint64_t hand_monotonic_ms(const struct tg_clock *self)
{
    return ((const struct hand *)self)->now_ms;
}

static double hand_wall(const struct tg_clock *self)
{
    return 1000 + (double)((const struct hand *)self)->now_ms / 1000;
}

static void goes_by_the_clock_it_is_given(void **state)
{
    (void)state;
    struct hand hand = {{hand_monotonic_ms, hand_wall}, 5000};
    struct tg_timers timers;
    struct note note;

    set_up(&timers, &note, 1);
    tg_timers_go_by(&timers, &hand.clock);
    assert_int_equal(tg_timers_now(&timers), 5000);
    assert_true(tg_timers_wall(&timers) == 1005);
    start(&note, 50);
    hand.now_ms = 5049;
    tg_timers_refresh(&timers);
    assert_int_equal(tg_timers_run(&timers), 0);
    hand.now_ms = 5050;
    tg_timers_refresh(&timers);
    assert_int_equal(tg_timers_run(&timers), 1);
    tg_timers_dispose(&timers);
}

/* One reading serves until somebody says that time passes. */
static void reads_the_clock_once(void **state)
{
    (void)state;
    struct tg_timers timers;
    uint64_t before = tg_clock_monotonic_ns();

    tg_timers_init(&timers);
    uint64_t first = tg_timers_read_ns(&timers);
    assert_in_range(first, before, tg_clock_monotonic_ns());
    assert_int_equal(tg_timers_real_ns(&timers), first);
    assert_int_equal(tg_timers_now(&timers), first / 1000000);
    while (tg_clock_monotonic_ns() < first + 2000000)
        ;
    assert_int_equal(tg_timers_real_ns(&timers), first);
    assert_int_equal(tg_timers_now(&timers), first / 1000000);
    tg_timers_expire(&timers);
    assert_true(tg_timers_now(&timers) > first / 1000000);
    assert_true(tg_timers_real_ns(&timers) > first);
    tg_timers_dispose(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fires_in_order_of_time_then_of_starting),
        cmocka_unit_test(says_how_long_to_sleep),
        cmocka_unit_test(a_stopped_timer_does_not_fire),
        cmocka_unit_test(starting_anew_moves_it),
        cmocka_unit_test(one_that_starts_itself_does_not_hold_up_the_loop),
        cmocka_unit_test(an_endless_delay_never_comes),
        cmocka_unit_test(keeps_order_among_many),
        cmocka_unit_test(the_clock_goes_forward),
        cmocka_unit_test(a_delay_counts_from_when_it_is_asked_for),
        cmocka_unit_test(goes_by_the_clock_it_is_given),
        cmocka_unit_test(reads_the_clock_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
