/* Paths that name elements: /order/item from the root, //item/price at any depth; and attributes:
 * /order/@id. */
#ifndef TG_CODEC_XML_PATHS_H
#define TG_CODEC_XML_PATHS_H

#include "codec/xml_scan.h"

/* Whether the text is such a path. */
bool tg_xml_path_is_valid(struct tg_text path);

/* Prepares the paths of the options for the document that was just begun. */
void tg_xml_paths_begin(struct tg_xml *xml, const struct tg_xml_options *options);

unsigned tg_xml_paths_match_slow(const struct tg_xml *xml, const struct tg_xml_name *key,
                                 bool strip, bool attribute);

/* At a START: the marks (enum tg_xml_mark) of the paths that the element, whose key is given, is at
 * the end of. */
static inline unsigned tg_xml_paths_match(const struct tg_xml *xml, const struct tg_xml_name *key,
                                          bool strip)
{
    return key->pathed == xml->document ? tg_xml_paths_match_slow(xml, key, strip, false) : 0;
}

/* The same for one of its attributes. */
static inline unsigned tg_xml_paths_match_attribute(const struct tg_xml *xml,
                                                    const struct tg_xml_name *key, bool strip)
{
    return key->pathed == xml->document ? tg_xml_paths_match_slow(xml, key, strip, true) : 0;
}

#endif
