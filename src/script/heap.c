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
    uint32_t live;  /* blocks in use */
    uint32_t fresh; /* offset of the first block that was never in use */
    uint32_t size;  /* of a block */
    uint32_t class;
};

enum { FIRST_BLOCK = (sizeof(struct tg_slab) + TG_HEAP_STEP - 1) / TG_HEAP_STEP * TG_HEAP_STEP };

static struct tg_slab *slab_of(void *block)
{
    return (struct tg_slab *)((uintptr_t)block & ~(uintptr_t)(SLAB_BYTES - 1));
}

static bool has_room(const struct tg_slab *slab)
{
    return slab->free != NULL || slab->fresh + slab->size <= SLAB_BYTES;
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
    *slab =
        (struct tg_slab){.fresh = FIRST_BLOCK, .size = (class + 1) * TG_HEAP_STEP, .class = class};
    link_slab(heap, slab);
    return slab;
}

static void *take(struct tg_heap *heap, size_t size)
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
    slab->live++;
    if (!has_room(slab))
        unlink_slab(heap, slab);
    return block;
}

static void give(struct tg_heap *heap, void *memory)
{
    struct tg_slab *slab = slab_of(memory);
    struct block *block = memory;

    if (!has_room(slab))
        link_slab(heap, slab);
    block->next = slab->free;
    slab->free = block;
    if (--slab->live > 0)
        return;
    unlink_slab(heap, slab);
    if (heap->spare == NULL)
        heap->spare = slab;
    else
        free(slab);
}

static void *resize(struct tg_heap *heap, void *block, size_t old, size_t size)
{
    if (old > TG_HEAP_SMALL && size > TG_HEAP_SMALL)
        return realloc(block, size);
    if (old > 0 && size > 0 && old <= TG_HEAP_SMALL && size <= TG_HEAP_SMALL &&
        (old - 1) / TG_HEAP_STEP == (size - 1) / TG_HEAP_STEP)
        return block;
    void *moved = size <= TG_HEAP_SMALL ? take(heap, size) : malloc(size);
    if (moved == NULL || block == NULL)
        return moved;
    memcpy(moved, block, old < size ? old : size);
    if (old <= TG_HEAP_SMALL)
        give(heap, block);
    else
        free(block);
    return moved;
}

void *tg_heap_resize(struct tg_heap *heap, void *block, size_t old, size_t size)
{
    if (block == NULL)
        old = 0; /* Lua says there what kind of thing it is for */
    if (size == 0) {
        heap->used -= old;
        if (old > TG_HEAP_SMALL)
            free(block);
        else if (old > 0)
            give(heap, block);
        return NULL;
    }
    if (size > old && heap->used - old + size > heap->limit)
        return NULL;
    void *moved = resize(heap, block, old, size);
    if (moved != NULL)
        heap->used += size - old;
    return moved;
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
