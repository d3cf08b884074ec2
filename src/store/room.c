#include "store/room.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    ALIGN = 16,
    LEAST = 48, /* bytes of a block: its head, and the links of a free one */
    STEPS = 16, /* classes between two powers of two */
    STEP_BITS = 4,
    ROWS = 24,        /* powers of two */
    POOL = 4 << 20,   /* bytes that are taken from the system at once */
    ALONE = POOL / 4, /* a block as big as this is taken from the system by itself */
    PAGE = 4096,
};

/* Free and used ones lie side by side in a pool; a used one of size 0 ends it. */
struct block {
    struct block *before;      /* in memory; NULL: it is the first */
    size_t size;               /* of all of it; a multiple of ALIGN, with the flags below */
    struct block *next, *last; /* of its class, when it is free */
};

enum { FREE = 1, SINGLE = 2 /* it was taken from the system by itself */ };
#define HEAD offsetof(struct block, next)

struct tg_room {
    pthread_mutex_t lock; /* for all of it */
    struct block *classes[ROWS][STEPS];
    uint32_t rows; /* those that are not empty */
    uint32_t steps[ROWS];
    size_t mapped, pools;
    size_t used; /* blocks */
    bool is_over;
};

static size_t size_of(const struct block *block)
{
    return block->size & ~(size_t)(ALIGN - 1);
}

static struct block *after(struct block *block)
{
    return (struct block *)((char *)block + size_of(block));
}

static bool is_free(const struct block *block)
{
    return (block->size & FREE) != 0;
}

/* ---- free blocks by classes */

static void find_class(size_t size, unsigned *row, unsigned *step)
{
    *row = 63 - (unsigned)__builtin_clzll(size);
    *step = (unsigned)(size >> (*row - STEP_BITS)) & (STEPS - 1);
}

static void put(struct tg_room *room, struct block *block)
{
    unsigned row, step;

    find_class(size_of(block), &row, &step);
    block->size |= FREE;
    block->last = NULL;
    block->next = room->classes[row][step];
    if (block->next != NULL)
        block->next->last = block;
    room->classes[row][step] = block;
    room->rows |= UINT32_C(1) << row;
    room->steps[row] |= UINT32_C(1) << step;
}

static void take(struct tg_room *room, struct block *block)
{
    unsigned row, step;

    find_class(size_of(block), &row, &step);
    block->size &= ~(size_t)FREE;
    if (block->next != NULL)
        block->next->last = block->last;
    if (block->last != NULL)
        block->last->next = block->next;
    else
        room->classes[row][step] = block->next;
    if (room->classes[row][step] != NULL)
        return;
    room->steps[row] &= ~(UINT32_C(1) << step);
    if (room->steps[row] == 0)
        room->rows &= ~(UINT32_C(1) << row);
}

/* The first class whose blocks are all big enough; NULL: there is none. */
static struct block *find(struct tg_room *room, size_t size)
{
    unsigned row, step;

    find_class(size + (((size_t)1 << (59 - __builtin_clzll(size))) - 1), &row, &step);
    uint32_t steps = room->steps[row] & (UINT32_MAX << step);
    if (steps == 0) {
        uint32_t rows = room->rows & (UINT32_MAX << (row + 1));
        if (rows == 0)
            return NULL;
        row = (unsigned)__builtin_ctz(rows);
        steps = room->steps[row];
    }
    return room->classes[row][__builtin_ctz(steps)];
}

/* ---- from the system, and back */

static void *map(struct tg_room *room, size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        abort(); /* as when malloc has nothing for h2o */
    room->mapped += size;
    return memory;
}

static void unmap(struct tg_room *room, void *memory, size_t size)
{
    munmap(memory, size);
    room->mapped -= size;
}

static struct block *add_pool(struct tg_room *room)
{
    struct block *block = map(room, POOL);

    *block = (struct block){.size = POOL - ALIGN};
    struct block *end = after(block);
    end->before = block;
    end->size = 0;
    room->pools++;
    put(room, block);
    return block;
}

static void *alloc_alone(struct tg_room *room, size_t size)
{
    size = (size + PAGE - 1) / PAGE * PAGE;
    struct block *block = map(room, size);

    block->size = size | SINGLE;
    return (char *)block + HEAD;
}

