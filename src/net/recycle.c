#include "net/recycle.h"

#include <stdbool.h>
#include <stdlib.h>
#include <h2o/memory.h>

void *tg_recycle_take(struct tg_recycle *recycle)
{
    void **block = recycle->first;

    if (block == NULL)
        return h2o_mem_alloc(TG_RECYCLE_SIZE);
    recycle->first = *block;
    recycle->count--;
    return block;
}

/* A sanitizer wants to see who uses a block that was given back. */
static bool keeps(const struct tg_recycle *recycle)
{
#ifdef TG_SANITIZED
    (void)recycle;
    return false;
#else
    return recycle->count < TG_RECYCLE_MOST;
#endif
}

void tg_recycle_give(struct tg_recycle *recycle, void *block)
{
    if (!keeps(recycle)) {
        free(block);
        return;
    }
    *(void **)block = recycle->first;
    recycle->first = block;
    recycle->count++;
}

void tg_recycle_dispose(struct tg_recycle *recycle)
{
    for (void **block = recycle->first, **next; block != NULL; block = next) {
        next = *block;
        free(block);
    }
    *recycle = (struct tg_recycle){0};
}
