/* The encodings of documents: which one it is, and UTF-8 of it. */
#ifndef TG_CODEC_XML_CHARSET_H
#define TG_CODEC_XML_CHARSET_H

#include "codec/xml_scan.h"

/* Whether an encoding of that name is read: UTF-8 and UTF-16, US-ASCII, ISO-8859-1 and -15,
 * Windows-1250 and -1252, Shift_JIS, EUC-JP, GB18030, KOI8-R. */
bool tg_xml_charset_is_known(struct tg_text name);

/* Makes UTF-8 of xml->start to xml->end where it is not: by `charset` when there is one, else by
 * byte order mark or declaration. False: an error. */
bool tg_xml_recode(struct tg_xml *xml, struct tg_text charset);

#endif
