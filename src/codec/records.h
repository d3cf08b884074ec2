/* The records of a document that comes in pieces, each converted by itself: of XML or of JSON, as
 * the options say. */
#ifndef TG_CODEC_RECORDS_H
#define TG_CODEC_RECORDS_H

#include "codec/options_text.h"

struct tg_records;

/* Takes a record, a document of its own that dies with the call. False ends the reading: the taker
 * has set the error, whose place is moved to where it is in the whole. */
typedef bool tg_take_record(void *context, struct tg_text document, struct tg_parse_error *error);

/* Whether the text is a path for the direction: xml_records.h and json_records.h say which are. */
bool tg_records_path_is_valid(const struct tg_options_text *options, struct tg_text path);

/* Path and options must live as long. Never NULL. */
struct tg_records *tg_records_create(struct tg_text path, const struct tg_options_text *options,
                                     tg_take_record *take, void *context);
void tg_records_destroy(struct tg_records *records); /* which may be NULL */

/* Takes the next piece; it may end anywhere. Nothing can follow an error. */
bool tg_records_feed(struct tg_records *records, struct tg_text piece,
                     struct tg_parse_error *error);

/* All has come. False: the document is not at its end. */
bool tg_records_end(struct tg_records *records, struct tg_parse_error *error);

#endif
