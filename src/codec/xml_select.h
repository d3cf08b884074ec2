/* The part of a document that an XPath names, as a document of its own. */
#ifndef TG_CODEC_XML_SELECT_H
#define TG_CODEC_XML_SELECT_H

#include "codec/xml_scan.h"

/* Whether it is an expression of XPath 1.0. */
bool tg_xml_select_is_valid(struct tg_text expression);

/* Puts the first element, in the order of the document, that options->select gives into `out`, with
 * the namespaces in force there: the input and the options are then those of that. The tree may
 * take 16 times the limit `input`. False: the document is refused, or there is no such element. */
bool tg_xml_select(struct tg_xml *xml, struct tg_text *input, struct tg_xml_options *options,
                   struct tg_buffer *out, struct tg_parse_error *error);

/* What tg_xml_to_json does of options with `select`. */
bool tg_xml_select_to_json(struct tg_xml *xml, struct tg_text input,
                           const struct tg_xml_options *options, struct tg_buffer *out,
                           struct tg_parse_error *error);

#endif
