/* Text of a document as a string of JSON. */
#ifndef TG_CODEC_XML_JSON_TEXT_H
#define TG_CODEC_XML_JSON_TEXT_H

#include "codec/json_write.h"
#include "codec/xml_scan.h"

/* Whether the text lies in the document with a block behind it. */
static inline bool tg_xml_is_inside(const struct tg_xml *xml, struct tg_text text)
{
    size_t at = (size_t)((uintptr_t)text.base - (uintptr_t)xml->start);
    size_t all = (size_t)(xml->end - xml->start);

    return at < all && all - at >= text.len + TG_BLOCK;
}

/* Writes a text of at most a block that has no escapes: most texts. NULL: it is another. */
static inline char *tg_xml_json_short(char *room, struct tg_text text)
{
    struct tg_block block = tg_block_load(text.base);

    room[0] = '"';
    tg_block_store(room + 1, block);
    room[1 + text.len] = '"';
    return (tg_json_odd(block) & ((1U << text.len) - 1)) == 0 ? room + text.len + 2 : NULL;
}

/* The text or value of an event, which is UTF-8. False: it does not fit. */
static inline bool tg_xml_json_string(const struct tg_xml *xml, struct tg_buffer *out,
                                      struct tg_text text)
{
    if (text.len <= TG_BLOCK && tg_xml_is_inside(xml, text)) {
        char *room = tg_buffer_reserve(out, (size_t)2 * TG_BLOCK);
        char *end = room != NULL ? tg_xml_json_short(room, text) : NULL;
        if (end != NULL) {
            out->len = (size_t)(end - out->base);
            return true;
        }
    }
    return tg_json_write_text(out, text);
}

#endif
