/* Errors of a part of a document, moved to where they are in the whole. */
#ifndef TG_CODEC_PLACE_H
#define TG_CODEC_PLACE_H

#include "base/error.h"

/* The part begins at this line and column. The sentence says the new place too, when it is one with
 * a place: "json: line 1, column 9: expected a value". */
void tg_place_move(struct tg_parse_error *error, size_t line, size_t column);

#endif
