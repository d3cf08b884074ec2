#include "codec/xml_document.h"

#include <assert.h>
#include <libxml/parser.h>
#include <libxml/xmlsave.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/utf8.h"
#include "codec/xml_library.h"

/* What malloc adds to a block. */
enum { AROUND = 16 };

struct tg_document {
    xmlDoc *doc;
    xmlXPathContext *context;
    xmlXPathObject *object; /* of the last evaluation */
    xmlNode **removed;      /* out of the tree; somebody may still look at them */
    size_t removed_count, removed_capacity;
    size_t size;
};

struct tg_xpath {
    xmlXPathCompExpr *compiled;
};

static xmlNode *inside(const struct tg_node *node)
{
    return (xmlNode *)(uintptr_t)node;
}

static struct tg_text text_of(const xmlChar *text)
{
    return text != NULL ? tg_text_of((const char *)text) : tg_text("", 0);
}

/* ---- reading */

static size_t size_of_start(const struct tg_xml *scanner)
{
    size_t size = sizeof(xmlNode) + AROUND;

    for (size_t i = 0; i < scanner->attribute_count; i++)
        size += sizeof(xmlAttr) + sizeof(xmlNode) + scanner->attributes[i].value.len +
                (size_t)3 * AROUND;
    return size;
}

/* Reads all of the document and says what its tree will take. */
static bool scan(struct tg_xml *scanner, size_t *size)
{
    *size = sizeof(struct tg_document) + sizeof(xmlDoc);
    for (;;) {
        switch (tg_xml_next(scanner)) {
        case TG_XML_START:
            *size += size_of_start(scanner);
            break;
        case TG_XML_TEXT:
        case TG_XML_COMMENT:
        case TG_XML_INSTRUCTION:
            *size += sizeof(xmlNode) + scanner->text.len + (size_t)2 * AROUND;
            break;
        case TG_XML_END:
            break;
        case TG_XML_DONE:
            return true;
        case TG_XML_ERROR:
            return false;
        }
    }
}

/* libxml2 has limits of its own, such as 10 MB for one text. */
static void explain(xmlParserCtxt *parser, struct tg_parse_error *error)
{
    const xmlError *last = xmlCtxtGetLastError(parser);
    const char *message = last != NULL && last->message != NULL ? last->message : "no memory";
    size_t line = last != NULL && last->line > 0 ? (size_t)last->line : 1;
    size_t column = last != NULL && last->int2 > 0 ? (size_t)last->int2 : 1;

    *error = (struct tg_parse_error){.line = line, .column = column};
    snprintf(error->text, sizeof(error->text), "xml: line %zu, column %zu: %.*s", line, column,
             (int)strcspn(message, "\n"), message);
}

static xmlDoc *parse(struct tg_text input, struct tg_parse_error *error)
{
    xmlParserCtxt *parser = xmlNewParserCtxt();
    xmlDoc *doc = NULL;

    if (parser != NULL)
        doc = xmlCtxtReadMemory(parser, input.base, (int)input.len, NULL, NULL,
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                    XML_PARSE_COMPACT | XML_PARSE_IGNORE_ENC);
    if (doc == NULL)
        explain(parser, error);
    xmlFreeParserCtxt(parser);
    return doc;
}

static void swallow(void *unused, xmlError *error)
{
    (void)unused;
    (void)error; /* it stays in the context */
}

/* Identifiers would lead to elements that have been removed, so there are none. */
static bool prepare(struct tg_document *document)
{
    xmlFreeIDTable(document->doc->ids);
    document->doc->ids = NULL;
    xmlXPathOrderDocElems(document->doc);
    document->context = xmlXPathNewContext(document->doc);
    if (document->context == NULL)
        return false;
    document->context->error = swallow;
    return true;
}

static size_t lower(size_t limit, size_t standard, size_t most)
{
    return limit == 0 ? standard : limit < most ? limit : most;
}

