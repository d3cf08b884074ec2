/* Memory for what lives as long as a document, or as long as a part of it is written: taken in
 * pieces, given back at once. */
#ifndef TG_CODEC_XML_ARENA_H
#define TG_CODEC_XML_ARENA_H

#include <stddef.h>

struct tg_xml_arena_chunk;

/* All zero is an empty one. */
struct tg_xml_arena {
    struct tg_xml_arena_chunk *chunks;
    struct tg_xml_arena_chunk *spare; /* the last one that was given back, or NULL */
};

struct tg_xml_arena_mark {
    struct tg_xml_arena_chunk *chunk;
    size_t used;
};

/* n bytes of zeros, aligned for any struct. Never NULL. */
void *tg_xml_arena_take(struct tg_xml_arena *arena, size_t n);

struct tg_xml_arena_mark tg_xml_arena_mark(const struct tg_xml_arena *arena);

/* All that was taken after the mark is gone. */
void tg_xml_arena_release(struct tg_xml_arena *arena, struct tg_xml_arena_mark mark);

/* All that was taken is gone; a chunk of the usual size is kept. */
void tg_xml_arena_clear(struct tg_xml_arena *arena);

void tg_xml_arena_dispose(struct tg_xml_arena *arena);

#endif
