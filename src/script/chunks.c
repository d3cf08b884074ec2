#include "script/chunks.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

enum { BUCKETS = 256 };

struct chunk {
    struct chunk *next;
    char *name;
    struct tg_buffer code;
};

struct tg_chunks {
    struct chunk *buckets[BUCKETS];
};

struct tg_chunks *tg_chunks_create(void)
{
    struct tg_chunks *chunks = calloc(1, sizeof(*chunks));

    assert(chunks != NULL);
    return chunks;
}

void tg_chunks_destroy(struct tg_chunks *chunks)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct chunk *at = chunks->buckets[i], *next; at != NULL; at = next) {
            next = at->next;
            tg_buffer_dispose(&at->code);
            free(at->name);
            free(at);
        }
    free(chunks);
}

static size_t bucket_of(const char *name)
{
    size_t hash = 5381;

    for (; *name != '\0'; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash % BUCKETS;
}

static const struct chunk *find(const struct tg_chunks *chunks, const char *name)
{
    for (const struct chunk *at = chunks->buckets[bucket_of(name)]; at != NULL; at = at->next)
        if (strcmp(at->name, name) == 0)
            return at;
    return NULL;
}

bool tg_chunks_push(const struct tg_chunks *chunks, lua_State *L, const char *name)
{
    const struct chunk *chunk = find(chunks, name);

    if (chunk == NULL)
        return false;
    if (luaL_loadbuffer(L, chunk->code.base, chunk->code.len, name) == 0)
        return true;
    lua_pop(L, 1);
    return false;
}

static int write(lua_State *L, const void *piece, size_t len, void *code)
{
    (void)L;
    return tg_buffer_append(code, piece, len) ? 0 : 1;
}

void tg_chunks_keep(struct tg_chunks *chunks, lua_State *L, const char *name)
{
    if (find(chunks, name) != NULL)
        return;
    struct chunk *chunk = calloc(1, sizeof(*chunk)), **bucket = &chunks->buckets[bucket_of(name)];
    assert(chunk != NULL);
    chunk->name = strdup(name);
    assert(chunk->name != NULL);
    lua_dump(L, write, &chunk->code);
    chunk->next = *bucket;
    *bucket = chunk;
}
