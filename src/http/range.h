/* Range requests answered from a whole representation (RFC 9110, 14). */
#ifndef TG_HTTP_RANGE_H
#define TG_HTTP_RANGE_H

#include "http/condition.h"

enum tg_range_answer {
    TG_RANGE_WHOLE,         /* 200: no Range, or one that need not be honoured */
    TG_RANGE_PART,          /* 206 */
    TG_RANGE_UNSATISFIABLE, /* 416 */
};

struct tg_range {
    uint64_t first;
    uint64_t last; /* the last byte itself, so it is below the length */
};

/* Reads a value of Range for a representation of so many bytes. Of several ranges the only one that
 * can be satisfied is taken; if there are more, the whole is the answer. Units other than bytes and
 * broken values are passed over. */
enum tg_range_answer tg_range_read(struct tg_text value, uint64_t length, struct tg_range *range);

/* The same for a GET whose answer is a 200, with If-Range. The conditions of tg_condition_check go
 * first. `now` in seconds. */
enum tg_range_answer tg_range_answer(struct tg_headers request,
                                     const struct tg_validators *validators, uint64_t length,
                                     int64_t now, struct tg_range *range);

enum { TG_RANGE_TEXT = 72 };

/* Writes the Content-Range of a 206, or of a 416 when `range` is NULL; returns its length. */
size_t tg_range_write(char out[TG_RANGE_TEXT], const struct tg_range *range, uint64_t length);

#endif
