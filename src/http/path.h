/* The path of a request target: decoded once, normalised, cut into segments. */
#ifndef TG_HTTP_PATH_H
#define TG_HTTP_PATH_H

#include "base/buffer.h"
#include "base/text.h"

/* One segment between two slashes. */
struct tg_path_segment {
    struct tg_text decoded; /* percent-decoded once; a decoded %2F is an ordinary character */
    struct tg_text encoded; /* as it stands in `normal` */
};

enum { TG_PATH_SEGMENTS = 256 };

struct tg_path {
    struct tg_text normal; /* begins with '/'; canonical percent-encoding; safe to send on */
    struct tg_path_segment segments[TG_PATH_SEGMENTS];
    size_t count; /* '/a/b/' has three, the last one empty; '/' has one, empty */
};

/* How many bytes of space tg_path_parse needs for a raw path of len bytes. */
#define TG_PATH_SPACE(len) ((len)*4 + 8)

/* Reads a raw path (what stands before '?'), writing the texts of `path` into `space`.
 * NULL when well, else a constant that says what is wrong: such a path is answered 400.
 * '.' and '..' (also written with %2e) and empty segments are resolved before anything else looks;
 * '..' above the root stays at the root. Broken escapes, %00 and other control characters, bytes
 * from 0x80 up that are not escaped, decoded text that is not UTF-8, and more than
 * TG_PATH_SEGMENTS segments are refused. */
const char *tg_path_parse(struct tg_text raw, char *space, struct tg_path *path);

/* Appends one segment, escaped so that it stays one: what may stand raw in a segment stays, and
 * '.' and '..' are escaped too, as far as they can be: a receiver may still resolve them. */
void tg_path_encode(struct tg_buffer *out, struct tg_text segment);

#endif
