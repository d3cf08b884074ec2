/* XML to JSON, bytes to bytes. By the default convention attributes are "@name", text beside
 * attributes or elements is "#text", repeated siblings are an array at the first one's place. */
#ifndef TG_CODEC_XML_TO_JSON_H
#define TG_CODEC_XML_TO_JSON_H

#include "codec/xml_scan.h"

/* An element with xsi:nil="true", without content and without attributes other than xsi's, is null.
 *
 * Appends the JSON to `out`. On an error `out` is as before. The value of an element has a blank
 * before it where it could have become an array. Plain options are obeyed in a single pass, others
 * by xml_shape.h. */
bool tg_xml_to_json(struct tg_xml *xml, struct tg_text input, const struct tg_xml_options *options,
                    struct tg_buffer *out, struct tg_parse_error *error);

/* The same, always by xml_shape.h: for tests. */
bool tg_xml_to_json_by_tree(struct tg_xml *xml, struct tg_text input,
                            const struct tg_xml_options *options, struct tg_buffer *out,
                            struct tg_parse_error *error);

#endif
