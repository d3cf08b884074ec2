/* An element of a document as a document of its own: its bytes, with the namespaces in force. */
#ifndef TG_CODEC_XML_SLICE_H
#define TG_CODEC_XML_SLICE_H

#include "codec/xml_scan.h"

/* At a START: reads to the end of the element and appends it. `space` is what
 * names without prefix were in around it, or NULL; `scratch` is any. False: see xml->error. */
bool tg_xml_slice(struct tg_xml *xml, const struct tg_xml_name *space, struct tg_buffer *scratch,
                  struct tg_buffer *out);

/* The same with all namespaces in force, used or not. */
bool tg_xml_slice_whole(struct tg_xml *xml, const struct tg_xml_name *space,
                        struct tg_buffer *scratch, struct tg_buffer *out);

/* At a START: what names without prefix are in inside of it, when that is `space` around it. */
struct tg_xml_name *tg_xml_default_space(const struct tg_xml *xml, struct tg_xml_name *space);

#endif
