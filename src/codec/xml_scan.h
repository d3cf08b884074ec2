/* Reads XML 1.0 with namespaces as a run of events. What is not well-formed is refused.
 * Other encodings are made UTF-8 first; a DOCTYPE is refused or passed unread. A scanner is made
 * once and reads one document after another. */
#ifndef TG_CODEC_XML_SCAN_H
#define TG_CODEC_XML_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "codec/xml_arena.h"
#include "codec/xml_names.h"
#include "codec/xml_options.h"

enum tg_xml_event {
    TG_XML_START, /* name, attributes */
    TG_XML_TEXT,  /* text: a piece, others may follow it directly; never empty */
    TG_XML_END,   /* name */
    TG_XML_DONE,
    TG_XML_ERROR,       /* error; nothing follows */
    TG_XML_COMMENT,     /* text; in the root element, and only when `markup` is set */
    TG_XML_INSTRUCTION, /* text: target and data; the same */
};

struct tg_xml_attribute {
    struct tg_xml_name *name;
    struct tg_text value;
    uint32_t next; /* set by tg_xml_merge_attributes: another of the same local name, or 0 */
    bool merged;   /* set by it: not to be read by itself */
};

struct tg_xml_open {
    struct tg_xml_name *name;
    size_t bindings; /* how many there were outside of it */
};

struct tg_xml_binding {
    struct tg_xml_name *prefix;
    struct tg_xml_name *before; /* the namespace that it was bound to */
};

/* The slot of an expanded name {namespace}local in the check for doubles. */
struct tg_xml_expanded {
    const struct tg_xml_name *namespace, *local;
    uint64_t tag;
};

enum tg_xml_state {
    TG_XML_IN_PROLOG,
    TG_XML_IN_CONTENT,
    TG_XML_IN_EPILOG,
    TG_XML_FAILED,
};

/* A reader of events reads the first block of fields; the others are the scanner's. */
struct tg_xml {
    struct tg_xml_name *name;
    struct tg_xml_attribute *attributes; /* in document order, xmlns among them */
    size_t attribute_count;
    struct tg_text text; /* it and the values die at the next event */
    bool blank;          /* the text is white space as it stands: no reference, no CDATA */
    bool cdata;          /* the text is a CDATA section */
    bool markup;         /* set it after the begin: comments and instructions are events */
    size_t depth;        /* elements that are open */
    const char *at;      /* what is read next */
    bool nil;            /* the start has xsi:nil="true" */
    bool only_nil;       /* it has no other attributes but of xsi and xmlns */
    struct tg_parse_error error;
    struct tg_xml_limits limits; /* with the defaults filled in */
    uint64_t document;           /* counts documents: stamps names */
    uint64_t tag;                /* counts starts with attributes: stamps names */

    /* Memory for the readers of events, so that it is kept between documents. */
    struct tg_buffer frames, runs, jumps, mixed, assembly, paths;
    struct tg_xml_names keys; /* what is a key but no name */
    struct tg_xml_arena arena;

    enum tg_xml_state state;
    bool closes;        /* the element was <a/>: its end comes next */
    bool cut;           /* the document does not end in '>': one was added */
    bool any_encoding;  /* the declaration may name another than UTF-8 */
    bool wide;          /* it was UTF-16, and must name that */
    bool skips_doctype; /* passes one without a subset of its own */
    bool had_doctype;
    bool rests; /* nothing of a document is left */
    const char *start, *end;
    size_t elements, distinct;
    struct tg_xml_names names, uris;
    struct tg_xml_name *xmlns_uri;
    struct tg_xml_name *before; /* the name that was read last */
    struct tg_xml_open *open;
    size_t open_capacity, attribute_capacity;
    struct tg_xml_binding *bindings;
    size_t binding_count, binding_capacity;
    struct tg_xml_expanded *expanded;
    size_t expanded_capacity;
    struct tg_buffer recoded; /* the document, when it was not UTF-8 */
    struct tg_buffer normal;  /* the document, when line ends had to be changed */
    struct tg_buffer decoded; /* values with references; reserved once, so it never moves */
};

/* Never NULL. */
struct tg_xml *tg_xml_create(void);
void tg_xml_destroy(struct tg_xml *xml);

/* Begins a document; the input must live until its last event. False: see xml->error.
 * What the document before left, finished or not, is forgotten. */
bool tg_xml_begin(struct tg_xml *xml, struct tg_text input, const struct tg_xml_limits *limits);

/* The same with what else the options say of the document: its charset and what to do with a
 * DOCTYPE. */
bool tg_xml_begin_as(struct tg_xml *xml, struct tg_text input,
                     const struct tg_xml_options *options);

enum tg_xml_event tg_xml_next(struct tg_xml *xml);

/* At a START: when the element has nothing but text without references, gives that, which may be
 * empty; the END is then over too. A base of NULL: nothing has happened. */
struct tg_text tg_xml_leaf(struct tg_xml *xml);

/* At a START, for those who read local names only: chains attributes of one local name through
 * `next`, the first of them not `merged`; declarations of namespaces are marked as merged. */
void tg_xml_merge_attributes(struct tg_xml *xml);

/* Gives back what a big document took; call it when its events and results are used up. */
void tg_xml_rest(struct tg_xml *xml);

/* Passes white space if it is all there is before the next tag: for those to whom it is no text. */
static inline void tg_xml_skip_blank(struct tg_xml *xml)
{
    for (const char *p = xml->at; xml->end - p >= TG_BLOCK && !xml->closes; p += TG_BLOCK) {
        unsigned solid = ~tg_block_upto(tg_block_load(p), ' ') & 0xffff;
        if (solid == 0)
            continue;
        p += tg_block_first(solid);
        xml->at = *p == '<' ? p : xml->at;
        return;
    }
}

/* After a TEXT: whether the element's end comes next. */
static inline bool tg_xml_ends(const struct tg_xml *xml)
{
    return xml->end - xml->at > 1 && xml->at[0] == '<' && xml->at[1] == '/';
}

static inline bool tg_xml_is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline struct tg_text tg_xml_trim_start(struct tg_text text)
{
    while (text.len != 0 && tg_xml_is_blank(*text.base)) {
        text.base++;
        text.len--;
    }
    return text;
}

static inline struct tg_text tg_xml_trim_end(struct tg_text text)
{
    while (text.len != 0 && tg_xml_is_blank(text.base[text.len - 1]))
        text.len--;
    return text;
}

/* Sets the error at a place in the document; the limit version says which was crossed. */
enum tg_xml_event tg_xml_fail(struct tg_xml *xml, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4), cold));
enum tg_xml_event tg_xml_fail_limit(struct tg_xml *xml, const char *at, const char *limit,
                                    size_t most, const char *what) __attribute__((cold));

#endif
