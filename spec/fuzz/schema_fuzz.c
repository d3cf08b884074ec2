/* What is converted by a schema is valid, and comes back the same; what is no schema does no harm.
 * The first byte of the input says what the rest is: XML, JSON, or a schema. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/schema.h"
#include "codec/xml_scan.h"

#define FOLDER "spec/fixtures/schemas/"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tg_schema *schema;
static struct tg_buffer scratch;
static struct tg_schema_tools tools = {.scratch = &scratch, .memory = (size_t)1 << 28};
static const struct tg_xml_options plain;

static bool read_file(void *self, const char *path, struct tg_buffer *out, const char **why)
{
    char full[1024], piece[4096];

    (void)self;
    *why = "not there";
    snprintf(full, sizeof(full), FOLDER "%s", path);
    FILE *file = fopen(full, "re");
    for (size_t n; file != NULL && (n = fread(piece, 1, sizeof(piece), file)) != 0;)
        tg_buffer_append(out, piece, n);
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

/* The input is the file a.xsd, and there are no others. */
static bool read_input(void *self, const char *path, struct tg_buffer *out, const char **why)
{
    const struct tg_text *text = self;

    *why = "not there";
    return strcmp(path, "a.xsd") == 0 && tg_buffer_append(out, text->base, text->len);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const struct tg_schema_source source = {read_file, NULL};
    struct tg_schema_error error;

    (void)argc;
    (void)argv;
    tools.scanner = tg_xml_create();
    schema = tg_schema_create(&source, "order.xsd", NULL, 0, &error);
    if (schema == NULL || tg_schema_refusal(schema) != NULL) {
        fprintf(stderr, "%s\n", schema == NULL ? error.text : tg_schema_refusal(schema));
        abort();
    }
    return 0;
}

static struct tg_text text_of(const struct tg_buffer *buffer)
{
    return tg_text(buffer->base, buffer->len);
}

static void demand(bool holds, const char *what, struct tg_text text,
                   const struct tg_parse_error *error)
{
    if (holds)
        return;
    fprintf(stderr, "%s: %s\n%.*s\n", what, error->text, (int)text.len, text.base);
    abort();
}

static bool to_json(struct tg_text xml, struct tg_buffer *json, struct tg_parse_error *error)
{
    const char *code;

    return tg_schema_to_json(schema, &tools, NULL, xml, &plain, json, error, &code);
}

static bool to_xml_by(enum tg_schema_way way, struct tg_text json, struct tg_buffer *xml,
                      struct tg_parse_error *error)
{
    static const struct tg_xml_limits limits;
    const char *code;

    return tg_schema_to_xml_by(way, schema, &tools, NULL, json, &limits, xml, error, &code);
}

/* A single pass writes, and refuses, as nodes do. */
static bool to_xml(struct tg_text json, struct tg_buffer *xml, struct tg_parse_error *error)
{
    struct tg_buffer other = {0};
    struct tg_parse_error reason;
    const char *code;
    bool good = to_xml_by(TG_SCHEMA_ANY_WAY, json, xml, error);

    demand(good == to_xml_by(TG_SCHEMA_BY_NODES, json, &other, &reason) &&
               (good ? tg_text_is(text_of(xml), text_of(&other))
                     : strcmp(error->text, reason.text) == 0),
           "not as by nodes", json, &reason);
    tg_buffer_dispose(&other);
    if (!good)
        return false;
    demand(tg_schema_validate(schema, &tools, text_of(xml), &plain, error, &code),
           "what was written is not valid", text_of(xml), error);
    return true;
}

static void convert(struct tg_text xml)
{
    struct tg_buffer first = {0}, second = {0}, third = {0}, text = {0}, again = {0};
    struct tg_parse_error error = {.line = 0};
    const char *code;

    if (to_json(xml, &first, &error)) {
        demand(tg_schema_validate(schema, &tools, xml, &plain, &error, &code),
               "what was read is not valid", xml, &error);
        demand(to_xml(text_of(&first), &text, &error), "no XML", text_of(&first), &error);
        demand(to_json(text_of(&text), &second, &error), "no JSON", text_of(&text), &error);
        demand(to_xml(text_of(&second), &again, &error), "no XML", text_of(&second), &error);
        demand(to_json(text_of(&again), &third, &error), "no JSON", text_of(&again), &error);
        demand(tg_text_is(text_of(&second), text_of(&third)), "not the same", text_of(&third),
               &error);
    }
    tg_buffer_dispose(&first);
    tg_buffer_dispose(&second);
    tg_buffer_dispose(&third);
    tg_buffer_dispose(&text);
    tg_buffer_dispose(&again);
}

static void load(struct tg_text text)
{
    const struct tg_schema_source source = {read_input, &text};
    struct tg_schema_error error;
    struct tg_schema *made = tg_schema_create(&source, "a.xsd", NULL, 0, &error);

    if (made != NULL)
        tg_schema_destroy(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_buffer xml = {0};
    struct tg_parse_error error;

    if (size == 0)
        return 0;
    struct tg_text text = tg_text((const char *)data + 1, size - 1);
    if (data[0] % 3 == 0)
        convert(text);
    else if (data[0] % 3 == 1)
        to_xml(text, &xml, &error);
    else
        load(text);
    tg_buffer_dispose(&xml);
    return 0;
}
