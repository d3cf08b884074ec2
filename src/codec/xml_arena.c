#include "codec/xml_arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK ((size_t)64 * 1024)

struct tg_xml_arena_chunk {
    struct tg_xml_arena_chunk *next;
    size_t used, size;
    _Alignas(16) char bytes[];
};

static struct tg_xml_arena_chunk *make_chunk(size_t size)
{
    struct tg_xml_arena_chunk *chunk = malloc(sizeof(*chunk) + size);

    if (chunk == NULL) {
        fprintf(stderr, "tidegate: out of memory\n");
        abort();
    }
    chunk->size = size;
    return chunk;
}

static struct tg_xml_arena_chunk *add_chunk(struct tg_xml_arena *arena, size_t n)
{
    struct tg_xml_arena_chunk *chunk = arena->spare;

    if (chunk != NULL && n <= chunk->size)
        arena->spare = NULL;
    else
        chunk = make_chunk(n > CHUNK ? n : CHUNK);
    chunk->used = 0;
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
    return memset(memory, 0, n);
}

struct tg_xml_arena_mark tg_xml_arena_mark(const struct tg_xml_arena *arena)
{
    struct tg_xml_arena_chunk *chunk = arena->chunks;

    return (struct tg_xml_arena_mark){chunk, chunk != NULL ? chunk->used : 0};
}

/* Keeps one of the usual size, so that who goes to and fro over its edge does not pay each time. */
static void drop_chunk(struct tg_xml_arena *arena)
{
    struct tg_xml_arena_chunk *chunk = arena->chunks;

    arena->chunks = chunk->next;
    if (arena->spare == NULL && chunk->size == CHUNK)
        arena->spare = chunk;
    else
        free(chunk);
}

void tg_xml_arena_release(struct tg_xml_arena *arena, struct tg_xml_arena_mark mark)
{
    while (arena->chunks != mark.chunk)
        drop_chunk(arena);
    if (mark.chunk != NULL)
        mark.chunk->used = mark.used;
}

void tg_xml_arena_clear(struct tg_xml_arena *arena)
{
    tg_xml_arena_release(arena, (struct tg_xml_arena_mark){NULL, 0});
}

void tg_xml_arena_dispose(struct tg_xml_arena *arena)
{
    tg_xml_arena_clear(arena);
    free(arena->spare);
    arena->spare = NULL;
}