/* libxml2 reads what the scanner has read: UTF-8, whatever the document was. */
static xmlDoc *scan_and_parse(struct tg_xml *scanner, size_t memory, size_t *size,
                              struct tg_parse_error *error)
{
    scanner->markup = true;
    bool good = scan(scanner, size);
    if (good && *size > memory) {
        tg_xml_fail_limit(scanner, scanner->at, "memory", memory, "bytes for its tree");
        good = false;
    }
    if (!good) {
        *error = scanner->error;
        return NULL;
    }
    return parse(tg_text(scanner->start, (size_t)(scanner->end - scanner->start)), error);
}

struct tg_document *tg_document_create(struct tg_xml *scanner, struct tg_text input,
                                       const struct tg_xml_options *options, size_t memory,
                                       struct tg_parse_error *error)
{
    struct tg_xml_options bounded = *options;
    xmlDoc *doc = NULL;
    size_t size = 0;

    tg_xml_library_use();
    bounded.limits.depth = lower(options->limits.depth, TG_DOCUMENT_DEPTH, TG_DOCUMENT_DEPTH);
    bounded.limits.attributes = lower(options->limits.attributes, 256, TG_DOCUMENT_ATTRIBUTES);
    if (tg_xml_begin_as(scanner, input, &bounded))
        doc = scan_and_parse(scanner, memory, &size, error);
    else
        *error = scanner->error;
    tg_xml_rest(scanner);
    if (doc == NULL)
        return NULL;
    struct tg_document *document = calloc(1, sizeof(*document));
    assert(document != NULL);
    *document = (struct tg_document){.doc = doc, .size = size};
    if (prepare(document))
        return document;
    tg_document_destroy(document);
    *error = (struct tg_parse_error){.line = 1, .column = 1, .text = "xml: no memory"};
    return NULL;
}

void tg_document_destroy(struct tg_document *document)
{
    xmlXPathFreeObject(document->object);
    xmlXPathFreeContext(document->context);
    for (size_t i = 0; i < document->removed_count; i++)
        xmlFreeNode(document->removed[i]);
    free(document->removed);
    xmlFreeDoc(document->doc);
    free(document);
}

struct _xmlDoc *tg_document_tree(struct tg_document *document)
{
    return document->doc;
}

size_t tg_document_size(const struct tg_document *document)
{
    return document->size;
}

/* ---- asking */

/* libxml2 keeps its own sentences to itself. */
static const char *sentence(int code)
{
    switch (code - XML_XPATH_EXPRESSION_OK) {
    case XPATH_NUMBER_ERROR:
        return "a number is malformed";
    case XPATH_UNFINISHED_LITERAL_ERROR:
        return "a literal has no end";
    case XPATH_START_LITERAL_ERROR:
        return "a literal has no begin";
    case XPATH_UNDEF_VARIABLE_ERROR:
    case XPATH_FORBID_VARIABLE_ERROR:
        return "there are no variables";
    case XPATH_INVALID_PREDICATE_ERROR:
        return "a predicate is malformed";
    case XPATH_UNCLOSED_ERROR:
        return "a parenthesis is not closed";
    case XPATH_UNKNOWN_FUNC_ERROR:
        return "it calls a function that is not there";
    case XPATH_INVALID_TYPE:
        return "a value has the wrong type";
    case XPATH_INVALID_ARITY:
        return "a function has the wrong number of arguments";
    case XPATH_UNDEF_PREFIX_ERROR:
        return "it has a prefix that stands for no namespace";
    case XPATH_INVALID_CHAR_ERROR:
        return "it has a character that can't stand in it";
    case XPATH_RECURSION_LIMIT_EXCEEDED:
        return "it is nested too deeply";
    default:
        return "it is no expression of XPath 1.0";
    }
}

