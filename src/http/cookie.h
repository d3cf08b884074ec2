/* The Cookie field of a request, as browsers send it (RFC 6265). */
#ifndef TG_HTTP_COOKIE_H
#define TG_HTTP_COOKIE_H

#include <stdbool.h>

#include "base/text.h"

/* Both as they are written, without white space around them; they point into the source. */
struct tg_cookie {
    struct tg_text name;
    struct tg_text value; /* without the quotes around it, if it has them */
};

/* Reads the next cookie of *rest and advances *rest past it; false at the end.
 * What has no name, or no '=' at all, is passed over. */
bool tg_cookie_next(struct tg_text *rest, struct tg_cookie *cookie);

/* Decodes percent escapes, which RFC 6265 does not know but most frameworks write, into `out`,
 * which has room for raw.len bytes and may be raw.base; returns the length. */
size_t tg_cookie_decode(struct tg_text raw, char *out);

#endif
