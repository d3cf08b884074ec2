/* Reads JSON strictly by RFC 8259, as a run of events. */
#ifndef TG_CODEC_JSON_READ_H
#define TG_CODEC_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

#define TG_JSON_DEPTH 256      /* arrays and objects in each other, unless told otherwise */
#define TG_JSON_MAX_DEPTH 1024 /* the most that can be told */

enum tg_json_event {
    TG_JSON_OBJECT,
    TG_JSON_ARRAY,
    TG_JSON_END,    /* of the innermost object or array */
    TG_JSON_KEY,    /* text; the value follows */
    TG_JSON_STRING, /* text */
    TG_JSON_NUMBER, /* number */
    TG_JSON_TRUE,
    TG_JSON_FALSE,
    TG_JSON_NULL,
    TG_JSON_DONE,
    TG_JSON_ERROR, /* error; nothing follows */
};

struct tg_json_number {
    double value;
    bool exact;          /* the double, written by json_write.h, is the same decimal value */
    struct tg_text text; /* as it was written */
};

enum tg_json_state {
    TG_JSON_AT_VALUE,
    TG_JSON_AT_FIRST_ITEM,
    TG_JSON_AT_FIRST_KEY,
    TG_JSON_AFTER_VALUE,
};

struct tg_json_reader {
    struct tg_text text; /* of a key or string; dies at the next event */
    struct tg_json_number number;
    const char *token; /* where the event began */
    size_t depth;      /* arrays and objects that are open */

    enum tg_json_state state;
    const char *at, *start, *end;
    size_t most;
    struct tg_buffer *scratch;
    struct tg_parse_error *error;
    uint64_t objects[TG_JSON_MAX_DEPTH / 64]; /* a bit for each open one: is it an object */
};

/* The input, the scratch buffer (for strings with escapes) and the error must live as long as the
 * reader, which owns nothing. A depth of 0 is the default. */
void tg_json_begin(struct tg_json_reader *reader, struct tg_text input, size_t depth,
                   struct tg_buffer *scratch, struct tg_parse_error *error);

enum tg_json_event tg_json_next(struct tg_json_reader *reader);

/* The same, but of a number only the text counts. */
enum tg_json_event tg_json_next_plain(struct tg_json_reader *reader);

/* Sets the error: "json: line 1, column 9: expected a value". */
enum tg_json_event tg_json_fail(struct tg_json_reader *reader, const char *at, const char *format,
                                ...) __attribute__((format(printf, 3, 4), cold));

/* Whether the text is one JSON value. Equal keys in an object are not looked for. */
bool tg_json_validate(struct tg_text text, size_t depth, struct tg_parse_error *error);

#endif