/* The error of libxml2 as ours; false for good. */
static bool fail(const xmlXPathContext *context, size_t operations, struct tg_parse_error *error)
{
    const xmlError *last = &context->lastError;

    *error = (struct tg_parse_error){.line = 1, .column = (size_t)last->int1 + 1};
    if (last->code != XML_XPATH_EXPRESSION_OK + (int)XPATH_OP_LIMIT_EXCEEDED) {
        snprintf(error->text, sizeof(error->text), "xpath: %s", sentence(last->code));
        return false;
    }
    error->limit = "operations";
    snprintf(error->text, sizeof(error->text), "xpath: more than %zu steps (limit operations)",
             operations);
    return false;
}

static bool is_fit(struct tg_text expression, struct tg_parse_error *error)
{
    const char *wrong = NULL;

    if (expression.len > TG_XPATH_LENGTH)
        wrong = "more than 4096 bytes";
    else if (memchr(expression.base, '\0', expression.len) != NULL ||
             tg_utf8_check(expression) != expression.len)
        wrong = "not UTF-8";
    if (wrong == NULL)
        return true;
    *error = (struct tg_parse_error){.line = 1, .column = 1};
    snprintf(error->text, sizeof(error->text), "xpath: the expression has %s", wrong);
    if (expression.len <= TG_XPATH_LENGTH)
        snprintf(error->text, sizeof(error->text), "xpath: the expression is %s", wrong);
    return false;
}

struct tg_xpath *tg_xpath_create(struct tg_text expression, struct tg_parse_error *error)
{
    char text[TG_XPATH_LENGTH + 1];

    if (!is_fit(expression, error))
        return NULL;
    tg_xml_library_use();
    memcpy(text, expression.base, expression.len);
    text[expression.len] = '\0';
    xmlXPathContext *context = xmlXPathNewContext(NULL);
    assert(context != NULL);
    context->error = swallow;
    xmlXPathCompExpr *compiled = xmlXPathCtxtCompile(context, (const xmlChar *)text);
    if (compiled == NULL)
        fail(context, 0, error);
    xmlXPathFreeContext(context);
    if (compiled == NULL)
        return NULL;
    struct tg_xpath *xpath = malloc(sizeof(*xpath));
    assert(xpath != NULL);
    xpath->compiled = compiled;
    return xpath;
}

void tg_xpath_destroy(struct tg_xpath *xpath)
{
    xmlXPathFreeCompExpr(xpath->compiled);
    free(xpath);
}

static void bind(xmlXPathContext *context, const struct tg_options_pairs *namespaces)
{
    xmlXPathRegisteredNsCleanup(context);
    for (size_t i = 0; namespaces != NULL && i < namespaces->count; i++)
        xmlXPathRegisterNs(context, (const xmlChar *)namespaces->list[i].name.base,
                           (const xmlChar *)namespaces->list[i].value.base);
}

static bool take(const xmlXPathObject *object, struct tg_xpath_result *result)
{
    *result = (struct tg_xpath_result){.kind = TG_XPATH_NODES};
    switch (object->type) {
    case XPATH_NODESET:
    case XPATH_XSLT_TREE:
        if (object->nodesetval != NULL) {
            result->count = (size_t)object->nodesetval->nodeNr;
            result->nodes = (struct tg_node **)(void *)object->nodesetval->nodeTab;
        }
        return true;
    case XPATH_BOOLEAN:
        result->kind = TG_XPATH_BOOLEAN;
        result->boolean = object->boolval != 0;
        return true;
    case XPATH_NUMBER:
        result->kind = TG_XPATH_NUMBER;
        result->number = object->floatval;
        return true;
    case XPATH_STRING:
        result->kind = TG_XPATH_STRING;
        result->string = text_of(object->stringval);
        return true;
    default:
        return false; /* what only XPointer makes */
    }
}

bool tg_document_evaluate(struct tg_document *document, struct tg_node *node,
                          struct tg_xpath *xpath, const struct tg_options_pairs *namespaces,
                          size_t operations, struct tg_xpath_result *result,
                          struct tg_parse_error *error)
{
    xmlXPathContext *context = document->context;

