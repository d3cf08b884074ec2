#include "codec/schema.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/schema_parts.h"

/* What is there is checked for its size before anything compiles it. */
static bool make(struct tg_schema *schema, struct tg_schema_files *files,
                 struct tg_schema_error *error)
{
    struct tg_schema_index index;

    tg_schema_index_init(&index, files);
    bool good = tg_schema_weigh(&index, error);
    if (good) {
        schema->check = tg_schema_check_create(files, error);
        good = schema->check != NULL;
    }
    if (good && !tg_schema_model_init(&schema->model, &index, &schema->refusal) &&
        schema->refusal.text[0] == '\0')
        snprintf(schema->refusal.text, sizeof(schema->refusal.text), "no model could be made");
    tg_schema_index_dispose(&index);
    return good;
}

static bool read_all(struct tg_schema_files *files, const char *path, const struct tg_text *more,
                     size_t more_count)
{
    bool good = tg_schema_files_read(files, path);

    for (size_t i = 0; i < more_count && good; i++)
        good = tg_schema_files_add(files, "(made of the WSDL)", more[i]);
    if (good && files->count == 0)
        return tg_schema_fail(files->error, path, 1, "there is no schema in it");
    return good && tg_schema_files_complete(files);
}

struct tg_schema *tg_schema_create(const struct tg_schema_source *source, const char *path,
                                   const struct tg_text *more, size_t more_count,
                                   struct tg_schema_error *error)
{
    struct tg_schema *schema = calloc(1, sizeof(*schema));
    struct tg_schema_files files;

    assert(schema != NULL);
    tg_schema_files_init(&files, source, error);
    bool good = read_all(&files, path, more, more_count) && make(schema, &files, error);
    tg_schema_files_dispose(&files);
    if (good)
        return schema;
    tg_schema_destroy(schema);
    return NULL;
}

void tg_schema_destroy(struct tg_schema *schema)
{
    if (schema->check != NULL)
        tg_schema_check_destroy(schema->check);
    tg_schema_model_dispose(&schema->model);
    free(schema);
}

const char *tg_schema_refusal(const struct tg_schema *schema)
{
    return schema->refusal.text[0] != '\0' ? schema->refusal.text : NULL;
}

bool tg_schema_declares(const struct tg_schema *schema, const struct tg_schema_root *root)
{
    bool many;
    const struct tg_schema_element *element =
        tg_schema_model_element(&schema->model, root->namespace, root->name, &many);

    return element != NULL && !many && !element->abstract;
}

bool tg_schema_validate(const struct tg_schema *schema, const struct tg_schema_tools *tools,
                        struct tg_text xml, const struct tg_xml_options *options,
                        struct tg_parse_error *error, const char **code)
{
    return tg_schema_check_text(schema->check, tools->scanner, xml, options, tools->memory, error,
                                code);
}
