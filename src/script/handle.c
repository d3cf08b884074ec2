#include "script/handle.h"

#include <stdlib.h>
#include <string.h>
#include <h2o/memory.h>

enum { HANDLES = 64 };

struct tg_handle_chunk {
    struct tg_handle_chunk *next;
    struct tg_handle handles[HANDLES];
};

static void add_chunk(struct tg_handles *handles)
{
    struct tg_handle_chunk *chunk = h2o_mem_alloc(sizeof(*chunk));

    memset(chunk, 0, sizeof(*chunk));
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
