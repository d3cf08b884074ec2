/* The head of a request: what h2o's parser reads, held to our rules and limits. */
#ifndef TG_GATE_HEAD_H
#define TG_GATE_HEAD_H

#include "base/text.h"
#include "gate/traffic.h"
#include "net/phr.h"

enum {
    TG_HEAD_FIELDS = 100,  /* what h2o has room for */
    TG_HEAD_METHOD = 64,   /* the longest method */
    TG_HEAD_BYTES = 262144 /* the most that limits may ask for: h2o gives up at 417792 */
};

struct tg_head_limits {
    size_t bytes;  /* of all of it */
    size_t url;    /* of the request target */
    size_t fields; /* at most TG_HEAD_FIELDS */
};

struct tg_head {
    const char *method, *path;
    size_t method_len, path_len;
    int minor_version;
    struct phr_header *fields; /* the caller's, TG_HEAD_FIELDS of them */
    size_t field_count;
    bool has_body; /* a body follows */
};

struct tg_refusal {
    enum tg_refused reason;
    const char *detail; /* a constant; NULL: nothing is refused */
};

/* Returns how long the head is, -2 when more must come, or -1 when it is refused and *refusal says
 * why. last_len is the len of the call before, which returned -2, or 0. Knows no connection: gives
 * the same for the same bytes. */
int tg_head_read(const struct tg_head_limits *limits, const char *bytes, size_t len,
                 size_t last_len, struct tg_head *head, struct tg_refusal *refusal);

#endif
