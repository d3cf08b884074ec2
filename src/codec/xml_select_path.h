/* The element that a path of names leads to, as a document of its own, by the scanner alone. */
#ifndef TG_CODEC_XML_SELECT_PATH_H
#define TG_CODEC_XML_SELECT_PATH_H

#include "codec/xml_scan.h"

enum tg_xml_select {
    TG_XML_SELECT_FOUND,
    TG_XML_SELECT_NONE,  /* the document has no such element */
    TG_XML_SELECT_ERROR, /* the document is refused */
    TG_XML_SELECT_OTHER, /* the expression is another: nothing was done */
};

/* Takes absolute paths of up to 32 steps to children, each a name or a star, without predicates.
 * The first such element is appended with the namespaces in force. */
enum tg_xml_select tg_xml_select_path(struct tg_xml *xml, struct tg_text input,
                                      const struct tg_xml_options *options, struct tg_buffer *out,
                                      struct tg_parse_error *error);

#endif
