/* Gives back to the system what malloc has kept and nobody has needed for a minute, and keeps the
 * process below a bound while that is enough. */
#ifndef TG_GATE_SPARE_H
#define TG_GATE_SPARE_H

#include <stddef.h>
#include <stdint.h>

/* One thread uses it; times are monotonic. */
struct tg_spare {
    uint64_t look_ms, due_ms; /* the next look; when the minute is over */
    size_t least;             /* what was free at every look of this minute */
    size_t kept;              /* what was still free when the last was given back */
    uint64_t again_ms;        /* not before that is it given back for a bound */
};

void tg_spare_init(struct tg_spare *spare, uint64_t now_ms);

/* To be called about once a second. Who allocates waits while memory is given back: about 0.1 ms a
 * megabyte. */
void tg_spare_look(struct tg_spare *spare, uint64_t now_ms);

/* Bytes that the process holds; when they are more than `most`, what is left without the free ones.
 * Those are given back for this at most once a minute. */
size_t tg_spare_resident(struct tg_spare *spare, size_t most, uint64_t now_ms);

#endif
