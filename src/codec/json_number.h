/* The value of a JSON number, and whether a double holds it. */
#ifndef TG_CODEC_JSON_NUMBER_H
#define TG_CODEC_JSON_NUMBER_H

#include "codec/json_read.h"

/* Sets value and exact by the text, which is a JSON number, for those that simple arithmetic
 * can't tell. A number that is too big for a double has an infinite value. */
void tg_json_number_weigh(struct tg_json_number *number);

#endif
