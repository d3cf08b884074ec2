/* Where a response begins and ends: its head, and how its body is framed. Knows no sockets. */
#ifndef TG_NET_FRAMING_H
#define TG_NET_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "http/chunked.h"
#include "net/phr.h"

enum {
    TG_FRAMING_FIELDS = 128,  /* the most fields of a head */
    TG_FRAMING_INTERIM = 100, /* the most 1xx responses before the real one */
};

/* One head taken apart; its texts point into the bytes that were read. */
struct tg_framing_head {
    int status;
    int minor_version;
    struct phr_header fields[TG_FRAMING_FIELDS]; /* white space around values is gone */
    size_t field_count;
    size_t len; /* of the head, with its empty line */
};

/* How the body ends. */
enum tg_framing_mode {
    TG_FRAMING_NONE,    /* there is none, or it is over */
    TG_FRAMING_LENGTH,  /* after `left` more bytes */
    TG_FRAMING_CHUNKED, /* with its last chunk */
    TG_FRAMING_CLOSE,   /* when the connection is closed */
};

struct tg_framing {
    enum tg_framing_mode mode; /* set by the final head */
    uint64_t left;             /* in mode LENGTH */
    struct tg_chunked chunked; /* in mode CHUNKED */
    bool is_head;              /* the request's method is HEAD */
    struct tg_text asked;      /* the protocols that a 101 may switch to; empty: none */
    bool length_known;         /* the final head has a Content-Length: `length` */
    uint64_t length;
    bool keep;        /* the connection may be used again when the body is over */
    unsigned interim; /* 1xx responses passed over */
    size_t head_limit;
    const char *wrong; /* a constant, after TG_FRAMING_WRONG */
};

enum tg_framing_step {
    TG_FRAMING_MORE,  /* more bytes are needed */
    TG_FRAMING_HEAD,  /* *head is the final head; in->base is where the body begins */
    TG_FRAMING_PIECE, /* *piece is a part of the body; call again */
    TG_FRAMING_END,   /* the body is over; *in is what follows it */
    TG_FRAMING_WRONG,
};

void tg_framing_init(struct tg_framing *framing, bool is_head, size_t head_limit);

/* Reads heads until the final one. *in is advanced past complete heads; what remains after MORE
 * must be there again, with more behind it, in the next call, and `known` is its length (0 at
 * first). */
enum tg_framing_step tg_framing_head(struct tg_framing *framing, struct tg_text *in, size_t known,
                                     struct tg_framing_head *head);

/* Takes the next step over the body's bytes in *in; *piece points into them. */
enum tg_framing_step tg_framing_body(struct tg_framing *framing, struct tg_text *in,
                                     struct tg_text *piece);

/* Mode LENGTH: n bytes, at most `left`, were read straight to their place. */
void tg_framing_skip(struct tg_framing *framing, size_t n);

/* The connection was closed in order: NULL when that ends the body, else what is missing. */
const char *tg_framing_close(struct tg_framing *framing);

#endif
