#include "base/clock.h"
#include "unit.h"

static void expect_text(int64_t wall_ms, const char *want)
{
    char text[TG_CLOCK_TEXT];

    tg_clock_text(text, wall_ms);
    assert_string_equal(text, want);
}

static void writes_dates(void **state)
{
    (void)state;
    expect_text(0, "1970-01-01T00:00:00.000Z");
    expect_text(951782400123, "2000-02-29T00:00:00.123Z");
    expect_text(1767323045678, "2026-01-02T03:04:05.678Z");
    expect_text(-1, "1969-12-31T23:59:59.999Z");
    expect_text(-1000, "1969-12-31T23:59:59.000Z");
    expect_text(253402300799999, "9999-12-31T23:59:59.999Z");
}

static void goes_forward(void **state)
{
    (void)state;
    uint64_t before = tg_clock_monotonic_ns(), before_ms = tg_clock_monotonic_ms();
    uint64_t cpu = tg_clock_thread_cpu_ns();
    volatile unsigned sum = 0;

    while (tg_clock_thread_cpu_ns() < cpu + 2000000)
        sum = sum + 1;
    assert_true(tg_clock_monotonic_ns() >= before + 2000000);
    assert_true(tg_clock_monotonic_ms() >= before_ms + 1);
}

static void agrees_with_itself(void **state)
{
    (void)state;
    double seconds = tg_clock_wall();
    int64_t ms = tg_clock_wall_ms();

    assert_true(ms >= (int64_t)(seconds * 1000) && ms < (int64_t)(seconds * 1000) + 60000);
    assert_true(seconds > 1.7e9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_dates),
        cmocka_unit_test(goes_forward),
        cmocka_unit_test(agrees_with_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
