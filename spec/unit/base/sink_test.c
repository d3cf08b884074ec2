#include "base/sink.h"
#include "base/clock.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char folder[32];
    char path[48], moved[48];
};

static void open_place(struct place *place)
{
    strcpy(place->folder, "/tmp/tidegate.sink.XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof(place->path), "%s/log", place->folder);
    snprintf(place->moved, sizeof(place->moved), "%s/old", place->folder);
}

static void close_place(struct place *place)
{
    unlink(place->path);
    unlink(place->moved);
    rmdir(place->folder);
}

/* Reads a file whole; the caller frees. */
static char *content(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return calloc(1, 1);
    assert_int_equal(fstat(fd, &status), 0);
    char *text = calloc(1, (size_t)status.st_size + 1);
    assert_int_equal(read(fd, text, (size_t)status.st_size), status.st_size);
    close(fd);
    return text;
}

static void expect_content(const char *path, const char *want)
{
    char *text = content(path);

    assert_string_equal(text, want);
    free(text);
}

static void say(struct tg_sink *sink, const char *line)
{
    tg_sink_write(sink, line, strlen(line));
}

/* Polls until the file holds `want`; fails after some seconds. */
static void await_text(const char *path, const char *want)
{
    for (int i = 0; i < 5000; i++) {
        char *text = content(path);
        bool there = strstr(text, want) != NULL;
        free(text);
        if (there)
            return;
        poll(NULL, 0, 1);
    }
    fail_msg("%s never held %s", path, want);
}

static void writes_lines_in_order(void **state)
{
    (void)state;
    struct place place;
    struct stat status;
    open_place(&place);
    umask(0);
    struct tg_sink *sink = tg_sink_create(&(struct tg_sink_options){.path = place.path});

    say(sink, "one\n");
    await_text(place.path, "one\n");
    say(sink, "two\n");
    say(sink, "three\n");
    tg_sink_destroy(sink);
    expect_content(place.path, "one\ntwo\nthree\n");
    assert_int_equal(stat(place.path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    close_place(&place);
}

static void says_why_it_cannot_open(void **state)
{
    (void)state;
    assert_null(tg_sink_create(&(struct tg_sink_options){.path = "/nowhere/at/all"}));
    assert_int_equal(errno, ENOENT);
    assert_null(tg_sink_create(&(struct tg_sink_options){.fd = 9999}));
    assert_int_equal(errno, EBADF);
}

enum { PRODUCERS = 4, LINES = 20000 };

static void *produce(void *sink)
{
    char line[32];

    for (int i = 0; i < LINES; i++)
        tg_sink_write(sink, line, (size_t)snprintf(line, sizeof(line), "%012d\n", i));
    return NULL;
}

static void loses_nothing_that_fits(void **state)
{
    (void)state;
    struct place place;
    pthread_t threads[PRODUCERS];
    open_place(&place);
    struct tg_sink_options options = {.path = place.path, .capacity = PRODUCERS * LINES * 13};
    struct tg_sink *sink = tg_sink_create(&options);

    for (int i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, produce, sink), 0);
    for (int i = 0; i < 5; i++)
        tg_sink_reopen(sink);
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(tg_sink_lost(sink), 0);
    tg_sink_destroy(sink);
    char *text = content(place.path);
    assert_int_equal(strlen(text), PRODUCERS * LINES * 13);
    for (size_t at = 12; at < strlen(text); at += 13 * 997)
        assert_int_equal(text[at], '\n');
    free(text);
    close_place(&place);
}

/* Fills a pipe that nobody reads until it takes no more. */
static void stuff(int fd)
{
    char bytes[4096] = {0};

    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (write(fd, bytes, sizeof(bytes)) > 0)
        ;
    fcntl(fd, F_SETFL, 0);
}

/* Reads from a pipe, without its stuffing, until `text` holds what is awaited. */
static void drain(int fd, char *text, size_t size, const char *until)
{
    char piece[4096];
    size_t n = strlen(text);

    while (strstr(text, until) == NULL) {
        ssize_t got = read(fd, piece, sizeof(piece));
        assert_true(got > 0 && n + (size_t)got < size);
        for (ssize_t i = 0; i < got; i++) {
            if (piece[i] != '\0')
                text[n++] = piece[i];
        }
        text[n] = '\0';
    }
}

/* The sum of the counts in the notes that `text` holds. */
static uint64_t told_lost(const char *text)
{
    static const char mark[] = "\"event\":\"lines_lost\",\"count\":";
    uint64_t sum = 0;

    while ((text = strstr(text, mark)) != NULL) {
        text += strlen(mark);
        sum += strtoull(text, NULL, 10);
    }
    return sum;
}

static void never_waits_for_a_reader_and_counts_what_it_loses(void **state)
{
    (void)state;
    int ends[2];
    static char text[65536], all[65536];
    assert_int_equal(pipe(ends), 0);
    stuff(ends[1]);
    struct tg_sink_options options = {.fd = ends[1], .capacity = 10, .say = tg_sink_say_json};
    struct tg_sink *sink = tg_sink_create(&options);
    uint64_t start = tg_clock_monotonic_ms();

    for (int i = 0; i < 1000; i++)
        say(sink, "12345\n");
    assert_true(tg_clock_monotonic_ms() - start < 900);
    uint64_t lost = tg_sink_lost(sink);
    assert_in_range(lost, 990, 999);
    while (told_lost(all) < lost) {
        memset(text, 0, sizeof(text));
        drain(ends[0], text, sizeof(text), "}\n");
        strcat(all, text);
    }
    assert_int_equal(told_lost(all), lost);
    say(sink, "again\n");
    memset(text, 0, sizeof(text));
    drain(ends[0], text, sizeof(text), "again\n");
    tg_sink_destroy(sink);
    close(ends[0]);
    close(ends[1]);
}

static void keeps_exactly_what_its_capacity_allows(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    stuff(ends[1]);
    struct tg_sink *sink = tg_sink_create(&(struct tg_sink_options){.fd = ends[1], .capacity = 8});

    say(sink, "1234567\n");
    assert_int_equal(tg_sink_lost(sink), 0);
    say(sink, "12345678\n");
    assert_int_equal(tg_sink_lost(sink), 1);
    tg_sink_destroy(sink);
    close(ends[0]);
    close(ends[1]);
}

static void ends_in_time_when_nobody_reads(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    stuff(ends[1]);
    struct tg_sink *sink = tg_sink_create(&(struct tg_sink_options){.fd = ends[1]});

    say(sink, "kept in vain\n");
    uint64_t start = tg_clock_monotonic_ms();
    tg_sink_destroy(sink);
    assert_in_range(tg_clock_monotonic_ms() - start, 900, 5000);
    close(ends[0]);
    close(ends[1]);
}

static void survives_a_reader_that_went_away(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    struct tg_sink *sink = tg_sink_create(&(struct tg_sink_options){.fd = ends[1], .capacity = 64});

    for (int i = 0; i < 100; i++)
        say(sink, "into the void\n");
    assert_true(tg_sink_lost(sink) > 0);
    tg_sink_destroy(sink);
    close(ends[1]);
}

/* A file size limit stands for a full disk: write gives an error after a part of a line. */
static void writes_on_when_the_disk_has_room_again(void **state)
{
    (void)state;
    struct place place;
    struct rlimit before, tight;
    open_place(&place);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight = (struct rlimit){.rlim_cur = 6, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    struct tg_sink *sink = tg_sink_create(&(struct tg_sink_options){.path = place.path});

    say(sink, "one\ntwo\n");
    await_text(place.path, "one\ntw");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    say(sink, "three\n");
    await_text(place.path, "three\n");
    expect_content(place.path, "one\ntwo\nthree\n");
    tg_sink_destroy(sink);
    close_place(&place);
}

static void moves_to_a_new_file(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct tg_sink *sink = tg_sink_create(&(struct tg_sink_options){.path = place.path});

    say(sink, "old\n");
    await_text(place.path, "old\n");
    assert_int_equal(rename(place.path, place.moved), 0);
    tg_sink_reopen(sink);
    say(sink, "new\n");
    await_text(place.path, "new\n");
    tg_sink_destroy(sink);
    expect_content(place.moved, "old\n");
    expect_content(place.path, "new\n");
    close_place(&place);
}

static void moves_a_half_written_line_whole(void **state)
{
    (void)state;
    struct place place;
    struct rlimit before, tight;
    open_place(&place);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight = (struct rlimit){.rlim_cur = 6, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    struct tg_sink *sink = tg_sink_create(&(struct tg_sink_options){.path = place.path});

    say(sink, "one\ntwo\n");
    await_text(place.path, "one\ntw");
    assert_int_equal(rename(place.path, place.moved), 0);
    tg_sink_reopen(sink);
    await_text(place.path, "two\n");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    tg_sink_destroy(sink);
    expect_content(place.path, "two\n");
    close_place(&place);
}

static void goes_on_with_the_old_file_when_the_new_one_fails(void **state)
{
    (void)state;
    struct place place;
    char other[48];
    open_place(&place);
    snprintf(other, sizeof(other), "%s.x", place.folder);
    struct tg_sink *sink = tg_sink_create(&(struct tg_sink_options){.path = place.path});

    say(sink, "one\n");
    await_text(place.path, "one\n");
    assert_int_equal(rename(place.folder, other), 0);
    tg_sink_reopen(sink);
    say(sink, "two\n");
    tg_sink_destroy(sink);
    assert_int_equal(rename(other, place.folder), 0);
    char *text = content(place.path);
    assert_non_null(strstr(text, "two\n"));
    assert_non_null(strstr(text, "level=warn event=reopen_failed errno=2\n"));
    free(text);
    close_place(&place);
}

struct taken {
    char text[64];
    size_t len;
};

static void take(void *owner, const char *text, size_t len)
{
    struct taken *taken = owner;

    assert_true(taken->len + len < sizeof(taken->text));
    memcpy(taken->text + taken->len, text, len);
    taken->len += len;
}

static void gives_lines_at_once_to_one_who_takes_them(void **state)
{
    (void)state;
    struct taken taken = {.len = 0};
    struct tg_sink *sink = tg_sink_create(&(struct tg_sink_options){.take = take, .owner = &taken});

    say(sink, "one\n");
    say(sink, "two\n");
    assert_int_equal(taken.len, 8);
    assert_memory_equal(taken.text, "one\ntwo\n", 8);
    tg_sink_destroy(sink);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_lines_in_order),
        cmocka_unit_test(says_why_it_cannot_open),
        cmocka_unit_test(loses_nothing_that_fits),
        cmocka_unit_test(never_waits_for_a_reader_and_counts_what_it_loses),
        cmocka_unit_test(keeps_exactly_what_its_capacity_allows),
        cmocka_unit_test(ends_in_time_when_nobody_reads),
        cmocka_unit_test(survives_a_reader_that_went_away),
        cmocka_unit_test(writes_on_when_the_disk_has_room_again),
        cmocka_unit_test(moves_to_a_new_file),
        cmocka_unit_test(moves_a_half_written_line_whole),
        cmocka_unit_test(goes_on_with_the_old_file_when_the_new_one_fails),
        cmocka_unit_test(gives_lines_at_once_to_one_who_takes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
