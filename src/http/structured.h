/* Structured fields (RFC 8941): reading dictionaries, writing what Cache-Status is made of. */
#ifndef TG_HTTP_STRUCTURED_H
#define TG_HTTP_STRUCTURED_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"

enum tg_sf_type {
    TG_SF_INTEGER,
    TG_SF_DECIMAL,
    TG_SF_STRING,
    TG_SF_TOKEN,
    TG_SF_BYTES,
    TG_SF_BOOLEAN,
    TG_SF_INNER_LIST,
};

struct tg_sf_member {
    struct tg_text key;
    enum tg_sf_type type;
    int64_t integer;     /* of an integer; 0 or 1 of a boolean */
    struct tg_text text; /* the value as it is written, with quotes, colons and parentheses */
};

enum tg_sf_next { TG_SF_END, TG_SF_MEMBER, TG_SF_BROKEN };

/* Reads the next member of a dictionary and advances *rest past it and its parameters, which are
 * read and forgotten. A key that comes again is given again: the last one counts. Where a field
 * came in several lines, each line is a dictionary of its own here. After TG_SF_BROKEN the whole
 * field must be ignored, with the members before. */
enum tg_sf_next tg_sf_dictionary_next(struct tg_text *rest, struct tg_sf_member *member);

/* Whether a text may be written as a token. */
bool tg_sf_is_token(struct tg_text text);

/* Appends a string in quotes. What it cannot hold (all but printable ASCII) is written as '?'. */
void tg_sf_put_string(struct tg_buffer *out, struct tg_text text);

#endif
