/* A schema as conversions read it: types with their attributes, and contents as automata. Made once
 * and only read from then on, by any thread. The files of codec/schema_*.c share it. */
#ifndef TG_CODEC_SCHEMA_MODEL_H
#define TG_CODEC_SCHEMA_MODEL_H

#include <stdint.h>
#include <libxml/schemasInternals.h>
#include <libxml/xmlregexp.h>
#include <libxml/xmlschemastypes.h>

#include "codec/block.h"
#include "codec/json_skip.h"
#include "codec/schema_index.h"
#include "codec/xml_arena.h"

#define TG_SCHEMA_UNBOUNDED UINT32_MAX
#define TG_SCHEMA_XML_NAMESPACE "http://www.w3.org/XML/1998/namespace"
#define TG_SCHEMA_NO_NAMESPACE SIZE_MAX /* of an index: not one of the schema's */

/* ---- simple types */

enum tg_schema_class {
    TG_SCHEMA_TEXT,    /* any text */
    TG_SCHEMA_BOOLEAN, /* true false 1 0 */
    TG_SCHEMA_DECIMAL, /* integers too */
    TG_SCHEMA_FLOAT,   /* and double */
    TG_SCHEMA_OTHER,   /* libxml2 says what it may be */
    TG_SCHEMA_LIST,
    TG_SCHEMA_UNION,
};

enum tg_schema_space { TG_SCHEMA_PRESERVE, TG_SCHEMA_REPLACE, TG_SCHEMA_COLLAPSE };

/* What it is in JSON. */
enum tg_schema_json { TG_SCHEMA_JSON_STRING, TG_SCHEMA_JSON_NUMBER, TG_SCHEMA_JSON_BOOLEAN };

/* A value that others are compared with. */
struct tg_schema_limit {
    struct tg_text text;
    xmlSchemaVal *value; /* of what libxml2 compares; else NULL */
    bool set, exclusive;
    bool whole;     /* it is an integer: */
    int64_t number; /* the nearest that this can be */
};

/* All facets of base types are in it. */
struct tg_schema_simple {
    const char *name; /* for messages */
    enum tg_schema_class class;
    enum tg_schema_space space;
    enum tg_schema_json json; /* of a list: of its items */
    bool integer;             /* no fraction */
    bool faceted;             /* lengths, enumerations or patterns are to be checked */
    bool free;                /* any text is a value, as it is */
    bool any_decimal;         /* any decimal is one, but for what is faceted */
    bool deep;                /* of values in other places, too: identifiers */
    unsigned levels;          /* types in each other, by item and members */
    xmlSchemaType *builtin;   /* the one it comes from */
    const struct tg_schema_simple *base;
    const struct tg_schema_simple *item;
    const struct tg_schema_simple **members;
    size_t member_count;
    size_t min_length, max_length; /* characters, bytes or items */
    size_t total_digits, fraction_digits;
    struct tg_schema_limit low, high;
    struct tg_schema_limit *enumeration;
    size_t enumeration_count;
    xmlRegexp **patterns; /* all of them must match */
    const char **pattern_texts;
    size_t pattern_count;
};

/* ---- complex types */

/* Which namespaces a wildcard is for. */
struct tg_schema_wildcard {
    bool any, other; /* other: all but `not`, and not none */
    const char * not ;
    const char **list; /* "" is none */
    size_t count;
};

struct tg_schema_attribute {
    struct tg_text name;
    size_t namespace; /* index; 0 is none */
    const struct tg_schema_simple *type;
    struct tg_text value; /* default or fixed */
    bool has_default, is_fixed, required;
    struct tg_text key;   /* "@name": as JSON */
    struct tg_text shown; /* @name */
    struct tg_text open;  /* as XML, up to its value */
    unsigned mask;        /* as that of a member */
};

struct tg_schema_element {
    struct tg_text name;
    size_t namespace; /* index; 0 is none */
    const struct tg_schema_type *type;
    struct tg_text value; /* default or fixed */
    bool has_default, is_fixed, nillable, abstract;
    char first[TG_BLOCK]; /* the first bytes of the name, zeros after a shorter one */
    struct tg_text key;   /* "name": as JSON */
    struct tg_text open;  /* <prefix:name */
    struct tg_text close; /* </prefix:name> */
};

/* A place in a content where an element, or one that a wildcard allows, may stand. */
struct tg_schema_position {
    const struct tg_schema_element *element; /* NULL: a wildcard */
    const struct tg_schema_wildcard *wildcard;
    uint32_t min, max; /* how often in a row; neither is 0 */
    bool optional;     /* for all: it need not be there */
    uint32_t member;
    const uint16_t *next; /* positions that may follow */
    uint32_t next_count;
    bool last; /* the content may end here */
};

/* A key of the object that the type becomes. */
struct tg_schema_member {
    struct tg_text name, key;                /* key: as JSON, with quotes and colon */
    const struct tg_schema_element *element; /* NULL: what wildcards allow */
    bool array;
    uint32_t rank; /* its place among what an object has: behind attributes and the start tag */
    unsigned mask; /* a bit for each byte of the key, up to a block */
};