    xmlXPathFreeObject(document->object);
    xmlResetError(&context->lastError);
    bind(context, namespaces);
    context->node = node != NULL ? inside(node) : (xmlNode *)document->doc;
    if (operations == 0)
        operations = TG_XPATH_OPERATIONS;
    context->opLimit = operations;
    context->opCount = 0;
    document->object = xmlXPathCompiledEval(xpath->compiled, context);
    if (document->object == NULL || context->lastError.code != XML_ERR_OK)
        return fail(context, operations, error);
    if (document->object->type == XPATH_NODESET && document->object->nodesetval != NULL)
        xmlXPathNodeSetSort(document->object->nodesetval);
    return take(document->object, result) || fail(context, operations, error);
}

/* ---- nodes */

bool tg_node_is_element(const struct tg_node *node)
{
    xmlElementType type = inside(node)->type;

    return type == XML_ELEMENT_NODE || type == XML_DOCUMENT_NODE;
}

struct tg_text tg_node_name(const struct tg_node *node)
{
    const xmlNode *n = inside(node);

    return n->type == XML_ELEMENT_NODE || n->type == XML_ATTRIBUTE_NODE ? text_of(n->name)
                                                                        : tg_text("", 0);
}

static const xmlNs *namespace_of(const struct tg_node *node)
{
    const xmlNode *n = inside(node);

    return n->type == XML_ELEMENT_NODE || n->type == XML_ATTRIBUTE_NODE ? n->ns : NULL;
}

struct tg_text tg_node_prefix(const struct tg_node *node)
{
    const xmlNs *ns = namespace_of(node);

    return text_of(ns != NULL ? ns->prefix : NULL);
}

struct tg_text tg_node_namespace(const struct tg_node *node)
{
    const xmlNs *ns = namespace_of(node);

    return text_of(ns != NULL ? ns->href : NULL);
}

size_t tg_node_line(const struct tg_node *node)
{
    long line = inside(node)->type != XML_NAMESPACE_DECL ? xmlGetLineNo(inside(node)) : 0;

    return line > 0 ? (size_t)line : 0;
}

static bool append(struct tg_buffer *out, xmlChar *text)
{
    struct tg_text bytes = text_of(text);
    bool good = tg_buffer_append(out, bytes.base, bytes.len);

    xmlFree(text);
    return good;
}

bool tg_node_text(const struct tg_node *node, struct tg_buffer *out)
{
    const xmlNode *n = inside(node);

    if (n->type == XML_NAMESPACE_DECL) {
        struct tg_text uri = text_of(((const xmlNs *)(const void *)n)->href);
        return tg_buffer_append(out, uri.base, uri.len);
    }
    return append(out, xmlNodeGetContent(n));
}

bool tg_node_attribute(const struct tg_node *node, const char *name, const char *namespace,
                       struct tg_buffer *out)
{
    const xmlNode *n = inside(node);

    if (n->type != XML_ELEMENT_NODE)
        return false;
    xmlChar *value = namespace != NULL
                         ? xmlGetNsProp(n, (const xmlChar *)name, (const xmlChar *)namespace)
                         : xmlGetNoNsProp(n, (const xmlChar *)name);
    return value != NULL && append(out, value);
}

/* ---- writing */

static int write_some(void *context, const char *bytes, int n)
{
    return tg_buffer_append(context, bytes, (size_t)n) ? n : -1;
}

static bool is_none(const xmlNs *ns)
{
    return ns->href == NULL || *ns->href == '\0';
}

/* A copy that stands by itself: with all namespaces that are in force at the element. */
static xmlNode *copy_out(xmlDoc *doc, xmlNode *element)
{
    xmlNode *copy = xmlDocCopyNode(element, doc, 1);
    xmlNs **list = xmlGetNsList(doc, element);

    for (size_t i = 0; copy != NULL && list != NULL && list[i] != NULL; i++)
        if (!is_none(list[i]) && xmlSearchNs(doc, copy, list[i]->prefix) == NULL)
            xmlNewNs(copy, list[i]->href, list[i]->prefix);
    xmlFree(list);
    return copy;
}

