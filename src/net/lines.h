/* The lines of a head, taken apart in one pass over its bytes. */
#ifndef TG_NET_LINES_H
#define TG_NET_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "net/phr.h"

/* All zero at the start, but for the room for fields. */
struct tg_lines {
    struct phr_header *fields; /* room for `most`; white space around values is left out */
    size_t most, count;
    bool folded; /* a line goes on from the one before: it counts as a field, and has no name */
};

/* The first control character that is no tab, or `end`. */
const char *tg_lines_text_end(const char *at, const char *end);

/* Reads the rest of a line in which any text may stand: *stop is where its text ends. Gives the
 * beginning of the next line; NULL when the line is not complete, or has a control character. */
const char *tg_lines_text(const char *at, const char *end, const char **stop);

/* Reads the fields from `at`, a line's beginning, to the empty line. Gives the place behind that;
 * NULL when it does not come, when there are more than `most`, or when one is malformed. */
const char *tg_lines_fields(const char *at, const char *end, struct tg_lines *lines);

#endif
