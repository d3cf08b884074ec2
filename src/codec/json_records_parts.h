/* What the files of json_records share. */
#ifndef TG_CODEC_JSON_RECORDS_PARTS_H
#define TG_CODEC_JSON_RECORDS_PARTS_H

#include "codec/json_records.h"

/* An object or array that is open around the records. */
struct tg_json_records_level {
    bool object;
    size_t names; /* so many bytes of `names` are from outside of it */
};

/* What may come next, around the records. */
enum tg_json_records_state { AT_VALUE, AT_FIRST_ITEM, AT_FIRST_KEY, AT_KEY, AT_COLON, AFTER_VALUE };

struct tg_json_records {
    struct tg_text path; /* empty: the whole */
    const struct tg_xml_write_options *options;
    tg_json_take_record *take;
    void *context;
    struct tg_parse_error *error; /* of the call */
    size_t most, most_depth, most_key;
    size_t line, column; /* of the byte that is read next, or of the token that has begun */
    enum tg_json_records_state state;
    struct tg_buffer levels; /* struct tg_json_records_level, the innermost last */
    struct tg_buffer names;  /* the keys around, decoded, each with a '/' before it */
    struct tg_buffer token;  /* a text, number or word that has not come whole */
    struct tg_buffer key;    /* the last one, as it was written */
    struct tg_buffer scratch;
    struct tg_buffer record;
    bool in_text, escaped; /* a text is open, here or in the record; behind a backslash in it */
    size_t inside;         /* brackets that are open in the record; 0: there is none */
    size_t before;         /* bytes of the record that were put before the value */
    size_t record_line, record_column;
};

static inline bool tg_json_records_want_key(const struct tg_json_records *r)
{
    return r->state == AT_FIRST_KEY || r->state == AT_KEY;
}

static inline bool tg_json_records_want_value(const struct tg_json_records *r)
{
    return r->state == AT_VALUE || r->state == AT_FIRST_ITEM;
}

/* Brackets differ from braces by one bit. */
static inline bool tg_json_records_open(char c)
{
    return (c | 0x20) == '{';
}

static inline bool tg_json_records_close(char c)
{
    return (c | 0x20) == '}';
}

/* These set the error at the place of what is read. */
bool tg_json_records_fail(struct tg_json_records *r, const char *reason);
bool tg_json_records_fail_limit(struct tg_json_records *r, const char *what, size_t most,
                                const char *limit);

/* json_records_around.c: what came has no place here. */
bool tg_json_records_fail_unexpected(struct tg_json_records *r);
/* json_records_around.c: a bracket, comma or colon around the records. */
bool tg_json_records_mark(struct tg_json_records *r, char c);
/* json_records_around.c: a key, as it was written. */
bool tg_json_records_key(struct tg_json_records *r, struct tg_text token);
/* json_records_around.c: whether a value that comes next, and is no array, is a record. */
bool tg_json_records_match(const struct tg_json_records *r);

#endif
