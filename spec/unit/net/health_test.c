#include "net/health.h"

#include "unit.h"

static const struct tg_eject three = {.failures = 3, .time_ms = 100, .most_ms = 350};

static void break_down(struct tg_health *health, int times, uint64_t now_ms)
{
    for (int i = 0; i < times; i++)
        tg_health_bad(health, &three, now_ms, false);
}

static void is_well_until_so_many_failures_in_a_row(void **state)
{
    (void)state;
    struct tg_health health = {0};

    break_down(&health, 2, 1000);
    assert_int_equal(tg_health_state(&health, 1000), TG_HEALTH_WELL);
    tg_health_good(&health);
    break_down(&health, 2, 1000);
    assert_int_equal(tg_health_state(&health, 1000), TG_HEALTH_WELL);
    break_down(&health, 1, 1000);
    assert_int_equal(tg_health_state(&health, 1000), TG_HEALTH_OUT);
    assert_true(tg_health_is_out(&health));
    assert_int_equal(tg_health_ejections(&health), 1);
}

static void is_due_when_its_time_is_over_for_one_probe(void **state)
{
    (void)state;
    struct tg_health health = {0};

    assert_false(tg_health_probe(&health, 1000));
    break_down(&health, 3, 1000);
    assert_int_equal(tg_health_state(&health, 1099), TG_HEALTH_OUT);
    assert_false(tg_health_probe(&health, 1099));
    assert_int_equal(tg_health_state(&health, 1100), TG_HEALTH_DUE);
    assert_true(tg_health_probe(&health, 1100));
    assert_int_equal(tg_health_state(&health, 1100), TG_HEALTH_OUT);
    assert_false(tg_health_probe(&health, 1100));
    tg_health_unknown(&health);
    assert_true(tg_health_probe(&health, 1100));
    tg_health_good(&health);
    assert_int_equal(tg_health_state(&health, 1100), TG_HEALTH_WELL);
}

/* Probes that fail double the time up to its most; a good end begins anew. */
static void is_left_out_for_longer_each_time(void **state)
{
    (void)state;
    struct tg_health health = {0};
    uint64_t now_ms = 1000;
    static const uint64_t times_ms[] = {100, 200, 350, 350};

    break_down(&health, 3, now_ms);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(tg_health_state(&health, now_ms + times_ms[i] - 1), TG_HEALTH_OUT);
        now_ms += times_ms[i];
        assert_true(tg_health_probe(&health, now_ms));
        tg_health_bad(&health, &three, now_ms, true);
    }
    assert_int_equal(tg_health_ejections(&health), 5);
    now_ms += 350;
    assert_true(tg_health_probe(&health, now_ms));
    tg_health_good(&health);
    break_down(&health, 3, now_ms);
    assert_int_equal(tg_health_state(&health, now_ms + 100), TG_HEALTH_DUE);
}

static void late_failures_change_nothing(void **state)
{
    (void)state;
    struct tg_health health = {0};

    break_down(&health, 3, 1000);
    break_down(&health, 10, 1050);
    assert_int_equal(tg_health_state(&health, 1100), TG_HEALTH_DUE);
    assert_int_equal(tg_health_ejections(&health), 1);
}

static void is_never_out_without_a_number_of_failures(void **state)
{
    (void)state;
    struct tg_health health = {0};
    struct tg_eject never = {.time_ms = 100, .most_ms = 100};

    for (int i = 0; i < 100; i++)
        tg_health_bad(&health, &never, 1000, false);
    assert_int_equal(tg_health_state(&health, 1000), TG_HEALTH_WELL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_well_until_so_many_failures_in_a_row),
        cmocka_unit_test(is_due_when_its_time_is_over_for_one_probe),
        cmocka_unit_test(is_left_out_for_longer_each_time),
        cmocka_unit_test(late_failures_change_nothing),
        cmocka_unit_test(is_never_out_without_a_number_of_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