enum tg_schema_part_kind { TG_SCHEMA_LEAF, TG_SCHEMA_SEQUENCE, TG_SCHEMA_CHOICE, TG_SCHEMA_ALL };

/* A particle. */
struct tg_schema_part {
    enum tg_schema_part_kind kind;
    uint32_t min, max;
    const struct tg_schema_element *element; /* of a leaf; NULL: a wildcard's */
    const struct tg_schema_wildcard *wildcard;
    struct tg_schema_part **parts;
    size_t count;
    const struct tg_schema_document *document; /* only while it is made */
    const xmlNode *node;
};

struct tg_schema_type {
    size_t id;                                 /* its own number in the model */
    struct tg_schema_name name;                /* local NULL: anonymous */
    struct tg_text shown;                      /* the value of "@xsi:type" */
    const struct tg_schema_document *document; /* only while it is made */
    const xmlNode *node;                       /* the same; NULL: built in */
    bool ready, filling;
    bool abstract;
    bool complex;  /* has attributes or children: an object */
    bool raw;      /* mixed content, or anything: XML text */
    bool all;      /* positions in any order */
    bool scatters; /* a member may come again after another one */
    bool streams;  /* members and positions are one to one, and come in this order */
    bool is_any;   /* xs:anyType */
    const struct tg_schema_type *base;
    const struct tg_schema_simple *simple; /* its text; NULL: it has none */
    struct tg_schema_attribute *attributes;
    size_t attribute_count;
    uint64_t required; /* a bit for each attribute that has to be there, of those that bits suffice
                          for */
    const struct tg_schema_wildcard *any_attribute;
    struct tg_schema_part *part;
    struct tg_schema_position *positions;
    size_t position_count;
    const uint16_t *first;
    size_t first_count;
    bool nullable;
    struct tg_schema_member *members;
    size_t member_count;
};

/* A type or element that the model has by name. */
struct tg_schema_entry {
    struct tg_schema_name name;
    void *made;
};

struct tg_schema_model {
    struct tg_xml_arena arena;
    struct tg_schema_index *index; /* only while it is made */
    struct tg_schema_error *error;
    const char **namespaces; /* 0 is "" */
    size_t namespace_count;
    struct tg_schema_entry *elements, *types, *simples; /* sorted by name */
    size_t element_count, type_count, simple_count;
    struct tg_schema_type any;     /* xs:anyType; its id is 0 */
    size_t type_total;             /* ids that were given; without a name, too */
    bool deep;                     /* libxml2 has to look at every document */
    struct tg_schema_type **queue; /* types to be filled */
    size_t queue_count, queue_capacity;
    xmlRegexp **regexps; /* to be freed */
    size_t regexp_count, regexp_capacity;
    xmlSchemaVal **values; /* the same */
    size_t value_count, value_capacity;
    struct tg_schema_builtin *builtins;
    unsigned simple_depth; /* simple types that are being read */
    size_t follows;        /* entries of `next` in all positions */
};

/* schema_model.c: makes the model of the index, whose files may go then. False: see the error; the
 * model is to be disposed all the same. */
bool tg_schema_model_init(struct tg_schema_model *model, struct tg_schema_index *index,
                          struct tg_schema_error *error);
void tg_schema_model_dispose(struct tg_schema_model *model);

/* schema_facets.c: fills in what is known of a limit by its text. */
void tg_schema_set_limit(struct tg_schema_limit *limit, struct tg_text text, xmlSchemaVal *value,
                         bool exclusive);

/* The following are for making it; NULL or false: see the error. */
void *tg_schema_take(struct tg_schema_model *model, size_t n);
struct tg_text tg_schema_keep(struct tg_schema_model *model, const char *text);
struct tg_text tg_schema_key(struct tg_schema_model *model, const char *before, const char *name);
/* A name with the prefix that we write for its namespace, and what stands around it; two blocks can
 * be read there. */
struct tg_text tg_schema_written(struct tg_schema_model *model, const char *before,
                                 size_t namespace, const char *name, const char *after);
size_t tg_schema_namespace(const struct tg_schema_model *model, const char *namespace);
struct tg_schema_entry *tg_schema_entry_of(struct tg_schema_entry *list, size_t count,
                                           struct tg_schema_name name);

/* schema_build.c: the type of the name; filled in later, or at once by tg_schema_fill. */
struct tg_schema_type *tg_schema_type_of(struct tg_schema_model *model,
                                         const struct tg_schema_document *document,
                                         const xmlNode *node, const char *text);
struct tg_schema_type *tg_schema_type_at(struct tg_schema_model *model,
                                         const struct tg_schema_document *document,
                                         const xmlNode *node, struct tg_schema_name name);
bool tg_schema_fill(struct tg_schema_model *model, struct tg_schema_type *type);
struct tg_schema_element *tg_schema_element_of(struct tg_schema_model *model,
                                               const struct tg_schema_document *document,
                                               const xmlNode *node);

/* schema_attributes.c: adds those of the node to the type's, and takes away what it prohibits. */
bool tg_schema_read_attributes(struct tg_schema_model *model, struct tg_schema_type *type,
                               const struct tg_schema_document *document, const xmlNode *node);
