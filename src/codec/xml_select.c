#include "codec/xml_select.h"

#include <stdio.h>

#include "codec/xml_document.h"
#include "codec/xml_select_path.h"
#include "codec/xml_to_json.h"

enum { TREE_PER_INPUT = 16 };

#define INPUT ((size_t)8 << 20)
#define NOTHING "select gives no element of it"

bool tg_xml_select_is_valid(struct tg_text expression)
{
    struct tg_parse_error error;
    struct tg_xpath *xpath = tg_xpath_create(expression, &error);

    if (xpath != NULL)
        tg_xpath_destroy(xpath);
    return xpath != NULL;
}

static bool fail(struct tg_parse_error *error, const char *reason)
{
    *error = (struct tg_parse_error){.line = 1, .column = 1};
    snprintf(error->text, sizeof(error->text), "xml: line 1, column 1: %s", reason);
    return false;
}

/* Elements stand before what else an expression may give, such as text. */
static struct tg_node *first_element(const struct tg_xpath_result *result)
{
    for (size_t i = 0; result->kind == TG_XPATH_NODES && i < result->count; i++)
        if (tg_node_is_element(result->nodes[i]))
            return result->nodes[i];
    return NULL;
}

static bool select_from(struct tg_document *document, const struct tg_xml_options *options,
                        struct tg_buffer *out, struct tg_parse_error *error)
{
    struct tg_xpath *xpath = tg_xpath_create(options->select, error);
    struct tg_xpath_result result;

    if (xpath == NULL)
        return false;
    bool good =
        tg_document_evaluate(document, NULL, xpath, &options->select_namespaces, 0, &result, error);
    struct tg_node *node = good ? first_element(&result) : NULL;
    if (good && node == NULL)
        good = fail(error, NOTHING);
    if (good && !tg_document_write(document, node, false, out))
        good = fail(error, "what select gives is too long");
    tg_xpath_destroy(xpath);
    return good;
}

static bool select_by_tree(struct tg_xml *xml, struct tg_text input,
                           const struct tg_xml_options *options, struct tg_buffer *out,
                           struct tg_parse_error *error)
{
    size_t most = options->limits.input != 0 ? options->limits.input : INPUT;
    struct tg_document *document =
        tg_document_create(xml, input, options, most * TREE_PER_INPUT, error);

    if (document == NULL)
        return false;
    bool good = select_from(document, options, out, error);
    tg_document_destroy(document);
    return good;
}

static bool select_one(struct tg_xml *xml, struct tg_text input,
                       const struct tg_xml_options *options, struct tg_buffer *out,
                       struct tg_parse_error *error)
{
    switch (tg_xml_select_path(xml, input, options, out, error)) {
    case TG_XML_SELECT_FOUND:
        return true;
    case TG_XML_SELECT_NONE:
        return fail(error, NOTHING);
    case TG_XML_SELECT_ERROR:
        return false;
    case TG_XML_SELECT_OTHER:
        break;
    }
    return select_by_tree(xml, input, options, out, error);
}

bool tg_xml_select(struct tg_xml *xml, struct tg_text *input, struct tg_xml_options *options,
                   struct tg_buffer *out, struct tg_parse_error *error)
{
    out->len = 0;
    bool good = select_one(xml, *input, options, out, error);
    *input = tg_text(out->base, out->len);
    options->select = options->charset = (struct tg_text){NULL, 0};
    options->limits.input = SIZE_MAX / 4; /* declarations and escapes may have made it longer */
    return good;
}

bool tg_xml_select_to_json(struct tg_xml *xml, struct tg_text input,
                           const struct tg_xml_options *options, struct tg_buffer *out,
                           struct tg_parse_error *error)
{
    struct tg_buffer selected = {.limit = 0};
    struct tg_xml_options own = *options;
    bool good = tg_xml_select(xml, &input, &own, &selected, error) &&
                tg_xml_to_json(xml, input, &own, out, error);

    tg_buffer_dispose(&selected);
    return good;
}
