/* XML as a tree: asked by XPath 1.0, edited in place, written again. The tree is libxml2's, which
 * only ever sees what the scanner has accepted within its limits. */
#ifndef TG_CODEC_XML_DOCUMENT_H
#define TG_CODEC_XML_DOCUMENT_H

#include "codec/options.h"
#include "codec/xml_scan.h"

enum {
    TG_DOCUMENT_DEPTH = 256,                /* the most that libxml2 reads; a limit above is this */
    TG_DOCUMENT_ATTRIBUTES = 1024,          /* it compares each with each; a limit above is this */
    TG_XPATH_OPERATIONS = 10 * 1000 * 1000, /* steps that one evaluation may take */
    TG_XPATH_LENGTH = 4096,                 /* bytes of an expression */
};

struct tg_document;
struct tg_node;  /* an element, attribute, text, comment or the document; lives as long as it */
struct tg_xpath; /* an expression, compiled; of no document in particular */

/* NULL: not well-formed, beyond a limit, or its tree would take more than `memory` bytes, by the
 * measure of tg_document_size (error->limit is "memory" then). `scanner` is any; it is at rest
 * again afterwards. */
struct tg_document *tg_document_create(struct tg_xml *scanner, struct tg_text input,
                                       const struct tg_xml_options *options, size_t memory,
                                       struct tg_parse_error *error);
void tg_document_destroy(struct tg_document *document);

/* The tree itself, for others in this room; libxml2 has given it that name. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier) */
struct _xmlDoc *tg_document_tree(struct tg_document *document);

/* About how many bytes it holds, with all that edits have taken out: they live as long as it. */
size_t tg_document_size(const struct tg_document *document);

/* NULL: error->text says what is wrong with the expression. */
struct tg_xpath *tg_xpath_create(struct tg_text expression, struct tg_parse_error *error);
void tg_xpath_destroy(struct tg_xpath *xpath);

enum tg_xpath_kind { TG_XPATH_NODES, TG_XPATH_STRING, TG_XPATH_NUMBER, TG_XPATH_BOOLEAN };

/* Dies at the next evaluation over its document. */
struct tg_xpath_result {
    enum tg_xpath_kind kind;
    size_t count; /* of nodes, in the order of the document */
    struct tg_node **nodes;
    struct tg_text string;
    double number;
    bool boolean;
};

/* Evaluates at the node, NULL for the document. The texts of the pairs end with a NUL too. False:
 * error->limit is "operations" when it took too many steps (0: TG_XPATH_OPERATIONS), else NULL and
 * the expression is wrong, such as one with an undefined prefix. */
bool tg_document_evaluate(struct tg_document *document, struct tg_node *node,
                          struct tg_xpath *xpath, const struct tg_options_pairs *namespaces,
                          size_t operations, struct tg_xpath_result *result,
                          struct tg_parse_error *error);

/* Whether it is an element or the document itself, rather than one of the leaves. */
bool tg_node_is_element(const struct tg_node *node);

struct tg_text tg_node_name(const struct tg_node *node);      /* without prefix */
struct tg_text tg_node_prefix(const struct tg_node *node);    /* empty: none */
struct tg_text tg_node_namespace(const struct tg_node *node); /* empty: none */

size_t tg_node_line(const struct tg_node *node); /* where it ends to begin; 0: not known */

/* Appends the text in it, or of the attribute. False: `out` is full, or there is no such one. */
bool tg_node_text(const struct tg_node *node, struct tg_buffer *out);
bool tg_node_attribute(const struct tg_node *node, const char *name, const char *namespace,
                       struct tg_buffer *out);

/* Appends the element or the document (NULL) as XML; an element with the namespaces in force.
 * False: `out` is full. */
bool tg_document_write(struct tg_document *document, struct tg_node *node, bool declaration,
                       struct tg_buffer *out);

/* Makes the text, behind which a NUL follows, all that is in the element, attribute, text or
 * comment. False: it can't be changed, or the text has characters that XML has not. */
bool tg_node_set(struct tg_document *document, struct tg_node *node, struct tg_text text);

/* Takes it out of the tree. False: it is the root element, or can't be removed. */
bool tg_node_remove(struct tg_document *document, struct tg_node *node);

#endif
