#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/flight.h"

/* A client of the cache in one thread. */
struct client {
    struct tg_waiter waiter;
    int told;
    enum tg_flight_news news;
    struct tg_flight *flight;
    struct tg_entry *entry;
};

static void on_wake(struct tg_inbox *inbox)
{
    (void)inbox;
}

static void on_news(struct tg_waiter *waiter)
{
    struct client *client = H2O_STRUCT_FROM_MEMBER(struct client, waiter, waiter);

    client->told++;
    client->news = waiter->news;
    client->flight = waiter->flight;
    client->entry = waiter->entry;
}

static struct tg_entry *make_entry(void)
{
    struct tg_entry_recipe recipe = {.key = TG_TEXT("k"), .body = TG_TEXT("made")};

    return tg_entry_create(&recipe);
}

struct stage {
    struct tg_flights *flights;
    struct tg_inbox inbox;
    struct client clients[3];
};

static void set_up(struct stage *stage)
{
    *stage = (struct stage){.flights = tg_flights_create()};
    tg_inbox_init(&stage->inbox, on_wake);
    for (int i = 0; i < 3; i++)
        stage->clients[i].waiter.on_news = on_news;
}

static struct tg_flight *join(struct stage *stage, int i)
{
    return tg_flight_join(stage->flights, TG_TEXT("k"), 7, &stage->inbox,
                          i < 3 ? &stage->clients[i].waiter : NULL);
}

static void tear_down(struct stage *stage)
{
    tg_flights_destroy(stage->flights);
    tg_inbox_dispose(&stage->inbox);
}

static void gives_all_what_one_has_made(void **state)
{
    struct stage stage;
    struct tg_entry *entry = make_entry();

    (void)state;
    set_up(&stage);
    struct tg_flight *flight = join(&stage, 3);
    assert_non_null(flight);
    for (int i = 0; i < 3; i++)
        assert_null(join(&stage, i));
    assert_null(join(&stage, 3)); /* who does not wait is not told */
    tg_flight_land(flight, entry);
    tg_entry_release(entry);
    assert_int_equal(0, stage.clients[0].told); /* it is told in its own thread */
    tg_inbox_run(&stage.inbox);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(1, stage.clients[i].told);
        assert_int_equal(TG_FLIGHT_LANDED, stage.clients[i].news);
        assert_true(tg_text_is(stage.clients[i].entry->is.body, TG_TEXT("made")));
        tg_entry_release(stage.clients[i].entry);
    }
    flight = join(&stage, 3);
    assert_non_null(flight);
    tg_flight_fail(flight);
    tear_down(&stage);
}

static void lets_the_next_one_lead(void **state)
{
    struct stage stage;

    (void)state;
    set_up(&stage);
    struct tg_flight *flight = join(&stage, 3);
    for (int i = 0; i < 3; i++)
        join(&stage, i);
    tg_flight_fail(flight);
    tg_inbox_run(&stage.inbox);
    assert_int_equal(TG_FLIGHT_LEAD, stage.clients[0].news);
    assert_ptr_equal(flight, stage.clients[0].flight);
    assert_int_equal(0, stage.clients[1].told);
    tg_flight_scatter(flight);
    tg_inbox_run(&stage.inbox);
    assert_int_equal(TG_FLIGHT_ALONE, stage.clients[1].news);
    assert_int_equal(TG_FLIGHT_ALONE, stage.clients[2].news);
    tear_down(&stage);
}

static void lets_all_go_when_the_next_one_fails_too(void **state)
{
    struct stage stage;

    (void)state;
    set_up(&stage);
    struct tg_flight *flight = join(&stage, 3);
    for (int i = 0; i < 3; i++)
        join(&stage, i);
    tg_flight_fail(flight);
    tg_flight_fail(flight);
    tg_inbox_run(&stage.inbox);
    assert_int_equal(TG_FLIGHT_LEAD, stage.clients[0].news);
    for (int i = 1; i < 3; i++)
        assert_int_equal(TG_FLIGHT_ALONE, stage.clients[i].news);
    flight = join(&stage, 3); /* who comes later begins anew */
    join(&stage, 0);
    join(&stage, 1);
    tg_flight_yield(flight); /* that one goes is no failure */
    tg_flight_fail(flight);
    tg_inbox_run(&stage.inbox);
    assert_int_equal(TG_FLIGHT_LEAD, stage.clients[1].news);
    tg_flight_fail(flight);
    tear_down(&stage);
}

