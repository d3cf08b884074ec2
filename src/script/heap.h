/* The memory of one Lua state: small blocks from slabs, for Lua asks for many and says their sizes.
 */
#ifndef TG_SCRIPT_HEAP_H
#define TG_SCRIPT_HEAP_H

#include <stdbool.h>
#include <stddef.h>

enum {
    TG_HEAP_STEP = 16,
    TG_HEAP_SMALL = 512, /* larger blocks are malloc's */
    TG_HEAP_CLASSES = TG_HEAP_SMALL / TG_HEAP_STEP,
};

struct tg_slab;

/* All zero is an empty heap. One thread at a time uses it. */
struct tg_heap {
    size_t used;                              /* bytes that Lua holds, as it counts them */
    size_t limit;                             /* the most that `used` may become */
    struct tg_slab *partial[TG_HEAP_CLASSES]; /* slabs of a class with a free block */
    struct tg_slab *spare;                    /* one that is empty, kept for the next need */
};

/* What a lua_Alloc does for a size above 0: NULL when the limit is in the way, or no memory is
 * left; then the block stays as it is. */
void *tg_heap_resize(struct tg_heap *heap, void *block, size_t old, size_t size);

/* And for a size of 0. */
void tg_heap_free(struct tg_heap *heap, void *block, size_t size);

/* Counts bytes that values of the state hold elsewhere; false when the limit is in the way. */
bool tg_heap_hold(struct tg_heap *heap, size_t bytes);
void tg_heap_release(struct tg_heap *heap, size_t bytes);

/* Gives back what is left; every block must have been freed. */
void tg_heap_dispose(struct tg_heap *heap);

#endif
