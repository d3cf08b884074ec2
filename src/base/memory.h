/* The memory of the process, as the system and as malloc count it. */
#ifndef TG_BASE_MEMORY_H
#define TG_BASE_MEMORY_H

#include <stddef.h>

struct tg_memory {
    size_t resident; /* bytes that the process holds; 0: not known */
    size_t own;      /* those of them with no file behind them */
    size_t used;     /* bytes that malloc has given out and not got back */
};

/* Any thread; others that allocate wait for well under a millisecond. */
void tg_memory_read(struct tg_memory *memory);

#endif
