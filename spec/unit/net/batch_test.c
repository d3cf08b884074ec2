#include "net/batch.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/loop.h"

enum { MANY = 2 * TG_RING_MOST + 3 };

struct line;

/* A loop with a batch, and what happened, a word each. */
struct place {
    struct loop loop;
    h2o_timeout_t soon;
    struct tg_batch batch;
    char story[2048];
    bool over;
};

/* A socket of its own, and what is done with it. */
struct line {
    struct tg_batch_item item;
    struct place *place;
    const char *name;
    const char *more; /* a second part of what it sends */
    int ours, theirs;
    void (*then)(struct line *self);
    struct line *other;
};

/* Time that passes only when a test says so. */
static uint64_t now;

static uint64_t read_now(void)
{
    return now;
}

static void place_init(struct place *place, bool ring)
{
    *place = (struct place){.over = false};
    loop_init(&place->loop);
    h2o_timeout_init(place->loop.h2o, &place->soon, 0);
    tg_batch_init(&place->batch, place->loop.h2o, &place->soon);
    place->batch.clock = read_now;
    if (ring && !tg_batch_open(&place->batch))
        print_message("io_uring is refused here: errno %d\n", errno);
}

static void place_dispose(struct place *place)
{
    tg_batch_dispose(&place->batch);
    h2o_timeout_dispose(place->loop.h2o, &place->soon);
    loop_dispose(&place->loop);
}

static void line_open(struct line *line, struct place *place, const char *name)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    *line = (struct line){.place = place, .name = name, .ours = ends[0], .theirs = ends[1]};
}

static void line_close(struct line *line)
{
    close(line->ours);
    close(line->theirs);
}

static void tell(struct line *line, const char *what, ssize_t n)
{
    char *story = line->place->story;
    size_t len = strlen(story);

    snprintf(story + len, sizeof(line->place->story) - len, "%s %s %zd; ", line->name, what, n);
    if (line->then != NULL)
        line->then(line);
}

static void on_received(struct tg_batch_item *item, const struct tg_transfer *transfer)
{
    tell((struct line *)item, transfer->n == 3 ? transfer->parts[0].iov_base : "got", transfer->n);
}

static int parts_of(struct tg_batch_item *item, struct iovec *parts)
{
    struct line *line = (struct line *)item;

    parts[0] = (struct iovec){(void *)(uintptr_t)line->name, strlen(line->name)};
    if (line->more == NULL)
        return 1;
    parts[1] = (struct iovec){(void *)(uintptr_t)line->more, strlen(line->more)};
    return 2;
}

static void on_sent(struct tg_batch_item *item, const struct tg_transfer *transfer)
{
    tell((struct line *)item, "sent", transfer != NULL ? transfer->n : -1);
}

static void receive(struct line *line, const char *bytes)
{
    assert_int_equal(send(line->theirs, bytes, 3, 0), 3);
    tg_batch_receive(&line->place->batch, &line->item, line->ours, on_received);
}

static void put_off_send(struct line *line, int fd)
{
    tg_batch_send(&line->place->batch, &line->item, fd, parts_of, on_sent);
}

static void send_again(struct line *self)
{
    self->then = NULL;
    put_off_send(self, self->ours);
}

static void call_off_other(struct line *self)
{
    tg_batch_call_off(&self->other->item);
}

static void does_receives_then_sends_in_their_order(struct place *place)
{
    struct line a, b, c, d;

    line_open(&a, place, "a");
    line_open(&b, place, "bb");
    line_open(&c, place, "c");
    line_open(&d, place, "d");
    put_off_send(&a, a.ours);
    receive(&b, "b!");
    receive(&c, "c!");
    put_off_send(&d, -1);
    assert_true(tg_batch_has(&a.item) && tg_batch_has(&b.item));
    assert_string_equal(place->story, "");
    b.then = send_again;
    loop_turn(&place->loop);
    assert_string_equal(place->story, "bb b! 3; c c! 3; a sent 1; d sent -1; bb sent 2; ");
    assert_false(tg_batch_has(&a.item) || tg_batch_has(&b.item));
    assert_false(tg_batch_run(&place->batch));
    line_close(&a);
    line_close(&b);
    line_close(&c);
    line_close(&d);
}

static void tells_nothing_of_one_that_was_called_off(struct place *place)
{
    struct line a, b, c;

    line_open(&a, place, "a");
    line_open(&b, place, "b");
    line_open(&c, place, "c");
    receive(&a, "1!");
    receive(&b, "2!");
    receive(&c, "3!");
    tg_batch_call_off(&a.item);
    tg_batch_call_off(&a.item);
    b.then = call_off_other; /* c has been received by then */
    b.other = &c;
    assert_true(tg_batch_run(&place->batch));
    assert_string_equal(place->story, "b 2! 3; ");
    assert_false(tg_batch_has(&c.item));
    line_close(&a);
    line_close(&b);
    line_close(&c);
}

static void does_more_than_fit_at_once(struct place *place)
{
    struct line lines[MANY];
    const char *at = place->story;

    for (size_t i = 0; i < MANY; i++) {
        line_open(&lines[i], place, "x");
        receive(&lines[i], i % 2 == 0 ? "0!" : "1!");
    }
    assert_true(tg_batch_run(&place->batch));
    for (size_t i = 0; i < MANY; i++, at += 8)
        assert_memory_equal(at, i % 2 == 0 ? "x 0! 3; " : "x 1! 3; ", 8);
    assert_string_equal(at, "");
    for (size_t i = 0; i < MANY; i++)
        line_close(&lines[i]);
}

