/* Puts the members of objects in order when siblings of one name did not stand together.
 * The JSON is written as the document goes; where it must be read in another order, jumps are
 * noted, and all are carried out in one copy at the end: the cost stays linear however they nest.
 */
#ifndef TG_CODEC_XML_SHUFFLE_H
#define TG_CODEC_XML_SHUFFLE_H

#include "codec/xml_scan.h"

/* Notes how the object whose runs start at `first` is to be read; its last member ends where
 * `out` does. A first run begins with the comma or brace before its key, a later one with a comma.
 */
void tg_xml_shuffle_note(struct tg_xml *xml, struct tg_buffer *out, uint32_t first);

/* Carries out what was noted, on all that `out` has from `base` on. */
bool tg_xml_shuffle_apply(struct tg_xml *xml, struct tg_buffer *out, size_t base);

#endif
