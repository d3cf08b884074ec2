/* What the files of xml_records share. */
#ifndef TG_CODEC_XML_RECORDS_PARTS_H
#define TG_CODEC_XML_RECORDS_PARTS_H

#include "codec/xml_records.h"
#include "codec/xml_scan.h"

enum token {
    TOKEN_TEXT,  /* CDATA too */
    TOKEN_OTHER, /* comments, instructions */
    TOKEN_DOCTYPE,
    TOKEN_START,
    TOKEN_END,
};

/* An element that is open around the records. */
struct tg_xml_around {
    size_t name;     /* where its name begins in `names` */
    size_t bindings; /* bytes of `bindings` that are from outside of it */
};

struct tg_xml_records {
    struct tg_text path;
    const struct tg_xml_options *options;
    tg_xml_take_record *take;
    void *context;
    struct tg_parse_error *error; /* of the call */
    struct tg_xml *xml;           /* checks tags */
    size_t most;
    size_t line, column;       /* of the token that is read */
    struct tg_buffer held;     /* what has come and is no whole token yet */
    size_t looked;             /* so much of it has been searched for the token's end, */
    char quote;                /* inside of this */
    bool begun, ends;          /* its encoding is known; all has come */
    bool had_root;             /* the root element has begun */
    size_t depth;              /* elements that are open around */
    struct tg_buffer names;    /* theirs, one behind the other */
    struct tg_buffer opens;    /* struct tg_xml_around, the innermost last */
    struct tg_buffer bindings; /* declarations: a size_t, then so many bytes of ` xmlns:p="uri"` */
    struct tg_buffer record;   /* the one that is open */
    size_t inside;             /* elements that are open in it, it among them */
    size_t inserted;           /* bytes of declarations in it that are not the sender's, */
    size_t inserted_at;        /* from here on */
    size_t record_line, record_column; /* where it begins */
};

/* Sets the error at the place of the token. */
bool tg_xml_records_fail(struct tg_xml_records *r, const char *reason, const char *limit);

/* Moves the error, in the record, to where it is in the whole. */
void tg_xml_records_place(struct tg_xml_records *r);

/* Tags around records; the start may be that of a record, which then stands in `record`. */
bool tg_xml_records_start(struct tg_xml_records *r, struct tg_text tag);
bool tg_xml_records_close(struct tg_xml_records *r, struct tg_text tag);
bool tg_xml_records_declaration(struct tg_xml_records *r, struct tg_text text);

#endif
