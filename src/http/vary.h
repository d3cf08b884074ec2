/* Vary: which variant of a resource a request selects (RFC 9111, 4.1). */
#ifndef TG_HTTP_VARY_H
#define TG_HTTP_VARY_H

#include "base/buffer.h"
#include "http/header.h"

enum tg_vary {
    TG_VARY_NOTHING,
    TG_VARY_FIELDS,
    TG_VARY_ANYTHING, /* '*', more names than have room, or one that is no name: never reused */
};

enum { TG_VARY_NAMES = 32, TG_VARY_MOST = 4096 /* bytes of names */ };

/* Reads Vary of a response. With TG_VARY_FIELDS the names have been appended to `names` in their
 * normal form: lower case, sorted, each once, separated by commas. It is then kept with the
 * resource, as the names of all its variants. */
enum tg_vary tg_vary_read(struct tg_headers response, struct tg_buffer *names);

/* Appends the secondary key: the values that the request has in the fields `names` (normal form).
 * Two requests with the same key select the same variant. Per name, ended by a newline: '-' for no
 * such field, else '=' and the value in normal form: several fields joined, no white space around
 * commas; of Accept, Accept-Charset, Accept-Encoding and Accept-Language also in lower case, sorted
 * by weight and then by name. Values have no newline in them: nothing gets here that is not a valid
 * field. The cost is one pass over the request for each name. */
void tg_vary_key(struct tg_text names, struct tg_headers request, struct tg_buffer *key);

#endif
