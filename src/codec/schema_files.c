#include "codec/schema_files.h"

#include <assert.h>
#include <libxml/parser.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/xml_library.h"

#define WSDL "http://schemas.xmlsoap.org/wsdl/"
#define XML "http://www.w3.org/XML/1998/namespace"

/* Where an element stands in its file. */
struct place {
    size_t begin, end; /* bytes */
    size_t line;
};

/* A file while it is read. */
struct reading {
    struct tg_schema_files *files;
    const char *file;
    struct tg_buffer text; /* as UTF-8, with a NUL behind */
    struct place *places;  /* of its elements, in their order */
    size_t count;
    xmlDoc *tree;
};

/* ---- errors */

static void say(struct tg_schema_error *error, const char *file, size_t line, const char *format,
                va_list arguments)
{
    int n = 0;

    *error = (struct tg_schema_error){.line = line};
    if (file != NULL) {
        snprintf(error->file, sizeof(error->file), "%s", file);
        n = snprintf(error->text, sizeof(error->text), "%.150s:%zu: ", file, line);
    }
    vsnprintf(error->text + n, sizeof(error->text) - (size_t)n, format, arguments);
}

bool tg_schema_fail(struct tg_schema_error *error, const char *file, size_t line,
                    const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(error, file, line, format, arguments);
    va_end(arguments);
    return false;
}

