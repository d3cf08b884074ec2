/* JSON to XML, bytes to bytes: members in the order of the document, numbers digit by digit. */
#ifndef TG_CODEC_JSON_TO_XML_H
#define TG_CODEC_JSON_TO_XML_H

#include "codec/xml_write.h"

/* Appends the XML to `out`; `scratch` is for strings with escapes, `xml` checks what has prefixes.
 * On an error `out` is as before. */
bool tg_json_to_xml(struct tg_xml_writer *writer, struct tg_xml *xml, struct tg_buffer *scratch,
                    struct tg_text json, const struct tg_xml_write_options *options,
                    struct tg_buffer *out, struct tg_parse_error *error);

/* The same, always by xml_write.h: for tests. */
bool tg_json_to_xml_by_events(struct tg_xml_writer *writer, struct tg_xml *xml,
                              struct tg_buffer *scratch, struct tg_text json,
                              const struct tg_xml_write_options *options, struct tg_buffer *out,
                              struct tg_parse_error *error);

/* One value, of JSON that is known to be valid, into what is being written. */
bool tg_json_into_xml(struct tg_xml_writer *writer, struct tg_text json, struct tg_buffer *scratch);

#endif
