#include "store/room.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { MANY = 3000, TURNS = 60000, MB = 1 << 20 };

struct piece {
    unsigned char *memory;
    size_t size;
    unsigned char mark;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void check(const struct piece *piece)
{
    for (size_t i = 0; i < piece->size; i += 61)
        assert_int_equal(piece->memory[i], piece->mark);
    if (piece->size != 0)
        assert_int_equal(piece->memory[piece->size - 1], piece->mark);
}

static void let_go(struct tg_room *room, struct piece *piece)
{
    if (piece->memory == NULL)
        return;
    check(piece);
    tg_room_free(room, piece->memory);
    piece->memory = NULL;
}

/* Most are small, some are big, few take a mapping of their own. */
static size_t any_size(uint64_t *state)
{
    uint64_t kind = next_random(state) % 100, size = next_random(state);

    return kind < 70 ? size % 2000 : kind < 99 ? size % 60000 : size % (2 * MB);
}

static void turn(struct tg_room *room, struct piece *pieces, uint64_t *state)
{
    struct piece *piece = &pieces[next_random(state) % MANY];

    let_go(room, piece);
    size_t size = any_size(state);
    *piece = (struct piece){tg_room_alloc(room, size), size, (unsigned char)next_random(state)};
    assert_int_equal((uintptr_t)piece->memory % 16, 0);
    assert_true(tg_room_size(piece->memory) >= size);
    memset(piece->memory, piece->mark, size);
}

static void pieces_do_not_touch(void **state)
{
    struct piece *pieces = calloc(MANY, sizeof(*pieces));
    struct tg_room *room = tg_room_create();
    uint64_t random = 88172645463325252u;

    (void)state;
    for (int i = 0; i < TURNS; i++)
        turn(room, pieces, &random);
    for (int i = 0; i < MANY; i++)
        let_go(room, &pieces[i]);
    assert_int_equal(tg_room_mapped(room), 4 * MB); /* all is one again, and one pool is kept */
    tg_room_destroy(room);
    free(pieces);
}

static void little_is_lost_between_them(void **state)
{
    struct piece *pieces = calloc(MANY, sizeof(*pieces));
    struct tg_room *room = tg_room_create();
    uint64_t random = 362436069u;
    size_t used = 0;

    (void)state;
    for (int i = 0; i < TURNS; i++)
        turn(room, pieces, &random);
    for (int i = 0; i < MANY; i++)
        used += pieces[i].memory != NULL ? tg_room_size(pieces[i].memory) : 0;
    assert_true(tg_room_mapped(room) < used + used / 4 + 8 * MB);
    for (int i = 0; i < MANY; i++)
        let_go(room, &pieces[i]);
    tg_room_destroy(room);
    free(pieces);
}

static void sizes_at_the_edges_fit(void **state)
{
    struct tg_room *room = tg_room_create();

    (void)state;
    for (size_t size = 0; size < 300; size++) {
        unsigned char *memory = tg_room_alloc(room, size);
        memset(memory, 1, size);
        assert_true(tg_room_size(memory) <= (size < 32 ? 48 : size + 16 + 32 + 15));
        tg_room_free(room, memory);
    }
    for (size_t size = MB - 40; size < MB + 40; size++) {
        unsigned char *memory = tg_room_alloc(room, size);
        memory[0] = memory[size - 1] = 1;
        tg_room_free(room, memory);
    }
    assert_int_equal(tg_room_mapped(room), 4 * MB);
    tg_room_destroy(room);
}

static void it_goes_with_its_last_piece(void **state)
{
    struct tg_room *room = tg_room_create();
    unsigned char *one = tg_room_alloc(room, 100), *other = tg_room_alloc(room, 3 * MB);

    (void)state;
    tg_room_destroy(room);
    memset(one, 1, 100);
    tg_room_free(room, one);
    memset(other, 1, 3 * MB);
    tg_room_free(room, other);
    tg_room_destroy(tg_room_create());
}

static void *use(void *room)
{
    struct piece *pieces = calloc(MANY, sizeof(*pieces));
    uint64_t random = (uintptr_t)pieces | 1;

    for (int i = 0; i < TURNS / 4; i++)
        turn(room, pieces, &random);
    for (int i = 0; i < MANY; i++)
        let_go(room, &pieces[i]);
    free(pieces);
    return NULL;
}

static void any_thread_may_use_it(void **state)
{
    struct tg_room *room = tg_room_create();
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, use, room);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(tg_room_mapped(room), 4 * MB);
    tg_room_destroy(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_do_not_touch),    cmocka_unit_test(little_is_lost_between_them),
        cmocka_unit_test(sizes_at_the_edges_fit), cmocka_unit_test(it_goes_with_its_last_piece),
        cmocka_unit_test(any_thread_may_use_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
