/* libh2o and all of ours take memory out of pools, twenty times a request and more. What fits into
 * the chunk that a pool has at hand is taken here; all else is libh2o's. */
#include <h2o.h>

#include "gate/seams.h"
#include "gate/theirs.h"

enum {
    LINK = 16,                /* at the beginning of a chunk, which pool->chunks points to */
    CHUNK = 4096 - LINK,      /* what follows; pool->chunk_offset of it are used */
    SMALL = (CHUNK >> 2) - 1, /* what is more has a block of its own */
};

typedef void *alloc_pool(h2o_mem_pool_t *, size_t);

static alloc_pool *theirs(void)
{
    static _Atomic(void *) found;
    alloc_pool *alloc;

    *(void **)&alloc = tg_theirs(&found, "h2o_mem_alloc_pool");
    return alloc;
}

/* By itself, so that the usual way has no registers to save. */
__attribute__((noinline)) static void *take_elsewhere(h2o_mem_pool_t *pool, size_t size)
{
    return theirs()(pool, size);
}

void *h2o_mem_alloc_pool(h2o_mem_pool_t *pool, size_t size)
{
    size_t begin = pool->chunk_offset, end = begin + (size + 15) / 16 * 16;

    if (size == 0 || size > SMALL || end > CHUNK)
        return take_elsewhere(pool, size);
    pool->chunk_offset = end;
    return (char *)pool->chunks + LINK + begin;
}

bool tg_seam_pool_is_right(void)
{
    h2o_mem_pool_t pool;
    const size_t used = 16 + (SMALL + 15) / 16 * 16;
    size_t empty;
    bool is_right;

    h2o_mem_init_pool(&pool);
    empty = pool.chunk_offset;
    char *first = theirs()(&pool, 1), *second = theirs()(&pool, SMALL);
    is_right = empty == CHUNK && first == (char *)pool.chunks + LINK && second == first + 16 &&
               pool.chunk_offset == used && pool.directs == NULL;
    theirs()(&pool, SMALL + 1);
    is_right = is_right && pool.chunk_offset == used && pool.directs != NULL;
    h2o_mem_clear_pool(&pool);
    return is_right;
}