bool tg_schema_fail_at(struct tg_schema_error *error, const struct tg_schema_document *document,
                       const xmlNode *node, const char *format, ...)
{
    va_list arguments;
    long line = xmlGetLineNo(node);

    va_start(arguments, format);
    say(error, document->file, line > 0 ? (size_t)line : 1, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- small things */

static bool is_element(const xmlNode *node, const char *namespace, const char *local)
{
    return node->type == XML_ELEMENT_NODE && node->ns != NULL &&
           strcmp((const char *)node->ns->href, namespace) == 0 &&
           strcmp((const char *)node->name, local) == 0;
}

bool tg_schema_is(const xmlNode *node, const char *local)
{
    return is_element(node, TG_SCHEMA_XS, local);
}

const char *tg_schema_attribute(const xmlNode *node, const char *name)
{
    for (const xmlAttr *at = node->properties; at != NULL; at = at->next)
        if (at->ns == NULL && strcmp((const char *)at->name, name) == 0)
            return at->children != NULL && at->children->content != NULL
                       ? (const char *)at->children->content
                       : "";
    return NULL;
}

static void *grow(void *list, size_t *capacity, size_t count, size_t size)
{
    if (count <= *capacity)
        return list;
    *capacity = count * 2 + 8;
    list = realloc(list, *capacity * size);
    assert(list != NULL);
    return list;
}

static const char *keep_name(struct tg_schema_files *files, const char *name)
{
    for (size_t i = 0; i < files->name_count; i++)
        if (strcmp(files->names[i], name) == 0)
            return files->names[i];
    files->names =
        grow(files->names, &files->name_capacity, files->name_count + 1, sizeof(*files->names));
    return files->names[files->name_count++] = strdup(name);
}

/* ---- one file */

/* Which byte and line each element begins and ends at: the tree does not tell exactly. */
static bool find_places(struct reading *r, struct tg_xml *scanner)
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
            r->places = grow(r->places, &capacity, r->count + 1, sizeof(*r->places));
            open[scanner->depth - 1] = r->count;
            r->places[r->count++] =
                (struct place){.begin = (size_t)(at - scanner->start), .line = line};
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

/* The scanner first: it knows limits. */
static bool scan(struct reading *r, struct tg_text bytes)
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

static xmlDoc *parse(const char *file, struct tg_text text, struct tg_schema_error *error)
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

/* ---- from a file to a document */

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

static void cut_out(const struct reading *r, const xmlNode *schema, struct tg_buffer *out)
{
    size_t number = number_of(schema), inner = number;
    const struct place *place = &r->places[number];
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
        const struct place *own = &r->places[inner];
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

static bool is_there(const struct tg_schema_files *files, const char *file, const char *namespace)
{
    for (size_t i = 0; i < files->count; i++)
        if (files->documents[i].file == file &&
            (namespace == NULL || strcmp(files->documents[i].namespace, namespace) == 0))
            return true;
    return false;
}

static bool read_file(struct tg_schema_files *files, const char *path, const char *namespace,
                      bool includes, const char *from, size_t line);

/* What the location of an include or import leads to. */
static bool follow(struct reading *r, const xmlNode *node, const char *location,
                   const char *namespace, bool includes)
{
    struct tg_schema_error *error = r->files->error;
    char path[TG_SCHEMA_PATH];
    size_t line = (size_t)xmlGetLineNo(node);

    if (namespace != NULL && strcmp(namespace, XML) == 0)
        return true;
    if (!tg_schema_path(path, r->file, location))
        return tg_schema_fail(error, r->file, line,
                              "'%.100s' is not a file in the site's folder; nothing else is opened",
                              location);
    return read_file(r->files, path, namespace, includes, r->file, line);
}

static bool follow_links(struct reading *r, const xmlNode *schema, const char *namespace)
{
    for (const xmlNode *child = schema->children; child != NULL; child = child->next) {
        if (child->type != XML_ELEMENT_NODE)
            continue;
        if (tg_schema_is(child, "redefine"))
            return tg_schema_fail(r->files->error, r->file, (size_t)xmlGetLineNo(child),
                                  "xs:redefine is not supported");
        const char *location = tg_schema_attribute(child, "schemaLocation");
        const char *other = tg_schema_attribute(child, "namespace");
        if (tg_schema_is(child, "include") &&
            !follow(r, child, location != NULL ? location : "", namespace, true))
            return false;
        if (tg_schema_is(child, "import") && location != NULL &&
            !follow(r, child, location, other != NULL ? other : "", false))
            return false;
    }
    return true;
}

/* One xs:schema of the file, taken for a namespace; NULL: its own. */
static bool take(struct reading *r, const xmlNode *schema, const char *namespace, bool includes)
{
    struct tg_schema_files *files = r->files;
    const char *target = tg_schema_attribute(schema, "targetNamespace");
    size_t line = r->places[number_of(schema)].line;

    if (target == NULL)
        target = includes && namespace != NULL ? namespace : "";
    if (namespace != NULL && strcmp(target, namespace) != 0)
        return tg_schema_fail(files->error, r->file, line,
                              "this is the schema of '%.80s', not of '%.80s'", target, namespace);
    if (files->count == TG_SCHEMA_DOCUMENTS)
        return tg_schema_fail(files->error, r->file, line, "more than %d documents",
                              TG_SCHEMA_DOCUMENTS);
    files->documents =
        grow(files->documents, &files->capacity, files->count + 1, sizeof(*files->documents));
    struct tg_schema_document *document = &files->documents[files->count++];
    *document = (struct tg_schema_document){.file = r->file, .namespace = strdup(target)};
    cut_out(r, schema, &document->text);
    files->bytes += document->text.len;
    if (files->bytes > TG_SCHEMA_BYTES)
        return tg_schema_fail(files->error, r->file, line, "more than %d bytes of schemas",
                              TG_SCHEMA_BYTES);
    document->tree = parse(r->file, tg_text(document->text.base, document->text.len), files->error);
    return document->tree != NULL &&
           follow_links(r, schema, files->documents[files->count - 1].namespace);
}

/* The schemas inside of a WSDL document, and the documents that it imports. */
static bool take_wsdl(struct reading *r, const xmlNode *definitions)
{
    keep_name(r->files, r->file);
    for (const xmlNode *part = definitions->children; part != NULL; part = part->next) {
        if (is_element(part, WSDL, "import")) {
            const char *location = tg_schema_attribute(part, "location");
            if (location != NULL && !follow(r, part, location, NULL, false))
                return false;
        }
        if (!is_element(part, WSDL, "types"))
            continue;
        for (const xmlNode *schema = part->children; schema != NULL; schema = schema->next)
            if (tg_schema_is(schema, "schema") && !take(r, schema, NULL, false))
                return false;
    }
    return true;
}

static bool take_all(struct reading *r, const char *namespace, bool includes)
{
    const xmlNode *root = xmlDocGetRootElement(r->tree);

    if (tg_schema_is(root, "schema"))
        return take(r, root, namespace, includes);
    if (is_element(root, WSDL, "definitions") && namespace == NULL)
        return take_wsdl(r, root);
    return tg_schema_fail(r->files->error, r->file, r->places[0].line,
                          "the element is <%.80s>; a schema of XML Schema 1.0%s is wanted",
                          (const char *)root->name,
                          namespace == NULL ? " or a WSDL 1.1 document" : "");
}

static bool read_text(struct tg_schema_files *files, const char *file, struct tg_text bytes,
                      const char *namespace, bool includes)
{
    struct reading r = {.files = files, .file = file};

    bool good = scan(&r, bytes);
    if (good) {
        r.tree = parse(file, tg_text(r.text.base, r.text.len - 1), files->error);
        good = r.tree != NULL && take_all(&r, namespace, includes);
    }
    xmlFreeDoc(r.tree);
    free(r.places);
    tg_buffer_dispose(&r.text);
    return good;
}

static bool was_read(const struct tg_schema_files *files, const char *path)
{
    for (size_t i = 0; i < files->name_count; i++)
        if (strcmp(files->names[i], path) == 0)
            return true;
    return false;
}

/* `from` and `line` say who names it; a WSDL document that comes again is passed over. */
static bool read_file(struct tg_schema_files *files, const char *path, const char *namespace,
                      bool includes, const char *from, size_t line)
{
    struct tg_buffer bytes = {.limit = TG_SCHEMA_BYTES};
    const char *why = NULL;
    bool known = was_read(files, path);
    const char *file = keep_name(files, path);

    if (known && (namespace == NULL || is_there(files, file, namespace)))
        return true;
    if (files->name_count > TG_SCHEMA_DOCUMENTS)
        return tg_schema_fail(files->error, from, line, "more than %d documents",
                              TG_SCHEMA_DOCUMENTS);
    bool good = files->source.read(files->source.self, path, &bytes, &why);
    if (!good)
        tg_schema_fail(files->error, from, line, "%.150s: %s", path,
                       bytes.full    ? "too big"
                       : why != NULL ? why
                                     : "can't be read");
    good = good && read_text(files, file, tg_text(bytes.base, bytes.len), namespace, includes);
    tg_buffer_dispose(&bytes);
    return good;
}

/* ---- all of them */

void tg_schema_files_init(struct tg_schema_files *files, const struct tg_schema_source *source,
                          struct tg_schema_error *error)
{
    tg_xml_library_use();
    *files =
        (struct tg_schema_files){.source = *source, .error = error, .scanner = tg_xml_create()};
}

void tg_schema_files_dispose(struct tg_schema_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        xmlFreeDoc(files->documents[i].tree);
        tg_buffer_dispose(&files->documents[i].text);
        free(files->documents[i].namespace);
    }
    for (size_t i = 0; i < files->name_count; i++)
        free(files->names[i]);
    free(files->names);
    free(files->documents);
    tg_xml_destroy(files->scanner);
}

bool tg_schema_files_read(struct tg_schema_files *files, const char *path)
{
    char whole[TG_SCHEMA_PATH];

    if (!tg_schema_path(whole, "", path))
        return tg_schema_fail(files->error, NULL, 0, "'%.150s' is not a file in the site's folder",
                              path);
    return read_file(files, whole, NULL, false, NULL, 0);
}

bool tg_schema_files_add(struct tg_schema_files *files, const char *name, struct tg_text text)
{
    return read_text(files, keep_name(files, name), text, NULL, false);
}

static bool imports_xml(const struct tg_schema_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        const xmlNode *root = xmlDocGetRootElement(files->documents[i].tree);
        for (const xmlNode *child = root->children; child != NULL; child = child->next) {
            if (child->type != XML_ELEMENT_NODE || !tg_schema_is(child, "import"))
                continue;
            const char *namespace = tg_schema_attribute(child, "namespace");
            if (namespace != NULL && strcmp(namespace, XML) == 0)
                return true;
        }
    }
    return false;
}

bool tg_schema_files_complete(struct tg_schema_files *files)
{
    static const char text[] =
        "<s:schema xmlns:s=\"" TG_SCHEMA_XS "\" targetNamespace=\"" XML "\">"
        "<s:attribute name=\"lang\"><s:simpleType><s:union memberTypes=\"s:language\">"
        "<s:simpleType><s:restriction base=\"s:string\"><s:enumeration value=\"\"/>"
        "</s:restriction></s:simpleType></s:union></s:simpleType></s:attribute>"
        "<s:attribute name=\"space\"><s:simpleType><s:restriction base=\"s:NCName\">"
        "<s:enumeration value=\"default\"/><s:enumeration value=\"preserve\"/>"
        "</s:restriction></s:simpleType></s:attribute>"
        "<s:attribute name=\"base\" type=\"s:anyURI\"/><s:attribute name=\"id\" type=\"s:ID\"/>"
        "<s:attributeGroup name=\"specialAttrs\"><s:attribute ref=\"xml:base\"/>"
        "<s:attribute ref=\"xml:lang\"/><s:attribute ref=\"xml:space\"/>"
        "<s:attribute ref=\"xml:id\"/></s:attributeGroup></s:schema>";

    return !imports_xml(files) ||
           tg_schema_files_add(files, "xml.xsd", tg_text(text, sizeof(text) - 1));
}
