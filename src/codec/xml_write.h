/* Writes XML 1.0 from a run of values as JSON has them: the mirror of xml_to_json.h's convention.
 * Members come in the order in which they are given; attributes may come late. */
#ifndef TG_CODEC_XML_WRITE_H
#define TG_CODEC_XML_WRITE_H

#include "codec/options.h"
#include "codec/xml_scan.h"

/* What becomes of a key that is no XML name. */
enum tg_xml_invalid_name {
    TG_XML_NAME_ESCAPE,  /* _xHHHH_ for each character that can't stand; can be read back */
    TG_XML_NAME_ERROR,   /* the conversion fails */
    TG_XML_NAME_REPLACE, /* '_' for each character that can't stand */
};

/* What becomes of a character that XML 1.0 can't express, such as U+0001. */
enum tg_xml_control { TG_XML_CONTROL_ERROR, TG_XML_CONTROL_DROP, TG_XML_CONTROL_REPLACE };

enum tg_xml_null {
    TG_XML_NULL_NIL,   /* an element with xsi:nil="true" */
    TG_XML_NULL_EMPTY, /* an empty element */
    TG_XML_NULL_OMIT,  /* nothing */
};

/* {"a":[1,2]}: <a>1</a><a>2</a>, or <a><item>1</item><item>2</item></a>. */
enum tg_xml_arrays { TG_XML_ARRAYS_REPEAT, TG_XML_ARRAYS_WRAP };

/* An array without items: nothing, or an empty element. */
enum tg_xml_empty_array { TG_XML_EMPTY_ARRAY_OMIT, TG_XML_EMPTY_ARRAY_EMPTY };

/* A key that comes twice in an object: two elements, or an error. */
enum tg_xml_duplicate_keys { TG_XML_DUPLICATE_REPEAT, TG_XML_DUPLICATE_ERROR };

/* Mixed content: "#text" and "#children" as the default convention has them (the first two are one
 * here), or all of the values are JsonML: ["name", {attributes}, child, ...]. */
enum tg_xml_write_mixed { TG_XML_WRITE_TEXT, TG_XML_WRITE_CHILDREN, TG_XML_WRITE_JSONML };

/* Declarations of prefixes: attributes as others, or BadgerFish's "@xmlns": {"$": "urn:default",
 * "p": "urn:p"}. */
enum tg_xml_write_xmlns { TG_XML_WRITE_XMLNS_KEEP, TG_XML_WRITE_XMLNS_BADGERFISH };

/* The elements in the order that a sequence wants; `parent` is empty for those of every element. */
struct tg_xml_order {
    struct tg_text parent;
    struct tg_options_list names;
};

/* 0 stands for the default, given at the right. */
struct tg_xml_write_limits {
    size_t input;      /* bytes of JSON: 8 MB */
    size_t depth;      /* objects and arrays in each other, 1024 at most: 256 */
    size_t key;        /* bytes of a key: 1024 */
    size_t attributes; /* of one element: 256 */
    size_t elements;   /* of the document: 1 000 000 */
    size_t output;     /* bytes of XML: 32 MB */
};

/* All zero is the default of everything; a text without base has its default, given at the right.
 */
struct tg_xml_write_options {
    struct tg_xml_write_limits limits;
    struct tg_text root;                /* around what is not one element: root */
    struct tg_text item;                /* an item of an array that has no name of its own: item */
    struct tg_text attribute_prefix;    /* keys that are attributes: @; empty: there are none */
    struct tg_text attribute_group;     /* the key of an object of attributes: none */
    struct tg_text text_key;            /* the text of an element: #text */
    struct tg_text cdata_key;           /* text to be written as CDATA: none */
    struct tg_text children_key;        /* mixed content in its order: #children */
    struct tg_text comments_key;        /* comments: none */
    struct tg_text pi_key;              /* processing instructions: none */
    struct tg_options_pairs item_names; /* the key of an array, and the name of its items */
    struct tg_options_pairs namespaces; /* prefixes, '' too, to be declared on the root */
    const struct tg_xml_order *orders;
    size_t order_count;
    enum tg_xml_arrays arrays;
    enum tg_xml_empty_array empty_array;
    enum tg_xml_duplicate_keys duplicate_keys;
    enum tg_xml_write_mixed mixed;
    enum tg_xml_write_xmlns xmlns;
    bool declaration; /* <?xml version="1.0" encoding="UTF-8"?> */
    unsigned indent;  /* blanks for each level; 0: all in one line */
    enum tg_xml_invalid_name invalid_name;
    enum tg_xml_control control_chars;
    enum tg_xml_null null;
};

/* Ends with a NULL name. `namespaces` ("badgerfish" or pairs) and `order` have readers of their
 * own.
 */
extern const struct tg_option tg_xml_write_option_table[];

/* Sets the limits that are 0 to the standard ones. */
void tg_xml_write_limits_fill(struct tg_xml_write_limits *limits,
                              const struct tg_xml_write_limits *standard);

struct tg_xml_writer;

/* A writer is made once and writes one document after another. */
struct tg_xml_writer *tg_xml_writer_create(void);
void tg_xml_writer_destroy(struct tg_xml_writer *writer);

/* Appends to `out`; the options stay in place until the finish. */
void tg_xml_writer_begin(struct tg_xml_writer *writer, const struct tg_xml_write_options *options,
                         struct tg_buffer *out);

/* One value, and what is in it. False when it can't be written: see tg_xml_writer_error. Texts are
 * well-formed UTF-8. `plain` has nothing to escape, such as a number. */
bool tg_xml_write_object(struct tg_xml_writer *writer);
bool tg_xml_write_array(struct tg_xml_writer *writer);
bool tg_xml_write_key(struct tg_xml_writer *writer, struct tg_text key);
bool tg_xml_write_end(struct tg_xml_writer *writer); /* of the innermost object or array */
bool tg_xml_write_string(struct tg_xml_writer *writer, struct tg_text text);
bool tg_xml_write_plain(struct tg_xml_writer *writer, struct tg_text text);
bool tg_xml_write_null(struct tg_xml_writer *writer);

/* After the value: the document is complete. `*again`: it has to be written once more, from begin,
 * since it needs a root that was not expected. The scanner checks what was written when it has
 * prefixes. */
bool tg_xml_writer_finish(struct tg_xml_writer *writer, struct tg_xml *xml, bool *again);

/* Why a call gave false. `limit` is the limit's name, or NULL. */
const char *tg_xml_writer_error(const struct tg_xml_writer *writer, const char **limit);

#endif
