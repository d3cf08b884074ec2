/* The parts of the XML writer that its files share; nobody else includes it. */
#ifndef TG_CODEC_XML_WRITE_PARTS_H
#define TG_CODEC_XML_WRITE_PARTS_H

#include "codec/xml_write.h"

enum tg_xml_frame_kind {
    TG_XML_FRAME_TOP,      /* around the document; its members are elements that may need a root */
    TG_XML_FRAME_ELEMENT,  /* an object that is an element */
    TG_XML_FRAME_LIST,     /* an array: each item is what its role says */
    TG_XML_FRAME_CHILDREN, /* an array of mixed content */
    TG_XML_FRAME_PART,     /* an object in it: its members belong to the element around */
    TG_XML_FRAME_GROUP,    /* an object of attributes */
    TG_XML_FRAME_XMLNS,    /* an object of prefixes */
    TG_XML_FRAME_JSONML,   /* an array that is an element */
};

/* What a value is going to be. */
enum tg_xml_role {
    TG_XML_ROLE_ELEMENT,
    TG_XML_ROLE_ATTRIBUTE,
    TG_XML_ROLE_TEXT,
    TG_XML_ROLE_CDATA,
    TG_XML_ROLE_COMMENT,
    TG_XML_ROLE_PI,
    TG_XML_ROLE_GROUP,
    TG_XML_ROLE_XMLNS,
    TG_XML_ROLE_CHILDREN,
};

/* A name in writer->names. */
struct tg_xml_span {
    size_t start, len;
};

struct tg_xml_frame {
    enum tg_xml_frame_kind kind;
    enum tg_xml_role role; /* LIST: of its items */
    bool open;             /* its start tag goes on */
    bool has_text;         /* blanks would not be for the eye only any more */
    bool has_child;
    bool wraps;              /* LIST: the element around it ends with it */
    bool ordered;            /* its children have an order */
    struct tg_xml_span name; /* ELEMENT: its own; LIST: of the items */
    size_t names;            /* where the names of its members begin in writer->names */
    size_t element;          /* the frame of the element around, or its own */
    size_t tag_end;          /* where the start tag has room for attributes */
    size_t late;             /* where the attributes that came late begin in writer->late */
    size_t children;         /* where its children begin in writer->children */
    size_t attributes;       /* how many it has */
    uint64_t serial;         /* unlike that of all others */
    size_t count;            /* LIST, JSONML: items so far */
};

/* A child of an element whose children have an order. */
struct tg_xml_child {
    size_t rank, start, end; /* in the output */
    size_t place;
};

struct tg_xml_writer {
    const struct tg_xml_write_options *options;
    struct tg_xml_write_limits limits; /* none is 0 */
    struct tg_buffer *out;
    size_t base; /* where our part of the output begins */
    struct tg_buffer frames;
    struct tg_xml_frame *frame; /* the innermost */
    struct tg_buffer names;     /* those of the open frames, and the next value's */
    struct tg_buffer late;
    struct tg_buffer children;
    struct tg_buffer scratch;
    enum tg_xml_role role;   /* of the value that comes next in an object */
    struct tg_xml_span name; /* its name */
    size_t level;            /* elements that are open */
    size_t elements;
    uint64_t serial;
    size_t tops;         /* elements of the document's own level */
    size_t root_tag_end; /* of the last of them */
    bool is_object;      /* the value is an object whose members are the document */
    bool wrapped;        /* a root is around it, from the start */
    bool again;          /* it is being written for the second time */
    bool verify;         /* there are prefixes */
    uint64_t declared;   /* bits: which of options->namespaces the root has declared itself */
    uint64_t *seen;      /* hashes of names; 0 is a free slot */
    size_t seen_mask, seen_count;
    uint64_t seed;
    const char *limit;
    char what[200];
    struct tg_json_plain *plain; /* see json_plain.h; NULL until it is wanted */
};

/* An option, or its default. */
static inline struct tg_text tg_xml_write_or(struct tg_text given, struct tg_text otherwise)
{
    return given.base != NULL ? given : otherwise;
}

static inline struct tg_xml_frame *tg_xml_frames(const struct tg_xml_writer *w)
{
    return (struct tg_xml_frame *)(void *)w->frames.base;
}

static inline struct tg_text tg_xml_span_text(const struct tg_xml_writer *w,
                                              struct tg_xml_span span)
{
    return tg_text(w->names.base + span.start, span.len);
}

