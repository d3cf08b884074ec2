#include "codec/schema_check.h"

#include <assert.h>
#include <libxml/xmlschemas.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/xml_library.h"

/* libxml2 reads it only, once it is compiled: validation has a context of its own, with its own
 * dictionary, and never loads what a document's xsi:schemaLocation names when it has a schema. */
struct tg_schema_check {
    xmlSchema *schema;
};

/* The documents as libxml2 is given them: one for all, that imports one for each namespace, that
 * includes all which are of it. So nothing depends on which one came first. */
struct bundle {
    const struct tg_schema_files *files;
    struct tg_text *texts;     /* the documents, then those for namespaces, then the one for all */
    struct tg_buffer *drivers; /* of the last two */
    size_t count, driver_count;
    struct tg_schema_error *error;
    bool failed;
};

static void put_attribute(struct tg_buffer *out, const char *name, const char *value)
{
    tg_buffer_printf(out, " %s=\"", name);
    for (; *value != '\0'; value++) {
        if (*value == '&')
            tg_buffer_append(out, "&amp;", 5);
        else if (*value == '<')
            tg_buffer_append(out, "&lt;", 4);
        else if (*value == '"')
            tg_buffer_append(out, "&quot;", 6);
        else
            tg_buffer_put(out, *value);
    }
    tg_buffer_put(out, '"');
}

static void put_link(struct tg_buffer *out, const char *kind, const char *namespace, size_t index)
{
    char address[TG_XML_LIBRARY_ADDRESS];

    tg_xml_library_address(address, index);
    tg_buffer_printf(out, "<s:%s", kind);
    if (namespace != NULL && namespace[0] != '\0')
        put_attribute(out, "namespace", namespace);
    put_attribute(out, "schemaLocation", address);
    tg_buffer_append(out, "/>", 2);
}

static void put_begin(struct tg_buffer *out, const char *namespace)
{
    tg_buffer_printf(out, "<s:schema xmlns:s=\"" TG_SCHEMA_XS "\"");
    if (namespace[0] != '\0')
        put_attribute(out, "targetNamespace", namespace);
    tg_buffer_put(out, '>');
}

/* The first document of a namespace stands for it. */
static bool is_first(const struct tg_schema_files *files, size_t document)
{
    for (size_t i = 0; i < document; i++)
        if (strcmp(files->documents[i].namespace, files->documents[document].namespace) == 0)
            return false;
    return true;
}

static void drive_namespace(struct bundle *bundle, size_t document, struct tg_buffer *all)
{
    const struct tg_schema_files *files = bundle->files;
    const char *namespace = files->documents[document].namespace;
    struct tg_buffer *out = &bundle->drivers[bundle->driver_count];

    put_begin(out, namespace);
    for (size_t i = document; i < files->count; i++)
        if (strcmp(files->documents[i].namespace, namespace) == 0)
            put_link(out, "include", NULL, i);
    tg_buffer_printf(out, "</s:schema>");
    put_link(all, "import", namespace, files->count + bundle->driver_count);
    bundle->driver_count++;
}

static void drive(struct bundle *bundle)
{
    const struct tg_schema_files *files = bundle->files;
    struct tg_buffer all = {.limit = 0};

    bundle->drivers = calloc(files->count + 1, sizeof(*bundle->drivers));
    bundle->texts = calloc(2 * files->count + 1, sizeof(*bundle->texts));
    assert(bundle->drivers != NULL && bundle->texts != NULL);
    put_begin(&all, "urn:tidegate:all");
    for (size_t i = 0; i < files->count; i++)
        if (is_first(files, i))
            drive_namespace(bundle, i, &all);
    tg_buffer_printf(&all, "</s:schema>");
    bundle->drivers[bundle->driver_count++] = all;
    for (size_t i = 0; i < files->count; i++)
        bundle->texts[bundle->count++] =
            tg_text(files->documents[i].text.base, files->documents[i].text.len);
    for (size_t i = 0; i < bundle->driver_count; i++)
        bundle->texts[bundle->count++] = tg_text(bundle->drivers[i].base, bundle->drivers[i].len);
}

