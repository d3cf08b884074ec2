/* What userdata refer to that may end before them, or after: neither has to tell the other. A
 * finalizer for each would cost more than all else that is done with it. */
#ifndef TG_SCRIPT_HANDLE_H
#define TG_SCRIPT_HANDLE_H

#include <stddef.h>
#include <stdint.h>

/* It is used again when its object has ended, but never freed before the state. */
struct tg_handle {
    void *object;
    uint64_t turn;          /* how many objects it had before */
    struct tg_handle *next; /* while it is free */
};

struct tg_handle_chunk;

/* All zero is none. One thread at a time uses them. */
struct tg_handles {
    struct tg_handle *free;
    struct tg_handle_chunk *chunks;
};

/* What a userdata keeps. */
struct tg_handle_ref {
    const struct tg_handle *handle;
    uint64_t turn;
};

struct tg_handle *tg_handle_take(struct tg_handles *handles, void *object);

/* The object has ended: those that refer to it find NULL from now on. */
void tg_handle_end(struct tg_handles *handles, struct tg_handle *handle);

/* Nobody refers to any more. */
void tg_handles_dispose(struct tg_handles *handles);

static inline struct tg_handle_ref tg_handle_refer(const struct tg_handle *handle)
{
    return (struct tg_handle_ref){handle, handle->turn};
}

static inline void *tg_handle_object(struct tg_handle_ref ref)
{
    return ref.handle->turn == ref.turn ? ref.handle->object : NULL;
}

#endif
