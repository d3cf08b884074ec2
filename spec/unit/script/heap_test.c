#include "script/heap.h"
#include <stdlib.h>
#include "unit.h"

static void gives_blocks_that_do_not_overlap(void **state)
{
    struct tg_heap heap = {.limit = 1 << 24};
    enum { COUNT = 5000 };
    unsigned char *blocks[COUNT];
    size_t sizes[COUNT];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        sizes[i] = 1 + i * 7 % 700;
        blocks[i] = tg_heap_resize(&heap, NULL, 0, sizes[i]);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)(i & 0xff), sizes[i]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(blocks[i][k], i & 0xff);
        tg_heap_free(&heap, blocks[i], sizes[i]);
    }
    assert_int_equal(heap.used, 0);
    tg_heap_dispose(&heap);
}

static void keeps_what_a_block_holds_when_it_is_resized(void **state)
{
    struct tg_heap heap = {.limit = 1 << 20};
    static const size_t sizes[] = {8, 16, 17, 500, 512, 513, 9000, 512, 40, 3};
    size_t old = 0;
    char *block = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        block = tg_heap_resize(&heap, block, old, sizes[i]);
        assert_non_null(block);
        if (i == 0)
            memcpy(block, "abc", 3);
        assert_memory_equal(block, "abc", 3);
        assert_int_equal(heap.used, sizes[i]);
        old = sizes[i];
    }
    tg_heap_free(&heap, block, old);
    tg_heap_dispose(&heap);
}

static void refuses_the_first_byte_above_its_limit(void **state)
{
    struct tg_heap heap = {.limit = 1000};

    (void)state;
    void *first = tg_heap_resize(&heap, NULL, 0, 600);
    void *second = tg_heap_resize(&heap, NULL, 0, 400);
    assert_non_null(second);
    assert_null(tg_heap_resize(&heap, NULL, 0, 1));
    assert_null(tg_heap_resize(&heap, second, 400, 401));
    assert_int_equal(heap.used, 1000);
    second = tg_heap_resize(&heap, second, 400, 399);
    assert_non_null(tg_heap_resize(&heap, second, 399, 400));
    tg_heap_free(&heap, first, 600);
    tg_heap_free(&heap, second, 400);
    assert_int_equal(heap.used, 0);
    tg_heap_dispose(&heap);
}

static void shrinking_always_works_at_the_limit(void **state)
{
    struct tg_heap heap = {.limit = 600};

    (void)state;
    void *block = tg_heap_resize(&heap, NULL, 0, 600);
    block = tg_heap_resize(&heap, block, 600, 100);
    assert_non_null(block);
    assert_int_equal(heap.used, 100);
    tg_heap_free(&heap, block, 100);
    tg_heap_dispose(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_blocks_that_do_not_overlap),
        cmocka_unit_test(keeps_what_a_block_holds_when_it_is_resized),
        cmocka_unit_test(refuses_the_first_byte_above_its_limit),
        cmocka_unit_test(shrinking_always_works_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
