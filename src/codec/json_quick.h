/* Whether a text is JSON, as fast as that can be said; why it is not is json_read.h's business. */
#ifndef TG_CODEC_JSON_QUICK_H
#define TG_CODEC_JSON_QUICK_H

#include "base/text.h"

#define TG_JSON_QUICK_DEPTH 256

/* True for one JSON value (RFC 8259) that is UTF-8 and nests at most TG_JSON_QUICK_DEPTH deep.
 * Equal keys in an object are not looked for. A NUL must stand behind the text, as behind Lua's
 * strings. */
bool tg_json_is_valid(struct tg_text text);

#endif
