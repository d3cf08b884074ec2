#include "codec/schema_files.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/schema_cut.h"
#include "codec/xml_library.h"

#define WSDL "http://schemas.xmlsoap.org/wsdl/"
#define XML "http://www.w3.org/XML/1998/namespace"

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

static const char *keep_name(struct tg_schema_files *files, const char *name)
{
    for (size_t i = 0; i < files->name_count; i++)
        if (strcmp(files->names[i], name) == 0)
            return files->names[i];
    files->names = tg_schema_grow(files->names, &files->name_capacity, files->name_count + 1,
                                  sizeof(*files->names));
    return files->names[files->name_count++] = strdup(name);
}

/* ---- what a file leads to */

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
static bool follow(struct tg_schema_reading *r, const xmlNode *node, const char *location,
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

static bool follow_links(struct tg_schema_reading *r, const xmlNode *schema, const char *namespace)
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
static bool take(struct tg_schema_reading *r, const xmlNode *schema, const char *namespace,
                 bool includes)
{
    struct tg_schema_files *files = r->files;
    const char *target = tg_schema_attribute(schema, "targetNamespace");
    size_t line = tg_schema_line_of(r, schema);

    if (target == NULL)
        target = includes && namespace != NULL ? namespace : "";
    if (namespace != NULL && strcmp(target, namespace) != 0)
        return tg_schema_fail(files->error, r->file, line,
                              "this is the schema of '%.80s', not of '%.80s'", target, namespace);
    if (files->count == TG_SCHEMA_DOCUMENTS)
        return tg_schema_fail(files->error, r->file, line, "more than %d documents",
                              TG_SCHEMA_DOCUMENTS);
    files->documents = tg_schema_grow(files->documents, &files->capacity, files->count + 1,
                                      sizeof(*files->documents));
    struct tg_schema_document *document = &files->documents[files->count++];
    *document = (struct tg_schema_document){.file = r->file, .namespace = strdup(target)};
    tg_schema_cut_out(r, schema, &document->text);
    files->bytes += document->text.len;
    if (files->bytes > TG_SCHEMA_BYTES)
        return tg_schema_fail(files->error, r->file, line, "more than %d bytes of schemas",
                              TG_SCHEMA_BYTES);
    document->tree =
        tg_schema_tree(r->file, tg_text(document->text.base, document->text.len), files->error);
    return document->tree != NULL &&
           follow_links(r, schema, files->documents[files->count - 1].namespace);
}

/* The schemas inside of a WSDL document, and the documents that it imports. */
static bool take_wsdl(struct tg_schema_reading *r, const xmlNode *definitions)
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

static bool take_all(struct tg_schema_reading *r, const char *namespace, bool includes)
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
    struct tg_schema_reading r = {.files = files, .file = file};

    bool good = tg_schema_scan(&r, bytes);
    if (good) {
        r.tree = tg_schema_tree(file, tg_text(r.text.base, r.text.len - 1), files->error);
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
