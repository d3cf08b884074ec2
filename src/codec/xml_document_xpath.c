/* Expressions of XPath, compiled and evaluated over a document. */
#include <assert.h>
#include <libxml/xpathInternals.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/utf8.h"
#include "codec/xml_document_parts.h"
#include "codec/xml_library.h"

struct tg_xpath {
    xmlXPathCompExpr *compiled;
};

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
    context->error = tg_document_swallow;
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
        result->string = tg_node_text_of(object->stringval);
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
    context->node = node != NULL ? tg_node_inside(node) : (xmlNode *)document->doc;
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
