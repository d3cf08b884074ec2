#include "codec/xml_document.h"

#include <assert.h>
#include <libxml/xmlsave.h>
#include <libxml/xpathInternals.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/xml_document_parts.h"
#include "codec/xml_library.h"

/* ---- reading */

static size_t size_of_start(const struct tg_xml *scanner)
{
    size_t size = sizeof(xmlNode) + TG_DOCUMENT_AROUND;

    for (size_t i = 0; i < scanner->attribute_count; i++)
        size += sizeof(xmlAttr) + sizeof(xmlNode) + scanner->attributes[i].value.len +
                (size_t)3 * TG_DOCUMENT_AROUND;
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
            *size += sizeof(xmlNode) + scanner->text.len + (size_t)2 * TG_DOCUMENT_AROUND;
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

void tg_document_swallow(void *unused, xmlError *error)
{
    (void)unused;
    (void)error;
}

/* Identifiers would lead to elements that have been removed, so there are none. */
static bool prepare(struct tg_document *document, bool has_references)
{
    if (has_references)
        document->escapes = tg_document_names_read(xmlDocGetRootElement(document->doc));
    xmlFreeIDTable(document->doc->ids);
    document->doc->ids = NULL;
    xmlXPathOrderDocElems(document->doc);
    document->context = xmlXPathNewContext(document->doc);
    if (document->context == NULL)
        return false;
    document->context->error = tg_document_swallow;
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
    if (prepare(document, memchr(input.base, '&', input.len) != NULL))
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

/* ---- nodes */

bool tg_node_is_element(const struct tg_node *node)
{
    xmlElementType type = tg_node_inside(node)->type;

    return type == XML_ELEMENT_NODE || type == XML_DOCUMENT_NODE;
}

struct tg_text tg_node_name(const struct tg_node *node)
{
    const xmlNode *n = tg_node_inside(node);

    return n->type == XML_ELEMENT_NODE || n->type == XML_ATTRIBUTE_NODE ? tg_node_text_of(n->name)
                                                                        : tg_text("", 0);
}

static const xmlNs *namespace_of(const struct tg_node *node)
{
    const xmlNode *n = tg_node_inside(node);

    return n->type == XML_ELEMENT_NODE || n->type == XML_ATTRIBUTE_NODE ? n->ns : NULL;
}

struct tg_text tg_node_prefix(const struct tg_node *node)
{
    const xmlNs *ns = namespace_of(node);

    return tg_node_text_of(ns != NULL ? ns->prefix : NULL);
}

struct tg_text tg_node_namespace(const struct tg_node *node)
{
    const xmlNs *ns = namespace_of(node);

    return tg_node_text_of(ns != NULL ? ns->href : NULL);
}

size_t tg_node_line(const struct tg_node *node)
{
    long line =
        tg_node_inside(node)->type != XML_NAMESPACE_DECL ? xmlGetLineNo(tg_node_inside(node)) : 0;

    return line > 0 ? (size_t)line : 0;
}

static bool append(struct tg_buffer *out, xmlChar *text)
{
    struct tg_text bytes = tg_node_text_of(text);
    bool good = tg_buffer_append(out, bytes.base, bytes.len);

    xmlFree(text);
    return good;
}

bool tg_node_text(const struct tg_node *node, struct tg_buffer *out)
{
    const xmlNode *n = tg_node_inside(node);

    if (n->type == XML_NAMESPACE_DECL) {
        struct tg_text uri = tg_node_text_of(((const xmlNs *)(const void *)n)->href);
        return tg_buffer_append(out, uri.base, uri.len);
    }
    return append(out, xmlNodeGetContent(n));
}

bool tg_node_attribute(const struct tg_node *node, const char *name, const char *namespace,
                       struct tg_buffer *out)
{
    const xmlNode *n = tg_node_inside(node);

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

static void save_element(struct tg_document *document, xmlNode *element, xmlSaveCtxt *context)
{
    xmlNode *copy = copy_out(document->doc, element);

    if (copy != NULL && document->escapes)
        tg_document_names_escape(copy);
    xmlSaveTree(context, copy != NULL ? copy : element);
    xmlFreeNode(copy);
}

static void save_all(struct tg_document *document, xmlSaveCtxt *context)
{
    xmlDoc *copy = document->escapes ? xmlCopyDoc(document->doc, 1) : NULL;

    if (copy != NULL)
        tg_document_names_escape(xmlDocGetRootElement(copy));
    xmlSaveDoc(context, copy != NULL ? copy : document->doc);
    xmlFreeDoc(copy);
}

bool tg_document_write(struct tg_document *document, struct tg_node *node, bool declaration,
                       struct tg_buffer *out)
{
    size_t before = out->len;
    xmlSaveCtxt *context = xmlSaveToIO(write_some, NULL, out, "UTF-8",
                                       XML_SAVE_AS_XML | (declaration ? 0 : XML_SAVE_NO_DECL));

    if (context == NULL)
        return false;
    xmlNode *element = node != NULL ? tg_node_inside(node) : NULL;
    if (element != NULL && element->type == XML_ELEMENT_NODE)
        save_element(document, element, context);
    else
        save_all(document, context);
    bool good = xmlSaveClose(context) >= 0 && !out->full;
    if (!good)
        out->len = before;
    else if (out->len > before && out->base[out->len - 1] == '\n')
        out->len--;
    return good;
}