struct tg_schema_wildcard *tg_schema_read_wildcard(struct tg_schema_model *model,
                                                   const struct tg_schema_document *document,
                                                   const xmlNode *node);

/* schema_particle.c: the particle of the group, choice, sequence or all at the node, and two behind
 * each other. schema_content.c: the type's automaton of its part. */
struct tg_schema_part *tg_schema_read_part(struct tg_schema_model *model,
                                           const struct tg_schema_document *document,
                                           const xmlNode *node);
struct tg_schema_part *tg_schema_join(struct tg_schema_model *model, struct tg_schema_part *a,
                                      struct tg_schema_part *b);
bool tg_schema_compile(struct tg_schema_model *model, struct tg_schema_type *type);
/* schema_content.c: what a single pass over its members wants to know. */
void tg_schema_plan(struct tg_schema_model *model, struct tg_schema_type *type);

/* schema_simple.c: a type of XML Schema itself; NULL: there is none of that name. */
const struct tg_schema_simple *tg_schema_builtin_of(struct tg_schema_model *model,
                                                    const char *name);

/* schema_simple.c: the simple type of the name, or of the simpleType, or of the restriction of a
 * simple content. */
const struct tg_schema_simple *tg_schema_simple_named(struct tg_schema_model *model,
                                                      const struct tg_schema_document *document,
                                                      const xmlNode *node, const char *text);
const struct tg_schema_simple *tg_schema_simple_at(struct tg_schema_model *model,
                                                   const struct tg_schema_document *document,
                                                   const xmlNode *node);
/* schema_facets.c: what follows from the rest, once all of that is known. */
void tg_schema_settle(struct tg_schema_simple *simple);

/* schema_facets.c: the type with the facets of the restriction at the node. */
const struct tg_schema_simple *tg_schema_restrict(struct tg_schema_model *model,
                                                  const struct tg_schema_simple *base,
                                                  const struct tg_schema_document *document,
                                                  const xmlNode *node);

/* ---- when it is made */

const struct tg_schema_element *tg_schema_model_element(const struct tg_schema_model *model,
                                                        struct tg_text namespace,
                                                        struct tg_text name, bool *many);
const struct tg_schema_type *tg_schema_model_type(const struct tg_schema_model *model,
                                                  struct tg_text namespace, struct tg_text name);
bool tg_schema_derives(const struct tg_schema_type *type, const struct tg_schema_type *from);
bool tg_schema_allows(const struct tg_schema_wildcard *wildcard, struct tg_text namespace);

/* schema_decimal.c: NULL, or what is wrong with the text as a decimal of the type; whether two are
 * one number. */
const char *tg_schema_check_decimal(const struct tg_schema_simple *type, struct tg_text text);
bool tg_schema_same_decimal(struct tg_text a, struct tg_text b);

/* Whether a whole number of so many digits can be held against the limits as it is. */
static inline bool tg_schema_is_whole(const struct tg_schema_simple *type, size_t digits)
{
    return type->integer && digits <= 18 && digits <= type->total_digits &&
           (!type->low.set || type->low.whole) && (!type->high.set || type->high.whole);
}

static inline bool tg_schema_is_below(const struct tg_schema_simple *type, int64_t value)
{
    return type->low.set && value - type->low.exclusive < type->low.number;
}

static inline bool tg_schema_is_above(const struct tg_schema_simple *type, int64_t value)
{
    return type->high.set && value + type->high.exclusive > type->high.number;
}

/* Behind a number that is plain enough to be seen at a glance as one of the type, and as one of
 * JSON; NULL: it is not. */
static inline const char *tg_schema_skip_number(const struct tg_schema_simple *type, const char *in,
                                                const char *end)
{
    const char *p = in, *stop = end - in > 18 ? in + 18 : end;
    int64_t value = 0;

    for (; p < stop && tg_json_is_digit(*p); p++)
        value = value * 10 + (*p - '0');
    size_t digits = (size_t)(p - in);
    if (digits == 0 || (*in == '0' && digits > 1) || type->faceted)
        return NULL;
    if (type->any_decimal && p < end && *p == '.') {
        for (in = ++p; p < end && tg_json_is_digit(*p); p++)
            ;
        if (p == in)
            return NULL;
    } else if (!type->any_decimal &&
               (type->class != TG_SCHEMA_DECIMAL || !tg_schema_is_whole(type, digits) ||
                tg_schema_is_below(type, value) || tg_schema_is_above(type, value))) {
        return NULL;
    }
    return p == end || (*p != '.' && !tg_json_is_digit(*p) && (*p | 0x20) != 'e') ? p : NULL;
}

/* schema_value.c: NULL when the text, white space as it is written, is a value of the type, else
 * what is wrong, such as "is not a value of xs:int". *normal is the text by the type's white
 * space, in `scratch`, where the text is not, or as it was. */
const char *tg_schema_check_value(const struct tg_schema_simple *type, struct tg_text text,
                                  struct tg_text *normal, struct tg_buffer *scratch);

#endif
