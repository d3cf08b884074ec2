#include "gate/spare.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "unit.h"

#define MEGABYTE ((size_t)1024 * 1024)

enum { BLOCK = 32 * 1024, SECOND = 1000 };

/* Those of sanitizers keep other books. */
static void need_the_usual_malloc(void)
{
#ifdef TG_SANITIZED
    skip();
#endif
}

static size_t resident(void)
{
    struct tg_memory memory;

    tg_memory_read(&memory);
    return memory.resident;
}

/* What is allocated and freed here lies below a block that stays: malloc can't give it back by
 * itself. */
struct hill {
    void *blocks[1024];
    size_t count;
    void *volatile top; /* or the compiler leaves it out */
};

static void pile_up(struct hill *hill, size_t megabytes)
{
    *hill = (struct hill){.count = megabytes * MEGABYTE / BLOCK};
    for (size_t i = 0; i < hill->count; i++) {
        hill->blocks[i] = malloc(BLOCK);
        assert_non_null(hill->blocks[i]);
        memset(hill->blocks[i], 'x', BLOCK);
    }
    hill->top = malloc(BLOCK);
}

static void let_go(struct hill *hill)
{
    for (size_t i = 0; i < hill->count; i++)
        free(hill->blocks[i]);
    hill->count = 0;
}

/* Looks every ten seconds from a time until another one. */
static void look(struct tg_spare *spare, uint64_t from, uint64_t until)
{
    for (uint64_t now = from; now <= until; now += 10)
        tg_spare_look(spare, now * SECOND);
}

static void knows_what_is_held(void **state)
{
    (void)state;
    struct tg_memory memory;
    struct tg_spare spare;

    tg_memory_read(&memory);
    assert_true(memory.own > 0 && memory.resident >= memory.own);
    tg_spare_init(&spare, 0);
    assert_true(tg_spare_resident(&spare, SIZE_MAX, 0) >= memory.resident / 2);
}

static void knows_what_is_in_use(void **state)
{
    (void)state;
    struct tg_memory before, after;
    struct hill hill;

    need_the_usual_malloc();
    tg_memory_read(&before);
    pile_up(&hill, 20);
    tg_memory_read(&after);
    assert_true(after.used - before.used >= 20 * MEGABYTE);
    assert_true(after.used - before.used < 21 * MEGABYTE);
    assert_true(after.own >= before.own + 19 * MEGABYTE);
    let_go(&hill);
    tg_memory_read(&after);
    assert_true(after.used - before.used < MEGABYTE);
    assert_true(after.own >= before.own + 19 * MEGABYTE);
    free(hill.top);
    malloc_trim(0);
}

static void gives_back_what_was_free_for_a_minute(void **state)
{
    (void)state;
    struct tg_spare spare;
    struct hill hill;

    need_the_usual_malloc();
    tg_spare_init(&spare, 0);
    pile_up(&hill, 30);
    let_go(&hill);
    size_t before = resident();
    look(&spare, 10, 50);
    assert_true(resident() + MEGABYTE > before);
    look(&spare, 60, 60);
    assert_true(resident() + 29 * MEGABYTE < before);
    free(hill.top);
}

static void keeps_what_was_needed_in_that_minute(void **state)
{
    (void)state;
    struct tg_spare spare;
    struct hill hill;

    need_the_usual_malloc();
    tg_spare_init(&spare, 0);
    look(&spare, 10, 20);
    pile_up(&hill, 30);
    look(&spare, 30, 30);
    let_go(&hill);
    size_t before = resident();
    look(&spare, 40, 110);
    assert_true(resident() + MEGABYTE > before);
    look(&spare, 120, 120);
    assert_true(resident() + 29 * MEGABYTE < before);
    free(hill.top);
}

static void keeps_a_little(void **state)
{
    (void)state;
    struct tg_spare spare;
    struct hill hill;

    need_the_usual_malloc();
    tg_spare_init(&spare, 0);
    pile_up(&hill, 8);
    let_go(&hill);
    size_t before = resident();
    look(&spare, 10, 300);
    assert_true(resident() + MEGABYTE > before);
    free(hill.top);
}

/* Memory that is not malloc's looks free. It is tried once. */
static void learns_what_it_cannot_give_back(void **state)
{
    (void)state;
    struct tg_spare spare;
    struct hill hill;
    size_t size = 32 * MEGABYTE;
    void *other = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    need_the_usual_malloc();
    assert_true(other != MAP_FAILED);
    memset(other, 'x', size);
    tg_spare_init(&spare, 0);
    look(&spare, 10, 60);
    assert_true(spare.kept >= size - MEGABYTE);
    pile_up(&hill, 8);
    let_go(&hill);
    size_t before = resident();
    look(&spare, 70, 300);
    assert_true(resident() + MEGABYTE > before);
    munmap(other, size);
    look(&spare, 310, 310);
    assert_true(spare.kept < size / 2);
    free(hill.top);
}

static void keeps_below_a_bound(void **state)
{
    (void)state;
    struct tg_spare spare;
    struct hill hill;

    need_the_usual_malloc();
    tg_spare_init(&spare, 0);
    size_t before = resident();
    pile_up(&hill, 30);
    assert_true(tg_spare_resident(&spare, before + 40 * MEGABYTE, 0) > before + 29 * MEGABYTE);
    let_go(&hill);
    assert_true(tg_spare_resident(&spare, before + 40 * MEGABYTE, 0) > before + 29 * MEGABYTE);
    assert_true(tg_spare_resident(&spare, before + 20 * MEGABYTE, 0) < before + MEGABYTE);
    free(hill.top);
    pile_up(&hill, 30);
    let_go(&hill);
    assert_true(tg_spare_resident(&spare, before + 20 * MEGABYTE, 59000) > before + 29 * MEGABYTE);
    assert_true(tg_spare_resident(&spare, before + 20 * MEGABYTE, 60000) < before + MEGABYTE);
    free(hill.top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_is_held),
        cmocka_unit_test(knows_what_is_in_use),
        cmocka_unit_test(gives_back_what_was_free_for_a_minute),
        cmocka_unit_test(keeps_what_was_needed_in_that_minute),
        cmocka_unit_test(keeps_a_little),
        cmocka_unit_test(learns_what_it_cannot_give_back),
        cmocka_unit_test(keeps_below_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
