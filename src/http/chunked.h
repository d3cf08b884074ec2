/* The chunked coding of a body (RFC 9112), read strictly: what one parser would pass over,
 * another might take for the end of the body. */
#ifndef TG_HTTP_CHUNKED_H
#define TG_HTTP_CHUNKED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum {
    TG_CHUNKED_LINE = 4096,     /* the longest line of a chunk's size, with its extensions */
    TG_CHUNKED_TRAILER = 16384, /* the most bytes of trailers, which are dropped */
};

/* All zero at the start. */
struct tg_chunked {
    uint64_t left; /* bytes of the chunk still to come */
    uint32_t seen; /* bytes of this line, or of the trailers */
    uint8_t digits;
    uint8_t state;
    bool no_space; /* set by the caller: a size has no white space behind it */
};

enum tg_chunked_step {
    TG_CHUNKED_MORE,  /* the input is used up */
    TG_CHUNKED_PIECE, /* *piece is a part of the body; call again */
    TG_CHUNKED_END,   /* the body is over; *in is what follows it */
    TG_CHUNKED_WRONG, /* this is no chunked body */
};

/* Takes the next step over *in, which is advanced; *piece points into it. */
enum tg_chunked_step tg_chunked_next(struct tg_chunked *chunked, struct tg_text *in,
                                     struct tg_text *piece);

/* Whether bytes of a chunk's data come next. */
bool tg_chunked_is_in_data(const struct tg_chunked *chunked);

#endif
