/* The escapes in strings of JSON. */
#ifndef TG_CODEC_JSON_ESCAPE_H
#define TG_CODEC_JSON_ESCAPE_H

#include <stdint.h>

/* The character of the escape whose backslash is at p, and what follows it; NULL when the escape is
 * broken, or half of a surrogate pair. */
const char *tg_json_read_escape(const char *p, const char *end, uint32_t *code);

#endif
