/* How XML is read: limits and the convention. All zero is the default of everything. */
#ifndef TG_CODEC_XML_OPTIONS_H
#define TG_CODEC_XML_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "codec/options.h"

#define TG_XML_OUTPUT ((size_t)32 << 20)

/* Crossing one is an error that names it. 0 stands for the default, given at the right. */
struct tg_xml_limits {
    size_t input;      /* bytes of the document, as sent and as UTF-8: 8 MB */
    size_t depth;      /* elements in elements, 100 000 at most: 256 */
    size_t attributes; /* of one element, without xmlns: 256 */
    size_t xmlns;      /* namespace declarations of one element: 64 */
    size_t name;       /* bytes of a name, or of a namespace's: 1024 */
    size_t names;      /* different names and namespaces of a document: 10 000 */
    size_t elements;   /* of a document: 1 000 000 */
    size_t output;     /* bytes of JSON: 32 MB */
};

enum tg_xml_namespaces {
    TG_XML_KEEP,       /* prefixes and declarations stay as they are */
    TG_XML_STRIP,      /* local names only, no declarations */
    TG_XML_BADGERFISH, /* each element has all that is in force: "@xmlns": {"$": …, "p": …} */
};

/* What an element without attributes and content becomes. */
enum tg_xml_empty {
    TG_XML_EMPTY_STRING,
    TG_XML_EMPTY_NULL,
    TG_XML_EMPTY_OBJECT,
};

/* Blanks of a text: not at its edges; all; single ones, and not at the edges. */
enum tg_xml_trim { TG_XML_TRIM_EDGES, TG_XML_TRIM_NONE, TG_XML_TRIM_NORMALIZE };

/* Text of blanks only: dropped; kept; kept where it is all that an element has. Trimming goes
 * before. */
enum tg_xml_blank_text { TG_XML_BLANK_DROP, TG_XML_BLANK_KEEP, TG_XML_BLANK_LEAF };

/* Text that becomes a number: none; what a double prints back the same; whatever JSON would take,
 * digit by digit. */
enum tg_xml_numbers { TG_XML_NUMBERS_NONE, TG_XML_NUMBERS_SAFE, TG_XML_NUMBERS_LEXICAL };

/* true and false become booleans: no; as they are written; in any case. */
enum tg_xml_booleans { TG_XML_BOOLEANS_NO, TG_XML_BOOLEANS_YES, TG_XML_BOOLEANS_NOCASE };

/* xsi:nil="true": null where nothing else is in the element; or an attribute like others. */
enum tg_xml_nil { TG_XML_NIL_NULL, TG_XML_NIL_KEEP };

/* Text between elements: all of it under text_key; in its order under children_key; the whole
 * document as JsonML; or dropped. */
enum tg_xml_mixed {
    TG_XML_MIXED_TEXT,
    TG_XML_MIXED_CHILDREN,
    TG_XML_MIXED_JSONML,
    TG_XML_MIXED_DROP
};

enum tg_xml_doctype { TG_XML_DOCTYPE_REFUSE, TG_XML_DOCTYPE_SKIP };

enum tg_xml_declarations { TG_XML_DECLARATIONS_KEEP, TG_XML_DECLARATIONS_DROP };

/* What is done to the element or attribute at a path; one bit each. */
enum tg_xml_mark {
    TG_XML_MARK_ARRAY = 1,
    TG_XML_MARK_STRING = 2,
    TG_XML_MARK_NUMBER = 4,
    TG_XML_MARK_INTEGER = 8,
    TG_XML_MARK_BOOLEAN = 16,
};

/* A path such as /order/item, //item, /order/@id. The names in it are those of the document,
 * without prefixes under TG_XML_STRIP. */
struct tg_xml_type {
    struct tg_text path;
    unsigned mark;
};

/* A text without base has its default, given at the right. */
struct tg_xml_options {
    struct tg_xml_limits limits;
    enum tg_xml_namespaces namespaces;
    enum tg_xml_empty empty;
    struct tg_options_list force_array; /* paths of elements that become arrays even alone */
    struct tg_options_list collapse;    /* see xml_shape.h */
    const struct tg_xml_type *types;
    size_t type_count;
    struct tg_text attribute_prefix; /* "@"; in a group: none */
    struct tg_text attribute_group;  /* the key of an object of the attributes: none */
    struct tg_text text_key;         /* #text */
    struct tg_text cdata_key;        /* CDATA apart from other text: none */
    struct tg_text children_key;     /* of mixed content: #children */
    struct tg_text content_key;      /* a list of what is beside attributes: none */
    struct tg_text comments_key;     /* none: comments are dropped */
    struct tg_text pi_key;           /* none: processing instructions are dropped */
    struct tg_text ns_separator;     /* between prefix and name: ":" */
    struct tg_text root;             /* another key for the root element */
    struct tg_text null_literal;     /* the text that stands for null: none */
    struct tg_text charset;          /* the encoding, whatever the document says: not told */
    struct tg_text select;           /* an XPath, whose first element is all that is read: none */
    struct tg_options_pairs select_namespaces; /* of its prefixes; the texts end with a NUL */
    bool force_all;                            /* every element but the root becomes an array */
    bool drop_attributes;
    bool drop_root;      /* the value of the root element is all */
    bool text_always;    /* text is under text_key also when it is alone */
    bool unescape_names; /* _xHHHH_ in names is the character: see xml_write.h */
    enum tg_xml_declarations xmlns_decl;
    enum tg_xml_nil nil;
    enum tg_xml_trim trim;
    enum tg_xml_blank_text blank_text;
    enum tg_xml_numbers numbers;
    enum tg_xml_booleans booleans;
    enum tg_xml_mixed mixed;
    enum tg_xml_doctype doctype;
    unsigned strip_levels; /* see xml_shape.h */
};

/* Ends with a NULL name. Those of kind OTHER take more than one kind of value: `preset`, `empty`
 * ('', null, {}), `attribute_prefix` and `root` (false drops), `force_array` (true: all),
 * `booleans` (false, true, 'nocase'), `blank_text` (false, true, 'leaf'), `types`. */
extern const struct tg_option tg_xml_option_table[];

/* Sets the options to a convention by its name: badgerfish, parker, gdata, abdera, jsonml, xml2js,
 * apigee, aws. False: there is none of that name. */
bool tg_xml_preset(struct tg_text name, struct tg_xml_options *options);
extern const char tg_xml_presets[]; /* their names, between bars */

/* Sets the limits that are 0 to the standard ones. */
void tg_xml_limits_fill(struct tg_xml_limits *limits, const struct tg_xml_limits *standard);

/* The mark of a type by its name: array string number integer boolean; 0 when there is none. */
unsigned tg_xml_mark_of(struct tg_text name);

/* Whether nothing is asked for but namespaces keep or strip, empty, force_array, and what only the
 * scanner sees. */
bool tg_xml_options_are_plain(const struct tg_xml_options *options);

#endif
