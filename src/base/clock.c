#include "base/clock.h"

#include <poll.h>
#include <time.h>

static uint64_t read_ns(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t tg_clock_monotonic_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

uint64_t tg_clock_monotonic_ms(void)
{
    return read_ns(CLOCK_MONOTONIC) / 1000000u;
}

uint64_t tg_clock_rough_ns(void)
{
    return read_ns(CLOCK_MONOTONIC_COARSE);
}

bool tg_clock_wait(const _Atomic bool *flag, uint64_t until_ms)
{
    enum { STEP_MS = 1 };

    while (!atomic_load(flag)) {
        if (tg_clock_monotonic_ms() >= until_ms)
            return false;
        poll(NULL, 0, STEP_MS);
    }
    return true;
}

uint64_t tg_clock_thread_cpu_ns(void)
{
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

int64_t tg_clock_wall_ms(void)
{
    return (int64_t)(read_ns(CLOCK_REALTIME) / 1000000u);
}

double tg_clock_wall(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t system_monotonic_ms(const struct tg_clock *self)
{
    (void)self;
    return tg_clock_monotonic_ms();
}

static double system_wall(const struct tg_clock *self)
{
    (void)self;
    return tg_clock_wall();
}

const struct tg_clock tg_clock_system = {system_monotonic_ms, system_wall};

static void put_digits(char *out, unsigned value, int width)
{
    for (int i = width - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
}

void tg_clock_text(char out[TG_CLOCK_TEXT], int64_t wall_ms)
{
    static const char shape[] = "0000-00-00T00:00:00.000Z";
    int64_t ms = wall_ms % 1000;
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm date;

    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    gmtime_r(&seconds, &date);
    for (size_t i = 0; i < sizeof(shape); i++)
        out[i] = shape[i];
    put_digits(out, (unsigned)(date.tm_year + 1900), 4);
    put_digits(out + 5, (unsigned)(date.tm_mon + 1), 2);
    put_digits(out + 8, (unsigned)date.tm_mday, 2);
    put_digits(out + 11, (unsigned)date.tm_hour, 2);
    put_digits(out + 14, (unsigned)date.tm_min, 2);
    put_digits(out + 17, (unsigned)date.tm_sec, 2);
    put_digits(out + 20, (unsigned)ms, 3);
}