/* They note why, and give false. */
bool tg_xml_write_fail(struct tg_xml_writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3), cold));
bool tg_xml_write_fail_limit(struct tg_xml_writer *w, const char *limit, size_t most,
                             const char *unit) __attribute__((cold));
bool tg_xml_write_full(struct tg_xml_writer *w) __attribute__((cold));

static inline struct tg_xml_frame *tg_xml_write_element(const struct tg_xml_writer *w)
{
    return tg_xml_frames(w) + w->frame->element;
}

/* xml_write_options.c: whether json_plain.h knows them all. */
bool tg_xml_write_options_are_plain(const struct tg_xml_write_options *options);
/* xml_write_document.c: options and limits of a document. */
void tg_xml_write_options_set(struct tg_xml_writer *w, const struct tg_xml_write_options *options);
/* xml_write_document.c: never NULL. */
struct tg_json_plain *tg_xml_write_plain_of(struct tg_xml_writer *w);

/* xml_write_key.c: what the value of a key is that is no attribute. */
enum tg_xml_role tg_xml_write_role(const struct tg_xml_writer *w, struct tg_text key);
/* xml_write.c: the frame around all others. */
void tg_xml_write_begin(struct tg_xml_writer *w);

/* xml_write_tag.c: the frame on top becomes an element, in the one that it belonged to. */
bool tg_xml_write_open(struct tg_xml_writer *w, struct tg_xml_frame *frame,
                       struct tg_xml_span name);
/* xml_write_tag.c: ends the element that is the frame on top, which is then to be dropped. */
bool tg_xml_write_close(struct tg_xml_writer *w);
/* xml_write_tag.c: an element of text only. */
bool tg_xml_write_simple(struct tg_xml_writer *w, struct tg_xml_span name, struct tg_text text,
                         bool escape);
/* xml_write_tag.c: what null is. */
bool tg_xml_write_nothing(struct tg_xml_writer *w, struct tg_xml_span name);
/* xml_write_tag.c: these belong to the innermost element. */
bool tg_xml_write_attribute(struct tg_xml_writer *w, struct tg_xml_span name, struct tg_text value,
                            bool escape);
bool tg_xml_write_text(struct tg_xml_writer *w, struct tg_text text, bool escape);
bool tg_xml_write_markup(struct tg_xml_writer *w, enum tg_xml_role role, struct tg_text text);
/* xml_write_tag.c: puts bytes at an earlier place of the output. */
bool tg_xml_write_insert(struct tg_xml_writer *w, size_t at, const char *bytes, size_t n);

/* xml_write_name.c: appends the XML name of a key to w->names. */
bool tg_xml_write_name(struct tg_xml_writer *w, struct tg_text key, struct tg_xml_span *name);

/* xml_write_name.c: the same for the declaration of a prefix, escaped where that is no name. */
bool tg_xml_write_prefix(struct tg_xml_writer *w, struct tg_text prefix, struct tg_xml_span *name);

/* xml_write_name.c: whether the name was noted before under the same serial; notes it. */
bool tg_xml_write_seen(struct tg_xml_writer *w, uint64_t serial, struct tg_text name);

/* xml_write_text.c: appends text with its references; in an attribute blanks have them too. */
bool tg_xml_write_escaped(struct tg_xml_writer *w, struct tg_buffer *out, struct tg_text text,
                          bool attribute);
/* xml_write_text.c: whole constructs with what they may not contain broken up or refused. */
bool tg_xml_write_cdata(struct tg_xml_writer *w, struct tg_text text);
bool tg_xml_write_comment(struct tg_xml_writer *w, struct tg_text text);
bool tg_xml_write_pi(struct tg_xml_writer *w, struct tg_text text);

/* xml_write_order.c: the rank of a child in its parent; the largest when it has none. */
size_t tg_xml_write_rank(const struct tg_xml_writer *w, struct tg_text parent,
                         struct tg_text child);
/* xml_write_order.c: whether children of this parent have an order. */
bool tg_xml_write_is_ordered(const struct tg_xml_writer *w, struct tg_text parent);
/* xml_write_order.c: brings the children of the frame into their order. */
bool tg_xml_write_sort(struct tg_xml_writer *w, const struct tg_xml_frame *frame);

#endif
