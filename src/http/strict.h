/* What an HTTP/1 head must look like before anything of it is believed.
 * Every check returns NULL when all is well, else a constant that says what is wrong. */
#ifndef TG_HTTP_STRICT_H
#define TG_HTTP_STRICT_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct tg_strict_field {
    struct tg_text name; /* base is NULL where a parser met a folded line */
    struct tg_text value;
};

const char *tg_strict_method(struct tg_text method);

/* The value of Host: a registered name, an IPv4 address or an [IPv6] one, and perhaps a port. */
const char *tg_strict_authority(struct tg_text authority);

const char *tg_strict_field_name(struct tg_text name);
const char *tg_strict_field_value(struct tg_text value);

/* Whether the field belongs to one connection, or says where a message ends: such are neither
 * taken from scripts nor passed on. Not a check: it gives a truth. */
bool tg_strict_is_of_connection(struct tg_text name);

/* Digits only, and below 2^60. *length is set when NULL is returned. */
const char *tg_strict_content_length(struct tg_text value, uint64_t *length);

/* What the fields of a request head have said so far of its host and of its body's length. */
struct tg_strict_seen {
    unsigned hosts, lengths, codings;
};

/* What a field says of them, whose name and value are well; and whether all of them together leave
 * one way to read the request. */
const char *tg_strict_meaning(struct tg_text name, struct tg_text value,
                              struct tg_strict_seen *seen);
const char *tg_strict_counts(const struct tg_strict_seen *seen, int minor_version);

/* A request head that a parser has taken apart. `head` is its bytes from the request line
 * to the empty line; minor_version is that of HTTP/1. Refuses whatever two parsers could read
 * in two ways: folded lines, line ends that are not CR LF, framing given twice, and the like. */
const char *tg_strict_head(const struct tg_strict_field *fields, size_t count, struct tg_text head,
                           int minor_version);

#endif
