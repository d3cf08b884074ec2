/* Paths that name elements: /order/item from the root, //item/price at any depth. */
#ifndef TG_CODEC_XML_PATHS_H
#define TG_CODEC_XML_PATHS_H

#include "codec/xml_scan.h"

/* Whether the text is such a path. */
bool tg_xml_path_is_valid(struct tg_text path);

/* Prepares the paths of options->force_array for the document that was just begun. */
void tg_xml_paths_begin(struct tg_xml *xml, const struct tg_xml_options *options);

bool tg_xml_paths_match_slow(const struct tg_xml *xml, const struct tg_xml_name *key, bool strip);

/* At a START: whether the element, whose key is given, is at the end of one of the paths. */
static inline bool tg_xml_paths_match(const struct tg_xml *xml, const struct tg_xml_name *key,
                                      bool strip)
{
    return key->pathed == xml->document && tg_xml_paths_match_slow(xml, key, strip);
}

#endif
