/* Undoes gzip and deflate (RFC 1950 to 1952), within bounds. */
#ifndef TG_CODEC_INFLATE_H
#define TG_CODEC_INFLATE_H

#include "base/buffer.h"
#include "base/text.h"

enum tg_inflate_result {
    TG_INFLATE_DONE,
    TG_INFLATE_DAMAGED,   /* not of that coding, cut short, or with bytes behind its end */
    TG_INFLATE_TOO_LARGE, /* more than the limit of `out`, or grown by more than the ratio */
};

enum {
    TG_INFLATE_RATIO = 100,        /* how many times longer than its input a text may become, */
    TG_INFLATE_FREE = 1024 * 1024, /* once it is longer than this */
};

/* Whether the value of a Content-Encoding field is a coding that is undone here: gzip, x-gzip,
 * deflate. */
bool tg_inflate_knows(struct tg_text coding);

/* Appends what `in` holds in that coding to `out`; its limit holds. A deflate body may lack
 * the header that RFC 1950 wants, as some servers send it. */
enum tg_inflate_result tg_inflate(struct tg_text coding, struct tg_text in, struct tg_buffer *out);

#endif
