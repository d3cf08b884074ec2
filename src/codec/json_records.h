/* Cuts JSON that comes in pieces into its records, the values at a path: each is a document of its
 * own. What is held is bounded by the largest record, whatever the length of the whole.
 *
 * Records are given as they were written, to be checked by who reads them. Around them all is read
 * as strictly as elsewhere. */
#ifndef TG_CODEC_JSON_RECORDS_H
#define TG_CODEC_JSON_RECORDS_H

#include "base/buffer.h"
#include "base/error.h"
#include "codec/xml_write.h"

struct tg_json_records;

/* The document is {"key":value}, or the value alone where the path is "/"; it dies with the call.
 * False ends the reading: the taker has set the error, whose place is moved to where it is in the
 * whole. */
typedef bool tg_json_take_record(void *context, struct tg_text document,
                                 struct tg_parse_error *error);

/* "/feed/entry" or "//entry", keys of objects in each other; "/" is the whole. Arrays are passed
 * through: their items are values of the same key. */
bool tg_json_records_path_is_valid(struct tg_text path);

/* A record inside of a record is a part of it. Of the limits of the options, `input` is that of one
 * record, and of one text around. All of these must live as long. Never NULL. */
struct tg_json_records *tg_json_records_create(struct tg_text path,
                                               const struct tg_xml_write_options *options,
                                               tg_json_take_record *take, void *context);
void tg_json_records_destroy(struct tg_json_records *records);

/* Takes the next piece; it may end anywhere. Nothing can follow an error. */
bool tg_json_records_feed(struct tg_json_records *records, struct tg_text piece,
                          struct tg_parse_error *error);

/* All has come. False: the JSON is not at its end. */
bool tg_json_records_end(struct tg_json_records *records, struct tg_parse_error *error);

#endif
