/* Attributes as members of JSON, by the default convention. */
#ifndef TG_CODEC_XML_JSON_ATTRIBUTES_H
#define TG_CODEC_XML_JSON_ATTRIBUTES_H

#include "codec/xml_scan.h"

/* At a START: appends ,"@name":"value" for each; without prefixes when it `strips`. False when the
 * buffer's limit is in the way. */
bool tg_xml_json_attributes(struct tg_xml *xml, struct tg_buffer *out, bool strips);

#endif