/* The first thing that is wrong; warnings are none of it. */
static void on_error(void *self, xmlError *error)
{
    struct bundle *bundle = self;
    size_t index = tg_xml_library_index(error->file);
    const char *message = error->message != NULL ? error->message : "?";

    if (bundle->failed || error->level < XML_ERR_ERROR)
        return;
    bundle->failed = true;
    if (index >= bundle->files->count)
        index = 0;
    tg_schema_fail(bundle->error, bundle->files->documents[index].file,
                   error->line > 0 ? (size_t)error->line : 1, "%.*s", (int)strcspn(message, "\n"),
                   message);
}

static xmlSchema *compile(struct bundle *bundle)
{
    char address[TG_XML_LIBRARY_ADDRESS];
    xmlSchema *schema = NULL;

    tg_xml_library_address(address, bundle->count - 1);
    tg_xml_library_lend(bundle->texts, bundle->count);
    xmlSchemaParserCtxt *parser = xmlSchemaNewParserCtxt(address);
    if (parser != NULL) {
        xmlSchemaSetParserStructuredErrors(parser, on_error, bundle);
        schema = xmlSchemaParse(parser);
        xmlSchemaFreeParserCtxt(parser);
    }
    tg_xml_library_return();
    return schema;
}

struct tg_schema_check *tg_schema_check_create(const struct tg_schema_files *files,
                                               struct tg_schema_error *error)
{
    struct bundle bundle = {.files = files, .error = error};
    struct tg_schema_check *check = NULL;

    tg_xml_library_use();
    drive(&bundle);
    xmlSchema *schema = compile(&bundle);
    if (schema == NULL && !bundle.failed)
        tg_schema_fail(error, files->count != 0 ? files->documents[0].file : NULL, 1,
                       "libxml2 can't compile this schema");
    if (bundle.failed) {
        xmlSchemaFree(schema);
        schema = NULL;
    }
    for (size_t i = 0; i < bundle.driver_count; i++)
        tg_buffer_dispose(&bundle.drivers[i]);
    free(bundle.drivers);
    free(bundle.texts);
    if (schema == NULL)
        return NULL;
    check = malloc(sizeof(*check));
    assert(check != NULL);
    check->schema = schema;
    return check;
}

void tg_schema_check_destroy(struct tg_schema_check *check)
{
    xmlSchemaFree(check->schema);
    free(check);
}

/* ---- documents */

static void on_invalid(void *self, xmlError *error)
{
    struct tg_parse_error *first = self;
    const char *message = error->message != NULL ? error->message : "?";

    if (first->line != 0)
        return;
    *first =
        (struct tg_parse_error){.line = error->line > 0 ? (size_t)error->line : 1, .column = 1};
    snprintf(first->text, sizeof(first->text), "xml: line %zu: %.*s", first->line,
             (int)strcspn(message, "\n"), message);
}

static bool validate(const struct tg_schema_check *check, xmlDoc *doc, struct tg_parse_error *error)
{
    xmlSchemaValidCtxt *context = xmlSchemaNewValidCtxt(check->schema);
    int result = -1;

    *error = (struct tg_parse_error){.line = 0};
    if (context != NULL) {
        xmlSchemaSetValidStructuredErrors(context, on_invalid, error);
        result = xmlSchemaValidateDoc(context, doc);
        xmlSchemaFreeValidCtxt(context);
    }
    if (result != 0 && error->line == 0)
        *error = (struct tg_parse_error){
            .line = 1, .column = 1, .text = "xml: line 1: it can't be validated"};
    return result == 0;
}

bool tg_schema_check_text(const struct tg_schema_check *check, struct tg_xml *scanner,
                          struct tg_text text, const struct tg_xml_options *options, size_t memory,
                          struct tg_parse_error *error, const char **code)
{
    struct tg_document *document = tg_document_create(scanner, text, options, memory, error);

    *code = "parse";
    if (document == NULL)
        return false;
    *code = "invalid";
    bool good = validate(check, tg_document_tree(document), error);
    tg_document_destroy(document);
    return good;
}
