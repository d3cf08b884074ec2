/* application/x-www-form-urlencoded text: query strings and the bodies of forms. */
#ifndef TG_HTTP_QUERY_H
#define TG_HTTP_QUERY_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/text.h"

/* Both as they are written, escapes and all; they point into the source. */
struct tg_query_pair {
    struct tg_text name;
    struct tg_text value; /* empty when there is no '=' */
};

/* Reads the next pair of *rest and advances *rest past it; false at the end.
 * Empty pairs, as between two '&', are passed over. */
bool tg_query_next(struct tg_text *rest, struct tg_query_pair *pair);

/* Decodes a name or a value into `out`, which has room for raw.len bytes and may be raw.base;
 * returns the length. '+' is a space; a broken escape stays as it is written, as browsers do. */
size_t tg_query_decode(struct tg_text raw, char *out);

/* Appends a name or a value as it comes, in one form: decoded, and then escaped as by the next. */
void tg_query_normalise(struct tg_buffer *out, struct tg_text raw);

/* Appends a name or a value, escaped so that it stands in any query: a space is %20. */
void tg_query_encode(struct tg_buffer *out, struct tg_text text);

#endif
