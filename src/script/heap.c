#include "script/heap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = (sizeof(struct tg_slab) + TG_HEAP_STEP - 1) / TG_HEAP_STEP * TG_HEAP_STEP };

void tg_heap_link_slab(struct tg_heap *heap, struct tg_slab *slab)
{
    struct tg_slab *first = heap->partial[slab->class];

    slab->prev = NULL;
    slab->next = first;
    if (first != NULL)
        first->prev = slab;
    heap->partial[slab->class] = slab;
}

void tg_heap_unlink_slab(struct tg_heap *heap, struct tg_slab *slab)
{
    if (slab->prev != NULL)
        slab->prev->next = slab->next;
    else
        heap->partial[slab->class] = slab->next;
    if (slab->next != NULL)
        slab->next->prev = slab->prev;
}

struct tg_slab *tg_heap_make_slab(struct tg_heap *heap, uint32_t class)
{
    struct tg_slab *slab = heap->spare;

    heap->spare = NULL;
    if (slab == NULL)
        slab = aligned_alloc(TG_HEAP_SLAB, TG_HEAP_SLAB);
    if (slab == NULL)
        return NULL;
    uint32_t size = (class + 1) * TG_HEAP_STEP, count = (TG_HEAP_SLAB - FIRST_BLOCK) / size;
    *slab = (struct tg_slab){
        .left = count, .count = count, .fresh = FIRST_BLOCK, .size = size, .class = class};
    tg_heap_link_slab(heap, slab);
    return slab;
}

void tg_heap_retire_slab(struct tg_heap *heap, struct tg_slab *slab)
{
    tg_heap_unlink_slab(heap, slab);
    if (heap->spare == NULL)
        heap->spare = slab;
    else
        free(slab);
}

static inline void *obtain(struct tg_heap *heap, size_t size)
{
    return size <= TG_HEAP_SMALL ? tg_heap_take_small(heap, size) : malloc(size);
}

static inline void let_go(struct tg_heap *heap, void *block, size_t size)
{
    if (size <= TG_HEAP_SMALL)
        tg_heap_give_small(heap, block);
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

void tg_heap_free_large(struct tg_heap *heap, void *block, size_t size)
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
