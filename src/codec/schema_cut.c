/* A file with schemas as a tree and as text, and one xs:schema cut out of it. */
#include "codec/schema_cut.h"

#include <libxml/parser.h>
#include <string.h>

/* ---- reading */

/* Which byte and line each element begins and ends at: the tree does not tell exactly. */
static bool find_places(struct tg_schema_reading *r, struct tg_xml *scanner)
{
    size_t capacity = 0, line = 1, *open = calloc(TG_SCHEMA_ELEMENTS, sizeof(*open));
    const char *counted = scanner->start, *at;
    bool good = true;

    assert(open != NULL);
    scanner->markup = true;
    for (enum tg_xml_event event; good;) {
        event = tg_xml_next(scanner);
        if (event == TG_XML_START) {
            /* No value of an attribute has a '<'. */
            at = memrchr(scanner->start, '<', (size_t)(scanner->at - scanner->start));
            for (; counted < at; counted++)
                line += *counted == '\n';
            r->places = tg_schema_grow(r->places, &capacity, r->count + 1, sizeof(*r->places));
            open[scanner->depth - 1] = r->count;
            r->places[r->count++] =
                (struct tg_schema_place){.begin = (size_t)(at - scanner->start), .line = line};
        } else if (event == TG_XML_END) {
            r->places[open[scanner->depth]].end = (size_t)(scanner->at - scanner->start);
        } else if (event == TG_XML_ERROR) {
            good = tg_schema_fail(r->files->error, r->file, scanner->error.line, "%s",
                                  scanner->error.text);
        } else if (event == TG_XML_DONE) {
            break;
        }
    }
    free(open);
    return good;
}

bool tg_schema_scan(struct tg_schema_reading *r, struct tg_text bytes)
{
    struct tg_xml_options options = {.limits = {.elements = TG_SCHEMA_ELEMENTS, .names = 100000}};
    struct tg_xml *scanner = r->files->scanner;
    bool good = tg_xml_begin_as(scanner, bytes, &options);

    if (!good)
        tg_schema_fail(r->files->error, r->file, scanner->error.line, "%s", scanner->error.text);
    good = good && find_places(r, scanner);
    if (good) {
        tg_buffer_append(&r->text, scanner->start, (size_t)(scanner->end - scanner->start));
        tg_buffer_put(&r->text, '\0');
    }
    tg_xml_rest(scanner);
    return good;
}

xmlDoc *tg_schema_tree(const char *file, struct tg_text text, struct tg_schema_error *error)
{
    xmlParserCtxt *parser = xmlNewParserCtxt();
    xmlDoc *tree = NULL;

    if (parser != NULL)
        tree = xmlCtxtReadMemory(parser, text.base, (int)text.len, NULL, NULL,
                                 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                     XML_PARSE_IGNORE_ENC | XML_PARSE_BIG_LINES | XML_PARSE_NOENT |
                                     XML_PARSE_NOCDATA);
    if (tree == NULL)
        tg_schema_fail(error, file, 1, "this is no XML that libxml2 reads");
    xmlFreeParserCtxt(parser);
    return tree;
}

/* The index of the element among all of the document. */
static size_t number_of(const xmlNode *element)
{
    size_t number = 0;
    const xmlNode *at = (const xmlNode *)element->doc->children;

    while (at != element) {
        number += at->type == XML_ELEMENT_NODE;
        if (at->type == XML_ELEMENT_NODE && at->children != NULL) {
            at = at->children;
            continue;
        }
        while (at->next == NULL)
            at = at->parent;
        at = at->next;
    }
    return number;
}

/* ---- cutting out */

size_t tg_schema_line_of(const struct tg_schema_reading *r, const xmlNode *element)
{
    return r->places[number_of(element)].line;
}

static void escape(struct tg_buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '&')
            tg_buffer_append(out, "&amp;", 5);
        else if (*text == '<')
            tg_buffer_append(out, "&lt;", 4);
        else if (*text == '"')
            tg_buffer_append(out, "&quot;", 6);
        else
            tg_buffer_put(out, *text);
    }
}

static bool declares(const xmlNode *node, const xmlChar *prefix)
{
    for (const xmlNs *ns = node->nsDef; ns != NULL; ns = ns->next)
        if (xmlStrEqual(ns->prefix, prefix))
            return true;
    return false;
}

/* The declarations around the schema that hold inside of it. */
static void add_namespaces(struct tg_buffer *out, const xmlNode *schema)
{
    xmlNs **list = xmlGetNsList(schema->doc, schema);

    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        if (declares(schema, list[i]->prefix))
            continue;
        const char *prefix = (const char *)list[i]->prefix;
        tg_buffer_printf(out, " xmlns%s%s=\"", prefix != NULL ? ":" : "",
                         prefix != NULL ? prefix : "");
        escape(out, (const char *)list[i]->href);
        tg_buffer_put(out, '"');
    }
    xmlFree(list);
}

/* What stands instead of an element that names another document: its import without a place, and
 * as many lines as it had. */
static void add_link(struct tg_buffer *out, const xmlNode *link, const char *text, size_t len)
{
    if (tg_schema_is(link, "import")) {
        const char *namespace = tg_schema_attribute(link, "namespace");
        tg_buffer_printf(out, "<%s%simport",
                         link->ns->prefix != NULL ? (const char *)link->ns->prefix : "",
                         link->ns->prefix != NULL ? ":" : "");
        if (namespace != NULL) {
            tg_buffer_printf(out, " namespace=\"");
            escape(out, namespace);
            tg_buffer_put(out, '"');
        }
        tg_buffer_printf(out, "/>");
    }
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\n')
            tg_buffer_put(out, '\n');
}

void tg_schema_cut_out(const struct tg_schema_reading *r, const xmlNode *schema,
                       struct tg_buffer *out)
{
    size_t number = number_of(schema), inner = number;
    const struct tg_schema_place *place = &r->places[number];
    size_t at = place->begin, name = at + 1;

    for (size_t line = 1; line < place->line; line++)
        tg_buffer_put(out, '\n');
    while (strchr(" \t\n/>", r->text.base[name]) == NULL)
        name++;
    tg_buffer_append(out, r->text.base + at, name - at);
    add_namespaces(out, schema);
    at = name;
    for (const xmlNode *child = schema->children; child != NULL; child = child->next) {
        if (child->type != XML_ELEMENT_NODE)
            continue;
        for (inner++; r->places[inner].begin < at;)
            inner++;
        const struct tg_schema_place *own = &r->places[inner];
        bool links = tg_schema_is(child, "include") || tg_schema_is(child, "import");
        if (links) {
            tg_buffer_append(out, r->text.base + at, own->begin - at);
            add_link(out, child, r->text.base + own->begin, own->end - own->begin);
        } else {
            tg_buffer_append(out, r->text.base + at, own->end - at);
        }
        at = own->end;
    }
    tg_buffer_append(out, r->text.base + at, place->end - at);
}
