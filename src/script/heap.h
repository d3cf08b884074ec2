/* The memory of one Lua state: small blocks from slabs, for Lua asks for many and says their sizes.
 */
#ifndef TG_SCRIPT_HEAP_H
#define TG_SCRIPT_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TG_HEAP_STEP = 16,
    TG_HEAP_SMALL = 512, /* larger blocks are malloc's */
    TG_HEAP_CLASSES = TG_HEAP_SMALL / TG_HEAP_STEP,
    TG_HEAP_SLAB = 32 * 1024,
};

/* A free block holds the way to the next one. */
struct tg_heap_block {
    struct tg_heap_block *next;
};

/* At the begin of a run of TG_HEAP_SLAB bytes that is aligned to its size: a block finds it by its
 * address. */
struct tg_slab {
    struct tg_slab *next, *prev; /* among those with a free block */
    struct tg_heap_block *free;
    uint32_t left;  /* blocks that are not in use */
    uint32_t count; /* blocks in all */
    uint32_t fresh; /* offset of the first block that was never in use */
    uint32_t size;  /* of a block */
    uint32_t class;
};

/* All zero is an empty heap. One thread at a time uses it. */
struct tg_heap {
    size_t used;                              /* bytes that Lua holds, as it counts them */
    size_t limit;                             /* the most that `used` may become */
    struct tg_slab *partial[TG_HEAP_CLASSES]; /* slabs of a class with a free block */
    struct tg_slab *spare;                    /* one that is empty, kept for the next need */
};

/* For what is below: a slab of the class with a free block, or NULL; and what becomes of one that
 * has now no free block, one again, or no block in use. */
struct tg_slab *tg_heap_make_slab(struct tg_heap *heap, uint32_t class);
void tg_heap_unlink_slab(struct tg_heap *heap, struct tg_slab *slab);
void tg_heap_link_slab(struct tg_heap *heap, struct tg_slab *slab);
void tg_heap_retire_slab(struct tg_heap *heap, struct tg_slab *slab);

static inline void *tg_heap_take_small(struct tg_heap *heap, size_t size)
{
    uint32_t class = (uint32_t)((size - 1) / TG_HEAP_STEP);
    struct tg_slab *slab = heap->partial[class];

    if (slab == NULL && (slab = tg_heap_make_slab(heap, class)) == NULL)
        return NULL;
    struct tg_heap_block *block = slab->free;
    if (block != NULL) {
        slab->free = block->next;
        /* The next one has been free for long, and is in no near cache. */
        __builtin_prefetch(slab->free, 1);
    } else {
        block = (struct tg_heap_block *)((char *)slab + slab->fresh);
        slab->fresh += slab->size;
    }
    if (--slab->left == 0)
        tg_heap_unlink_slab(heap, slab);
    return block;
}

static inline void tg_heap_give_small(struct tg_heap *heap, void *memory)
{
    struct tg_slab *slab = (struct tg_slab *)((uintptr_t)memory & ~(uintptr_t)(TG_HEAP_SLAB - 1));
    struct tg_heap_block *block = memory;

    block->next = slab->free;
    slab->free = block;
    if (slab->left++ == 0)
        tg_heap_link_slab(heap, slab);
    else if (slab->left == slab->count)
        tg_heap_retire_slab(heap, slab);
}

/* What a lua_Alloc does for a size above 0: NULL when the limit is in the way, or no memory is
 * left; then the block stays as it is. */
void *tg_heap_resize(struct tg_heap *heap, void *block, size_t old, size_t size);

/* The same for a new block; Lua makes tens of small ones a request. */
static inline void *tg_heap_new(struct tg_heap *heap, size_t size)
{
    if (size > TG_HEAP_SMALL || heap->used + size > heap->limit)
        return tg_heap_resize(heap, NULL, 0, size);
    void *block = tg_heap_take_small(heap, size);
    if (block != NULL)
        heap->used += size;
    return block;
}

/* And for a size of 0: large blocks. */
void tg_heap_free_large(struct tg_heap *heap, void *block, size_t size);

static inline void tg_heap_free(struct tg_heap *heap, void *block, size_t size)
{
    if (block == NULL || size > TG_HEAP_SMALL) {
        tg_heap_free_large(heap, block, size);
        return;
    }
    heap->used -= size;
    tg_heap_give_small(heap, block);
}

/* Counts bytes that values of the state hold elsewhere; false when the limit is in the way. */
bool tg_heap_hold(struct tg_heap *heap, size_t bytes);
void tg_heap_release(struct tg_heap *heap, size_t bytes);

/* Gives back what is left; every block must have been freed. */
void tg_heap_dispose(struct tg_heap *heap);

#endif
