/* Clocks: monotonic for durations, wall for dates, CPU of the calling thread for limits. */
#ifndef TG_BASE_CLOCK_H
#define TG_BASE_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the time comes from that timers and scripts go by: the system's, or that of a spec. */
struct tg_clock {
    uint64_t (*monotonic_ms)(const struct tg_clock *self); /* since an unnamed start */
    double (*wall)(const struct tg_clock *self);           /* seconds since the epoch */
};

extern const struct tg_clock tg_clock_system;

/* Monotonic time since an unnamed start. */
uint64_t tg_clock_monotonic_ns(void);
uint64_t tg_clock_monotonic_ms(void);

/* The monotonic time of some milliseconds ago at most, for next to nothing. */
uint64_t tg_clock_rough_ns(void);

/* Waits until another thread has set the flag, or that monotonic time; for ends, where a moment
 * more does not matter. False when the time is over first. */
bool tg_clock_wait(const _Atomic bool *flag, uint64_t until_ms);

/* CPU time that the calling thread has used. */
uint64_t tg_clock_thread_cpu_ns(void);

/* Milliseconds since the epoch; may jump when the machine's clock is set. */
int64_t tg_clock_wall_ms(void);

/* Seconds since the epoch, with fractions. */
double tg_clock_wall(void);

enum { TG_CLOCK_TEXT = 25 }; /* room for a date, with its NUL */

/* Writes a wall time as 2026-01-02T03:04:05.678Z (RFC 3339, UTC; years 0 to 9999 only). */
void tg_clock_text(char out[TG_CLOCK_TEXT], int64_t wall_ms);

#endif
