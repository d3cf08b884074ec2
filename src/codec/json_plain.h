/* JSON to XML in a single pass over the bytes, by the options that most have. What is not plain is
 * left to xml_write.h, which does all of it and explains errors: other options, input that can't be
 * converted, and some rare things that can. */
#ifndef TG_CODEC_JSON_PLAIN_H
#define TG_CODEC_JSON_PLAIN_H

#include "codec/xml_write.h"

/* What is remembered of the keys of other documents. */
struct tg_json_plain;

struct tg_json_plain *tg_json_plain_create(void);
void tg_json_plain_destroy(struct tg_json_plain *plain); /* which may be NULL */

/* Appends the XML to `out`, as the writer would. False: it is left to the writer, and `out` is as
 * before. */
bool tg_json_plain_to_xml(struct tg_xml_writer *writer, struct tg_text json,
                          const struct tg_xml_write_options *options, struct tg_buffer *out);

#endif