static void passes_the_lead_on_when_its_heir_has_gone(void **state)
{
    struct stage stage;

    (void)state;
    set_up(&stage);
    struct tg_flight *flight = join(&stage, 3);
    for (int i = 0; i < 3; i++)
        join(&stage, i);
    tg_waiter_cancel(&stage.clients[1].waiter);
    tg_flight_fail(flight);
    tg_waiter_cancel(&stage.clients[0].waiter); /* it was told, but has not looked */
    tg_inbox_run(&stage.inbox);
    assert_int_equal(0, stage.clients[0].told + stage.clients[1].told);
    assert_int_equal(TG_FLIGHT_LEAD, stage.clients[2].news);
    tg_waiter_cancel(&stage.clients[2].waiter); /* nothing to cancel any more */
    tg_flight_fail(flight);
    tear_down(&stage);
}

static void gives_back_what_nobody_takes(void **state)
{
    struct stage stage;
    struct tg_entry *entry = make_entry();

    (void)state;
    set_up(&stage);
    struct tg_flight *flight = join(&stage, 3);
    join(&stage, 0);
    tg_flight_land(flight, entry);
    assert_int_equal(2, entry->holders);
    tg_waiter_cancel(&stage.clients[0].waiter);
    assert_int_equal(1, entry->holders);
    tg_entry_release(entry);
    tear_down(&stage);
}

/* ---- many threads, each with an inbox of its own */

enum { THREADS = 4, TURNS = 3000 };

struct thread {
    pthread_t id;
    struct tg_inbox inbox;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool awake;
    struct tg_flights *flights;
    int landed, led, alone;
};

static void on_thread_wake(struct tg_inbox *inbox)
{
    struct thread *thread = H2O_STRUCT_FROM_MEMBER(struct thread, inbox, inbox);

    pthread_mutex_lock(&thread->lock);
    thread->awake = true;
    pthread_cond_signal(&thread->woken);
    pthread_mutex_unlock(&thread->lock);
}

static void lead(struct thread *thread, struct tg_flight *flight, unsigned *seed)
{
    int chance = rand_r(seed) % 5;

    thread->led++;
    if (chance == 0) {
        tg_flight_fail(flight);
    } else if (chance == 1) {
        tg_flight_scatter(flight);
    } else if (chance == 2) {
        tg_flight_yield(flight);
    } else {
        struct tg_entry *entry = make_entry();
        tg_flight_land(flight, entry);
        tg_entry_release(entry);
    }
}

static void await(struct thread *thread, struct client *client)
{
    while (client->told == 0) {
        pthread_mutex_lock(&thread->lock);
        while (!thread->awake)
            pthread_cond_wait(&thread->woken, &thread->lock);
        thread->awake = false;
        pthread_mutex_unlock(&thread->lock);
        tg_inbox_run(&thread->inbox);
    }
}

static void *work(void *argument)
{
    struct thread *thread = argument;
    unsigned seed = (unsigned)(uintptr_t)argument;

    for (int i = 0; i < TURNS; i++) {
        struct client client = {.waiter = {.on_news = on_news}};
        struct tg_flight *flight =
            tg_flight_join(thread->flights, TG_TEXT("k"), 7, &thread->inbox, &client.waiter);
        if (flight != NULL) {
            lead(thread, flight, &seed);
            continue;
        }
        if (rand_r(&seed) % 3 == 0) {
            tg_waiter_cancel(&client.waiter);
            continue;
        }
        await(thread, &client);
        if (client.news == TG_FLIGHT_LEAD) {
            lead(thread, client.flight, &seed);
        } else if (client.news == TG_FLIGHT_LANDED) {
            thread->landed++;
            tg_entry_release(client.entry);
        } else {
            thread->alone++;
        }
    }
    return NULL;
}

static void joins_many_threads(void **state)
{
    struct tg_flights *flights = tg_flights_create();
    struct thread threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){.flights = flights};
        tg_inbox_init(&threads[i].inbox, on_thread_wake);
        pthread_mutex_init(&threads[i].lock, NULL);
        pthread_cond_init(&threads[i].woken, NULL);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i].id, NULL, work, &threads[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i].id, NULL);
    for (int i = 0; i < THREADS; i++) {
        tg_inbox_dispose(&threads[i].inbox);
        pthread_mutex_destroy(&threads[i].lock);
        pthread_cond_destroy(&threads[i].woken);
    }
    tg_flights_destroy(flights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_all_what_one_has_made),
        cmocka_unit_test(lets_the_next_one_lead),
        cmocka_unit_test(lets_all_go_when_the_next_one_fails_too),
        cmocka_unit_test(passes_the_lead_on_when_its_heir_has_gone),
        cmocka_unit_test(gives_back_what_nobody_takes),
        cmocka_unit_test(joins_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
