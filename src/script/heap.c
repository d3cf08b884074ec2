#include "script/heap.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SLAB_BYTES = 32 * 1024 };

/* A free block holds the way to the next one. */
struct block {
    struct block *next;
};

/* At the begin of a run of SLAB_BYTES that is aligned to its size: a block finds it by its address.
 */
struct tg_slab {
    struct tg_slab *next, *prev; /* among those with a free block */
    struct block *free;
    uint32_t left;  /* blocks that are not in use */
    uint32_t count; /* blocks in all */
    uint32_t fresh; /* offset of the first block that was never in use */
    uint32_t size;  /* of a block */
    uint32_t class;
};

enum { FIRST_BLOCK = (sizeof(struct tg_slab) + TG_HEAP_STEP - 1) / TG_HEAP_STEP * TG_HEAP_STEP };

static struct tg_slab *slab_of(void *block)
{
    return (struct tg_slab *)((uintptr_t)block & ~(uintptr_t)(SLAB_BYTES - 1));
}

static void link_slab(struct tg_heap *heap, struct tg_slab *slab)
{
    struct tg_slab *first = heap->partial[slab->class];

    slab->prev = NULL;
    slab->next = first;
    if (first != NULL)
        first->prev = slab;
    heap->partial[slab->class] = slab;
}

static void unlink_slab(struct tg_heap *heap, struct tg_slab *slab)
{
    if (slab->prev != NULL)
        slab->prev->next = slab->next;
    else
        heap->partial[slab->class] = slab->next;
    if (slab->next != NULL)
        slab->next->prev = slab->prev;
}

static struct tg_slab *make_slab(struct tg_heap *heap, uint32_t class)
{
    struct tg_slab *slab = heap->spare;

    heap->spare = NULL;
    if (slab == NULL)
        slab = aligned_alloc(SLAB_BYTES, SLAB_BYTES);
    if (slab == NULL)
        return NULL;
    uint32_t size = (class + 1) * TG_HEAP_STEP, count = (SLAB_BYTES - FIRST_BLOCK) / size;
    *slab = (struct tg_slab){
        .left = count, .count = count, .fresh = FIRST_BLOCK, .size = size, .class = class};
    link_slab(heap, slab);
    return slab;
}

static inline void *take(struct tg_heap *heap, size_t size)
{
    uint32_t class = (uint32_t)((size - 1) / TG_HEAP_STEP);
    struct tg_slab *slab = heap->partial[class];

    if (slab == NULL && (slab = make_slab(heap, class)) == NULL)
        return NULL;
    struct block *block = slab->free;
    if (block != NULL) {
        slab->free = block->next;
    } else {
        block = (struct block *)((char *)slab + slab->fresh);
        slab->fresh += slab->size;
    }
    if (--slab->left == 0)
        unlink_slab(heap, slab);
    return block;
}

/* None of its blocks is in use. */
static __attribute__((noinline)) void retire(struct tg_heap *heap, struct tg_slab *slab)
{
    unlink_slab(heap, slab);
    if (heap->spare == NULL)
        heap->spare = slab;
    else
        free(slab);
}

static inline void give(struct tg_heap *heap, void *memory)
{
    struct tg_slab *slab = slab_of(memory);
    struct block *block = memory;

    block->next = slab->free;
    slab->free = block;
    if (slab->left++ == 0)
        link_slab(heap, slab);
    else if (slab->left == slab->count)
        retire(heap, slab);
}

static inline void *obtain(struct tg_heap *heap, size_t size)
{
    return size <= TG_HEAP_SMALL ? take(heap, size) : malloc(size);
}

static inline void let_go(struct tg_heap *heap, void *block, size_t size)
{
    if (size <= TG_HEAP_SMALL)
        give(heap, block);
    else
        free(block);
}

static void *move(struct tg_heap *heap, void *block, size_t old, size_t size)
{
    assert(old != 0);
    if (old > TG_HEAP_SMALL && size > TG_HEAP_SMALL)
        return realloc(block, size);
    if (old <= TG_HEAP_SMALL && size <= TG_HEAP_SMALL &&
        (old - 1) / TG_HEAP_STEP == (size - 1) / TG_HEAP_STEP)
        return block;
    void *moved = obtain(heap, size);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, old < size ? old : size);
    let_go(heap, block, old);
    return moved;
}

void *tg_heap_resize(struct tg_heap *heap, void *block, size_t old, size_t size)
{
    assert(size != 0);
    if (block == NULL)
        old = 0; /* Lua says there what kind of thing it is for */
    if (size > old && heap->used - old + size > heap->limit)
        return NULL;
    void *moved = block == NULL ? obtain(heap, size) : move(heap, block, old, size);
    if (moved != NULL)
        heap->used += size - old;
    return moved;
}

void tg_heap_free(struct tg_heap *heap, void *block, size_t size)
{
    if (block == NULL)
        return;
    heap->used -= size;
    let_go(heap, block, size);
}

bool tg_heap_hold(struct tg_heap *heap, size_t bytes)
{
    if (bytes > heap->limit || heap->used > heap->limit - bytes)
        return false;
    heap->used += bytes;
    return true;
}

void tg_heap_release(struct tg_heap *heap, size_t bytes)
{
    assert(heap->used >= bytes);
    heap->used -= bytes;
}

void tg_heap_dispose(struct tg_heap *heap)
{
    assert(heap->used == 0);
    free(heap->spare);
    heap->spare = NULL;
}
