/* Memory of its own for what lives long and goes in any order: the two-level segregated fit of
 * Masmano et al. (ECRTS 2004). In the heap that requests use too, each thread has a part of its
 * own, and what is kept tears holes into all of them. Any thread may call; a lock of its own. */
#ifndef TG_STORE_ROOM_H
#define TG_STORE_ROOM_H

#include <stddef.h>

struct tg_room;

struct tg_room *tg_room_create(void);

/* Its memory goes when the last piece is freed. */
void tg_room_destroy(struct tg_room *room);

/* Never NULL: the program ends when memory is out. Aligned as malloc does. */
void *tg_room_alloc(struct tg_room *room, size_t size);

void tg_room_free(struct tg_room *room, void *memory);

/* How many bytes the piece takes, with what it costs to keep it. */
size_t tg_room_size(const void *memory);

/* Bytes that it has from the system. */
size_t tg_room_mapped(struct tg_room *room);

#endif
