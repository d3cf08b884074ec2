/* Cuts a document that comes in pieces into its records, the elements at a path: each is a document
 * of its own, with the namespaces that are in force where it stood. What is held is bounded by the
 * largest record, whatever the length of the whole.
 *
 * Records are given as they were written, to be read by the scanner. Around them, tags are checked;
 * text, comments and instructions are passed over unread. The document is UTF-8. */
#ifndef TG_CODEC_XML_RECORDS_H
#define TG_CODEC_XML_RECORDS_H

#include "base/buffer.h"
#include "base/error.h"
#include "codec/xml_options.h"

struct tg_xml_records;

/* The document dies with the call. False ends the reading: the taker has set the error, whose place
 * is moved to where it is in the whole. */
typedef bool tg_xml_take_record(void *context, struct tg_text document,
                                struct tg_parse_error *error);

/* The path is one of elements, as force_array has them; names have no prefixes under
 * namespaces = strip. A record inside of a record is a part of it. Of the limits of the options,
 * `input` is that of one record, and of one tag. All of these must live as long. Never NULL. */
struct tg_xml_records *tg_xml_records_create(struct tg_text path,
                                             const struct tg_xml_options *options,
                                             tg_xml_take_record *take, void *context);
void tg_xml_records_destroy(struct tg_xml_records *records);

/* Takes the next piece; it may end anywhere. Nothing can follow an error. */
bool tg_xml_records_feed(struct tg_xml_records *records, struct tg_text piece,
                         struct tg_parse_error *error);

/* All has come. False: the document is not at its end. */
bool tg_xml_records_end(struct tg_xml_records *records, struct tg_parse_error *error);

#endif
