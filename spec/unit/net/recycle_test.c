#include "net/recycle.h"

#include <string.h>

#include "unit.h"

static void gives_a_block_again(void **state)
{
    struct tg_recycle recycle = {0};
    char *a = tg_recycle_take(&recycle), *b = tg_recycle_take(&recycle);

    (void)state;
    assert_ptr_not_equal(a, b);
    memset(a, 'a', TG_RECYCLE_SIZE);
    memset(b, 'b', TG_RECYCLE_SIZE);
    tg_recycle_give(&recycle, a);
    tg_recycle_give(&recycle, b);
#ifndef TG_SANITIZED
    assert_int_equal(recycle.count, 2);
    assert_ptr_equal(tg_recycle_take(&recycle), b);
    assert_ptr_equal(tg_recycle_take(&recycle), a);
    tg_recycle_give(&recycle, a);
    tg_recycle_give(&recycle, b);
#endif
    tg_recycle_dispose(&recycle);
    assert_int_equal(recycle.count, 0);
}

static void keeps_no_more_than_its_most(void **state)
{
    struct tg_recycle recycle = {0};
    void *blocks[TG_RECYCLE_MOST + 5];

    (void)state;
    for (size_t i = 0; i < TG_RECYCLE_MOST + 5; i++)
        blocks[i] = tg_recycle_take(&recycle);
    for (size_t i = 0; i < TG_RECYCLE_MOST + 5; i++)
        tg_recycle_give(&recycle, blocks[i]);
    assert_true(recycle.count <= TG_RECYCLE_MOST);
    tg_recycle_dispose(&recycle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_a_block_again),
        cmocka_unit_test(keeps_no_more_than_its_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
