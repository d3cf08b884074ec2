#include "script/handle.h"

#include <assert.h>
#include <stdlib.h>

enum { HANDLES = 64 };

struct tg_handle_chunk {
    struct tg_handle_chunk *next;
    struct tg_handle handles[HANDLES];
};

static void add_chunk(struct tg_handles *handles)
{
    struct tg_handle_chunk *chunk = calloc(1, sizeof(*chunk));

    assert(chunk != NULL); /* a thousand bytes and a half */
    chunk->next = handles->chunks;
    handles->chunks = chunk;
    for (size_t i = HANDLES; i > 0; i--) {
        chunk->handles[i - 1].next = handles->free;
        handles->free = &chunk->handles[i - 1];
    }
}

struct tg_handle *tg_handle_take(struct tg_handles *handles, void *object)
{
    if (handles->free == NULL)
        add_chunk(handles);
    struct tg_handle *handle = handles->free;
    handles->free = handle->next;
    handle->object = object;
    return handle;
}

void tg_handle_end(struct tg_handles *handles, struct tg_handle *handle)
{
    handle->object = NULL;
    handle->turn++;
    handle->next = handles->free;
    handles->free = handle;
}

void tg_handles_dispose(struct tg_handles *handles)
{
    while (handles->chunks != NULL) {
        struct tg_handle_chunk *chunk = handles->chunks;
        handles->chunks = chunk->next;
        free(chunk);
    }
    handles->free = NULL;
}