/* ---- pieces; the lock is held */

/* Gives back what it has more than so many bytes. */
static void trim(struct tg_room *room, struct block *block, size_t size)
{
    size_t rest = size_of(block) - size;

    if (rest < LEAST)
        return;
    block->size = size;
    struct block *free = after(block);
    *free = (struct block){.before = block, .size = rest};
    after(free)->before = free;
    put(room, free);
}

static void *alloc(struct tg_room *room, size_t size)
{
    room->used++;
    if (size >= ALONE)
        return alloc_alone(room, size);
    struct block *block = find(room, size);
    if (block == NULL)
        block = add_pool(room);
    take(room, block);
    trim(room, block, size);
    return (char *)block + HEAD;
}

/* Joins it with the free ones at its sides. */
static struct block *join(struct tg_room *room, struct block *block)
{
    struct block *next = after(block), *before = block->before;

    if (is_free(next)) {
        take(room, next);
        block->size += size_of(next);
    }
    if (before != NULL && is_free(before)) {
        take(room, before);
        before->size += size_of(block);
        block = before;
    }
    after(block)->before = block;
    return block;
}

static char *page_below(const void *at)
{
    return (char *)((uintptr_t)at & ~(uintptr_t)(PAGE - 1));
}

/* Pages that nothing is in any more go to the system until they are written to again: those of the
 * memory from `begin` to `end`, which was free'd just now and is in `block`. */
static void drop_pages(struct block *block, char *begin, char *end)
{
    char *first = page_below((char *)(block + 1) + PAGE - 1), *last = page_below(after(block));

    begin = page_below(begin) > first ? page_below(begin) : first;
    end = page_below(end + PAGE - 1) < last ? page_below(end + PAGE - 1) : last;
    if (begin < end)
        madvise(begin, (size_t)(end - begin), MADV_DONTNEED);
}

static void give_back(struct tg_room *room, struct block *block)
{
    char *begin = (char *)block, *end = (char *)after(block);

    room->used--;
    if ((block->size & SINGLE) != 0) {
        unmap(room, block, size_of(block));
        return;
    }
    block = join(room, block);
    if (size_of(block) == POOL - ALIGN && (room->pools > 1 || room->is_over)) {
        room->pools--;
        unmap(room, block, POOL);
    } else {
        put(room, block);
        drop_pages(block, begin, end);
    }
}

/* ---- its life */

struct tg_room *tg_room_create(void)
{
    struct tg_room *room = calloc(1, sizeof(*room));

    assert(room != NULL);
    pthread_mutex_init(&room->lock, NULL);
    return room;
}

static void end(struct tg_room *room)
{
    if (room->pools != 0) {
        struct block *block = find(room, POOL / 2);
        assert(room->pools == 1 && block != NULL); /* the one that is kept */
        unmap(room, block, POOL);
    }
    pthread_mutex_destroy(&room->lock);
    free(room);
}

void tg_room_destroy(struct tg_room *room)
{
    pthread_mutex_lock(&room->lock);
    bool is_empty = room->used == 0;
    room->is_over = true;
    pthread_mutex_unlock(&room->lock);
    if (is_empty)
        end(room);
}

void *tg_room_alloc(struct tg_room *room, size_t size)
{
    assert(size < SIZE_MAX / 2);
    size = (size + HEAD + ALIGN - 1) / ALIGN * ALIGN;
    pthread_mutex_lock(&room->lock);
    void *memory = alloc(room, size < LEAST ? LEAST : size);
    pthread_mutex_unlock(&room->lock);
    return memory;
}

static struct block *block_of(const void *memory)
{
    return (struct block *)((uintptr_t)memory - HEAD);
}

void tg_room_free(struct tg_room *room, void *memory)
{
    pthread_mutex_lock(&room->lock);
    give_back(room, block_of(memory));
    bool is_last = room->is_over && room->used == 0;
    pthread_mutex_unlock(&room->lock);
    if (is_last)
        end(room);
}

size_t tg_room_size(const void *memory)
{
    return size_of(block_of(memory));
}

size_t tg_room_mapped(struct tg_room *room)
{
    pthread_mutex_lock(&room->lock);
    size_t mapped = room->mapped;
    pthread_mutex_unlock(&room->lock);
    return mapped;
}
