/* Memory for what lives as long as a document: taken in pieces, given back at once. */
#ifndef TG_CODEC_XML_ARENA_H
#define TG_CODEC_XML_ARENA_H

#include <stddef.h>

struct tg_xml_arena_chunk;

/* All zero is an empty one. */
struct tg_xml_arena {
    struct tg_xml_arena_chunk *chunks;
};

/* n bytes of zeros, aligned for any struct. Never NULL. */
void *tg_xml_arena_take(struct tg_xml_arena *arena, size_t n);

/* All that was taken is gone. */
void tg_xml_arena_clear(struct tg_xml_arena *arena);

#endif