/* Those that are received put off a send each. */
static void sends_as_soon_as_a_call_is_full(struct place *place)
{
    struct line lines[MANY];
    char expected[sizeof(place->story)], *at = expected;

    for (size_t i = 0; i < MANY; i++) {
        line_open(&lines[i], place, "x");
        receive(&lines[i], "r!");
        lines[i].then = send_again;
    }
    assert_true(tg_batch_run(&place->batch));
    for (size_t begin = 0, end; begin < MANY; begin = end) {
        end = begin + TG_RING_MOST < MANY ? begin + TG_RING_MOST : MANY;
        for (size_t i = begin; i < end; i++)
            at += snprintf(at, 10, "x r! 3; ");
        for (size_t i = begin; i < end; i++)
            at += snprintf(at, 11, "x sent 1; ");
    }
    assert_string_equal(place->story, expected);
    for (size_t i = 0; i < MANY; i++)
        line_close(&lines[i]);
}

static void send_and_take_long(struct line *self)
{
    send_again(self);
    now++;
}

/* And what has been received by then stays as it is. */
static void sends_soon_when_something_takes_long(struct place *place)
{
    struct line a, b, c, d;

    line_open(&a, place, "a");
    line_open(&b, place, "bb");
    line_open(&c, place, "c");
    line_open(&d, place, "d");
    a.more = d.more = "and more";
    receive(&a, "1!");
    receive(&b, "2!");
    receive(&c, "3!");
    put_off_send(&d, d.ours);
    a.then = send_and_take_long;
    c.then = send_again;
    assert_true(tg_batch_run(&place->batch));
    assert_string_equal(place->story, "a 1! 3; d sent 9; a sent 9; bb 2! 3; c 3! 3; c sent 1; ");
    line_close(&a);
    line_close(&b);
    line_close(&c);
    line_close(&d);
}

static void receives_when_all_sends_were_called_off(struct place *place)
{
    struct line lines[TG_RING_MOST], last;

    for (size_t i = 0; i < TG_RING_MOST; i++) {
        line_open(&lines[i], place, "x");
        put_off_send(&lines[i], lines[i].ours);
    }
    line_open(&last, place, "last");
    receive(&last, "r!");
    for (size_t i = 0; i < TG_RING_MOST; i++)
        tg_batch_call_off(&lines[i].item);
    assert_true(tg_batch_run(&place->batch));
    assert_string_equal(place->story, "last r! 3; ");
    for (size_t i = 0; i < TG_RING_MOST; i++)
        line_close(&lines[i]);
    line_close(&last);
}

static void sends_two_parts_of(struct place *place, size_t len)
{
    struct line lines[2];
    char *more = h2o_mem_alloc(len + 1), *got = h2o_mem_alloc(len + 6);

    memset(more, 'm', len);
    more[len] = '\0';
    for (size_t i = 0; i < 2; i++) {
        line_open(&lines[i], place, i == 0 ? "first" : "other");
        lines[i].more = more;
        put_off_send(&lines[i], lines[i].ours);
    }
    assert_true(tg_batch_run(&place->batch));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(recv(lines[i].theirs, got, len + 6, 0), len + 5);
        assert_memory_equal(got, lines[i].name, 5);
        assert_memory_equal(got + 5, more, len);
        line_close(&lines[i]);
    }
    free(more);
    free(got);
}

static void sends_two_parts_whatever_their_size(struct place *place)
{
    static const size_t sizes[] = {0, 1, 4090, 4091, 4092, 20000};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        sends_two_parts_of(place, sizes[i]);
}

static void forgets_what_is_put_off_at_its_end(struct place *place)
{
    struct line a, b;

    line_open(&a, place, "a");
    line_open(&b, place, "b");
    receive(&a, "1!");
    put_off_send(&b, b.ours);
    tg_batch_dispose(&place->batch);
    assert_false(tg_batch_has(&a.item) || tg_batch_has(&b.item));
    assert_false(tg_batch_run(&place->batch));
    assert_string_equal(place->story, "");
    line_close(&a);
    line_close(&b);
}

/* Each of them with io_uring and without. */
static void do_both_ways(void (*test)(struct place *place))
{
    for (int ring = 0; ring < 2; ring++) {
        struct place place;
        place_init(&place, ring != 0);
        test(&place);
        place_dispose(&place);
    }
}

#define BOTH_WAYS(test)                                                                            \
    static void both_##test(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        do_both_ways(test);                                                                        \
    }

BOTH_WAYS(does_receives_then_sends_in_their_order)
BOTH_WAYS(tells_nothing_of_one_that_was_called_off)
BOTH_WAYS(does_more_than_fit_at_once)
BOTH_WAYS(sends_as_soon_as_a_call_is_full)
BOTH_WAYS(sends_soon_when_something_takes_long)
BOTH_WAYS(receives_when_all_sends_were_called_off)
BOTH_WAYS(sends_two_parts_whatever_their_size)
BOTH_WAYS(forgets_what_is_put_off_at_its_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_does_receives_then_sends_in_their_order),
        cmocka_unit_test(both_tells_nothing_of_one_that_was_called_off),
        cmocka_unit_test(both_does_more_than_fit_at_once),
        cmocka_unit_test(both_sends_as_soon_as_a_call_is_full),
        cmocka_unit_test(both_sends_soon_when_something_takes_long),
        cmocka_unit_test(both_receives_when_all_sends_were_called_off),
        cmocka_unit_test(both_sends_two_parts_whatever_their_size),
        cmocka_unit_test(both_forgets_what_is_put_off_at_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
