/* Finds a value in JSON by a JSON pointer (RFC 6901). */
#ifndef TG_CODEC_JSON_POINTER_H
#define TG_CODEC_JSON_POINTER_H

#include "codec/json_read.h"

enum { TG_JSON_POINTER_MOST = 65536 }; /* bytes of such a value */

/* Appends the value that the pointer names, without white space: texts that differ only in how they
 * are written give the same. Nothing is appended when it names none; false: the text is no JSON, or
 * the value is too long. */
bool tg_json_pointer(struct tg_text json, struct tg_text pointer, struct tg_buffer *out);

#endif
