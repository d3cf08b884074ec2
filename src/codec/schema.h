/* A schema, ready for use: documents are checked against it, and converted by it. Nothing of it
 * changes once it is made, so any thread may use it. */
#ifndef TG_CODEC_SCHEMA_H
#define TG_CODEC_SCHEMA_H

#include "codec/schema_files.h"
#include "codec/xml_options.h"

struct tg_schema;

/* Reads the file, and what it includes and imports: XML Schema 1.0, or WSDL 1.1 with such schemas
 * in it. `more` are schemas that are no files; each is of one namespace. NULL: see the error. */
struct tg_schema *tg_schema_create(const struct tg_schema_source *source, const char *path,
                                   const struct tg_text *more, size_t more_count,
                                   struct tg_schema_error *error);
void tg_schema_destroy(struct tg_schema *schema);

/* Why it can be used to check documents but not to convert them; NULL: it can. */
const char *tg_schema_refusal(const struct tg_schema *schema);

/* What a call works with; each is used by one call at a time. */
struct tg_schema_tools {
    struct tg_xml *scanner;
    struct tg_buffer *scratch;
    size_t memory; /* of a tree: see xml_document.h */
};

/* The element that a document must have; all empty: any that the schema declares globally. A
 * namespace without base: any. */
struct tg_schema_root {
    struct tg_text namespace, name;
    bool bare; /* the JSON is the element's value, without an object around it */
};

/* Whether there is a global element of that name, not abstract. */
bool tg_schema_declares(const struct tg_schema *schema, const struct tg_schema_root *root);

/* Each of them: false, and the error says why. `*code` is "parse" (not well-formed, or beyond a
 * limit), or "invalid" (not what the schema allows). */
bool tg_schema_validate(const struct tg_schema *schema, const struct tg_schema_tools *tools,
                        struct tg_text xml, const struct tg_xml_options *options,
                        struct tg_parse_error *error, const char **code);

/* Appends JSON:
 *
 *   element                 a member with its local name; an array when the schema lets it come
 *                           more than once; null when it has xsi:nil
 *   attribute               "@name"; one with a default is always there
 *   simple type             numbers keep their digits, INF and NaN are strings; booleans; arrays of
 *                           a list; all else strings
 *   text with attributes    "#text"
 *   a derived type          "@xsi:type", its name
 *   xs:any                  "#any", an array of elements as XML text
 *   mixed content, anyType  the element as XML text
 *
 * The order of children is checked and follows from the schema when it is written again. */
bool tg_schema_to_json(const struct tg_schema *schema, const struct tg_schema_tools *tools,
                       const struct tg_schema_root *root, struct tg_text xml,
                       const struct tg_xml_options *options, struct tg_buffer *out,
                       struct tg_parse_error *error, const char **code);

/* The way back; what it appends is valid. Of the limits depth, input, elements and output hold. */
bool tg_schema_to_xml(const struct tg_schema *schema, const struct tg_schema_tools *tools,
                      const struct tg_schema_root *root, struct tg_text json,
                      const struct tg_xml_limits *limits, struct tg_buffer *out,
                      struct tg_parse_error *error, const char **code);

/* The same for tests, by one of the ways that it has: a single pass, which gives much up, with an
 * error that says nothing; or nodes. */
enum tg_schema_way { TG_SCHEMA_ANY_WAY, TG_SCHEMA_IN_A_PASS, TG_SCHEMA_BY_NODES };

bool tg_schema_to_xml_by(enum tg_schema_way way, const struct tg_schema *schema,
                         const struct tg_schema_tools *tools, const struct tg_schema_root *root,
                         struct tg_text json, const struct tg_xml_limits *limits,
                         struct tg_buffer *out, struct tg_parse_error *error, const char **code);

#endif
