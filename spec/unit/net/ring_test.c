#include "net/ring.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

enum { PAIRS = TG_RING_MOST };

/* Ends of sockets: `ours` do the transfers. */
struct pairs {
    int ours[PAIRS], theirs[PAIRS];
};

static struct pairs make_pairs(void)
{
    struct pairs pairs;

    for (size_t i = 0; i < PAIRS; i++) {
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        pairs.ours[i] = ends[0];
        pairs.theirs[i] = ends[1];
    }
    return pairs;
}

static void close_pairs(struct pairs *pairs)
{
    for (size_t i = 0; i < PAIRS; i++) {
        close(pairs->ours[i]);
        if (pairs->theirs[i] >= 0)
            close(pairs->theirs[i]);
    }
}

static struct tg_transfer transfer(int fd, bool is_send, const void *base, size_t len)
{
    return (struct tg_transfer){.fd = fd,
                                .is_send = is_send,
                                .count = 1,
                                .parts = {{(void *)(uintptr_t)base, len}},
                                .n = 4711};
}

static void receives_of_all(struct tg_ring *ring)
{
    struct pairs pairs = make_pairs();
    struct tg_transfer list[PAIRS];
    char rooms[PAIRS][8], text[8];

    for (size_t i = 0; i < PAIRS; i++) {
        snprintf(text, sizeof(text), "%zu", i);
        assert_int_equal(send(pairs.theirs[i], text, strlen(text), 0), strlen(text));
        list[i] = transfer(pairs.ours[i], false, rooms[i], sizeof(rooms[i]));
    }
    tg_ring_run(ring, list, PAIRS);
    for (size_t i = 0; i < PAIRS; i++) {
        snprintf(text, sizeof(text), "%zu", i);
        assert_int_equal(list[i].n, strlen(text));
        assert_memory_equal(rooms[i], text, strlen(text));
    }
    close_pairs(&pairs);
}

/* Nothing there, the end, no socket, and more than there is room for. */
static void receives_what_there_is(struct tg_ring *ring)
{
    struct pairs pairs = make_pairs();
    char rooms[4][4];
    struct tg_transfer list[4];

    for (size_t i = 0; i < 4; i++)
        list[i] = transfer(pairs.ours[i], false, rooms[i], sizeof(rooms[i]));
    close(pairs.theirs[1]);
    pairs.theirs[1] = -1;
    list[2].fd = 1 << 20;
    assert_int_equal(send(pairs.theirs[3], "abcdef", 6, 0), 6);
    tg_ring_run(ring, list, 4);
    assert_int_equal(list[0].n, -EAGAIN);
    assert_int_equal(list[1].n, 0);
    assert_int_equal(list[2].n, -EBADF);
    assert_int_equal(list[3].n, 4);
    assert_memory_equal(rooms[3], "abcd", 4);
    tg_ring_run(ring, list + 3, 1);
    assert_int_equal(list[3].n, 2);
    close_pairs(&pairs);
}

static void fill_up(int fd)
{
    char bytes[4096] = {0};

    while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        continue;
    assert_int_equal(errno, EAGAIN);
}

/* One part, two, more than fits, one that takes nothing now, one that has gone: no signal comes. */
static void sends_what_goes(struct tg_ring *ring)
{
    static const size_t much = 16 << 20;
    struct pairs pairs = make_pairs();
    struct tg_transfer list[5];
    char *bytes = calloc(1, much), room[16];

    for (size_t i = 0; i < 5; i++)
        list[i] = transfer(pairs.ours[i], true, "head", 4);
    list[1].count = 2;
    list[1].parts[1] = (struct iovec){(char *)(""
                                               "body"),
                                      4};
    list[2].parts[0] = (struct iovec){bytes, much};
    fill_up(pairs.ours[3]);
    close(pairs.theirs[4]);
    pairs.theirs[4] = -1;
    tg_ring_run(ring, list, 5);
    assert_int_equal(list[0].n, 4);
    assert_int_equal(list[1].n, 8);
    assert_true(list[2].n > 0 && (size_t)list[2].n < much);
    assert_int_equal(list[3].n, -EAGAIN);
    assert_int_equal(list[4].n, -EPIPE);
    assert_int_equal(recv(pairs.theirs[0], room, sizeof(room), 0), 4);
    assert_int_equal(recv(pairs.theirs[1], room, sizeof(room), 0), 8);
    assert_memory_equal(room, "headbody", 8);
    free(bytes);
    close_pairs(&pairs);
}

static void does_all(struct tg_ring *ring)
{
    for (int round = 0; round < 3; round++) {
        receives_of_all(ring);
        receives_what_there_is(ring);
        sends_what_goes(ring);
    }
    tg_ring_run(ring, NULL, 0);
}

static void does_with_a_ring(void **state)
{
    struct tg_ring *ring = tg_ring_create();

    (void)state;
    if (ring == NULL)
        skip(); /* the system refuses */
    does_all(ring);
    tg_ring_destroy(ring);
}

static void does_without(void **state)
{
    (void)state;
    does_all(NULL);
    tg_ring_destroy(NULL);
}

/* From now on this process gets EPERM for that call of the system. */
static void forbid(unsigned number)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

    assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* What a test does to its process ends with it. */
static void in_a_child(void (*test)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        test();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void is_refused(void)
{
    forbid(SYS_io_uring_setup);
    errno = 0;
    if (tg_ring_create() != NULL || errno != EPERM)
        _exit(1);
}

static void lose_it(void)
{
    struct tg_ring *ring = tg_ring_create();

    does_all(ring);
    forbid(SYS_io_uring_enter);
    does_all(ring);
    tg_ring_destroy(ring);
}

static void is_none_when_refused(void **state)
{
    (void)state;
    in_a_child(is_refused);
}

static void goes_on_when_it_is_taken_away(void **state)
{
    (void)state;
    in_a_child(lose_it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(does_with_a_ring),
        cmocka_unit_test(does_without),
        cmocka_unit_test(is_none_when_refused),
        cmocka_unit_test(goes_on_when_it_is_taken_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
