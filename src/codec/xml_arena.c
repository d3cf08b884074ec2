#include "codec/xml_arena.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST ((size_t)4 * 1024)
#define LARGEST ((size_t)1024 * 1024)

struct tg_xml_arena_chunk {
    struct tg_xml_arena_chunk *next;
    size_t used, size;
    _Alignas(16) char bytes[];
};

static struct tg_xml_arena_chunk *add_chunk(struct tg_xml_arena *arena, size_t n)
{
    size_t size = arena->chunks != NULL ? arena->chunks->size * 2 : FIRST;

    if (size > LARGEST)
        size = LARGEST;
    if (size < n)
        size = n;
    struct tg_xml_arena_chunk *chunk = calloc(1, sizeof(*chunk) + size);
    if (chunk == NULL) {
        fprintf(stderr, "tidegate: out of memory\n");
        abort();
    }
    chunk->size = size;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

void *tg_xml_arena_take(struct tg_xml_arena *arena, size_t n)
{
    struct tg_xml_arena_chunk *chunk = arena->chunks;

    n = (n + 15) & ~(size_t)15;
    if (chunk == NULL || chunk->size - chunk->used < n)
        chunk = add_chunk(arena, n);
    void *memory = chunk->bytes + chunk->used;
    chunk->used += n;
    return memory;
}

void tg_xml_arena_clear(struct tg_xml_arena *arena)
{
    while (arena->chunks != NULL) {
        struct tg_xml_arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        free(chunk);
    }
}