static void save(xmlDoc *doc, xmlNode *element, xmlSaveCtxt *context)
{
    if (element == NULL || element->type != XML_ELEMENT_NODE) {
        xmlSaveDoc(context, doc);
        return;
    }
    xmlNode *copy = copy_out(doc, element);
    xmlSaveTree(context, copy != NULL ? copy : element);
    xmlFreeNode(copy);
}

bool tg_document_write(struct tg_document *document, struct tg_node *node, bool declaration,
                       struct tg_buffer *out)
{
    size_t before = out->len;
    xmlSaveCtxt *context = xmlSaveToIO(write_some, NULL, out, "UTF-8",
                                       XML_SAVE_AS_XML | (declaration ? 0 : XML_SAVE_NO_DECL));

    if (context == NULL)
        return false;
    save(document->doc, node != NULL ? inside(node) : NULL, context);
    bool good = xmlSaveClose(context) >= 0 && !out->full;
    if (!good)
        out->len = before;
    else if (out->len > before && out->base[out->len - 1] == '\n')
        out->len--;
    return good;
}

/* ---- editing */

static void put_aside(struct tg_document *document, xmlNode *node)
{
    if (document->removed_count == document->removed_capacity) {
        size_t capacity = document->removed_capacity * 2 + 8;
        document->removed = realloc(document->removed, capacity * sizeof(*document->removed));
        assert(document->removed != NULL);
        document->size += (capacity - document->removed_capacity) * sizeof(*document->removed);
        document->removed_capacity = capacity;
    }
    xmlUnlinkNode(node);
    document->removed[document->removed_count++] = node;
}

static bool is_parent(const xmlNode *node)
{
    return node->type == XML_ELEMENT_NODE || node->type == XML_ATTRIBUTE_NODE;
}

/* The text of an attribute hangs below it just as that of an element does. */
static void adopt(xmlNode *parent, xmlNode *text)
{
    text->parent = parent;
    parent->children = parent->last = text;
}

static bool replace(struct tg_document *document, xmlNode *old, struct tg_text text)
{
    xmlNode *made =
        old->type == XML_COMMENT_NODE
            ? xmlNewDocComment(document->doc, (const xmlChar *)text.base)
            : xmlNewDocTextLen(document->doc, (const xmlChar *)text.base, (int)text.len);

    assert(made != NULL);
    xmlReplaceNode(old, made);
    put_aside(document, old);
    return true;
}

static bool is_text_for(const xmlNode *node, struct tg_text text)
{
    bool cr = false;

    if (text.len > INT32_MAX / 2 || tg_utf8_check_xml(text, &cr) != text.len)
        return false;
    if (node->type != XML_COMMENT_NODE)
        return true;
    return memmem(text.base, text.len, "--", 2) == NULL &&
           (text.len == 0 || text.base[text.len - 1] != '-');
}

bool tg_node_set(struct tg_document *document, struct tg_node *node, struct tg_text text)
{
    xmlNode *n = inside(node);

    if (n->type == XML_NAMESPACE_DECL || !is_text_for(n, text))
        return false;
    document->size += sizeof(xmlNode) + text.len + (size_t)2 * AROUND;
    if (is_parent(n)) {
        while (n->children != NULL)
            put_aside(document, n->children);
        if (text.len != 0)
            adopt(n, xmlNewDocTextLen(document->doc, (const xmlChar *)text.base, (int)text.len));
        return true;
    }
    if (n->type != XML_TEXT_NODE && n->type != XML_CDATA_SECTION_NODE &&
        n->type != XML_COMMENT_NODE)
        return false;
    return n->parent != NULL && replace(document, n, text);
}

bool tg_node_remove(struct tg_document *document, struct tg_node *node)
{
    xmlNode *n = inside(node);

    if (n->type == XML_NAMESPACE_DECL || n->type == XML_DOCUMENT_NODE ||
        n == xmlDocGetRootElement(document->doc))
        return false;
    if (n->parent != NULL)
        put_aside(document, n);
    return true;
}
