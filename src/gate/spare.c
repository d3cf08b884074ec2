#include "gate/spare.h"

#include <malloc.h>

#include "base/memory.h"

enum {
    LOOK_MS = 10 * 1000,
    MINUTE_MS = 60 * 1000,
    WORTH = 16 * 1024 * 1024, /* bytes; less of it is kept for the next need */
};

/* What is not malloc's, such as the cache's, looks free: for that there is `kept`. */
static size_t free_now(void)
{
    struct tg_memory memory;

    tg_memory_read(&memory);
    return memory.own > memory.used ? memory.own - memory.used : 0;
}

static void give_back(struct tg_spare *spare)
{
    malloc_trim(0);
    spare->kept = free_now();
}

static void begin_minute(struct tg_spare *spare, uint64_t now_ms)
{
    spare->least = SIZE_MAX;
    spare->due_ms = now_ms + MINUTE_MS;
}

void tg_spare_init(struct tg_spare *spare, uint64_t now_ms)
{
    *spare = (struct tg_spare){.look_ms = now_ms + LOOK_MS};
    begin_minute(spare, now_ms);
}

void tg_spare_look(struct tg_spare *spare, uint64_t now_ms)
{
    if (now_ms < spare->look_ms)
        return;
    size_t now = free_now();
    spare->look_ms = now_ms + LOOK_MS;
    if (now < spare->least)
        spare->least = now;
    if (now < spare->kept)
        spare->kept = now;
    if (now_ms < spare->due_ms)
        return;
    if (spare->least > spare->kept + WORTH)
        give_back(spare);
    begin_minute(spare, now_ms);
}

size_t tg_spare_resident(struct tg_spare *spare, size_t most, uint64_t now_ms)
{
    struct tg_memory memory;

    tg_memory_read(&memory);
    if (memory.resident <= most || now_ms < spare->again_ms)
        return memory.resident;
    spare->again_ms = now_ms + MINUTE_MS;
    give_back(spare);
    tg_memory_read(&memory);
    return memory.resident;
}
