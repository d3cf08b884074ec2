/* The library for C, tidegate/codec.h. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <tidegate/codec.h>

#include "codec/json_to_xml.h"
#include "codec/options_text.h"
#include "codec/records.h"
#include "codec/xml_to_json.h"

#define OPEN __attribute__((visibility("default")))

struct tidegate_converter {
    struct tg_options_text options;
    struct tg_xml *xml;
    struct tg_xml_writer *writer; /* to XML only */
    struct tg_buffer out, scratch;
    struct tg_records *records; /* NULL: none are read */
    char *path;                 /* theirs */
    tidegate_sink *sink;
    void *context;
    bool stopped; /* the sink has said so */
};

OPEN const char *tidegate_version(void)
{
    return TG_VERSION;
}

OPEN struct tidegate_converter *tidegate_converter_create(enum tidegate_direction direction)
{
    if (direction != TIDEGATE_XML_TO_JSON && direction != TIDEGATE_JSON_TO_XML)
        return NULL;
    struct tidegate_converter *c = calloc(1, sizeof(*c));
    assert(c != NULL);
    c->options.to_json = direction == TIDEGATE_XML_TO_JSON;
    c->xml = tg_xml_create();
    if (!c->options.to_json)
        c->writer = tg_xml_writer_create();
    return c;
}

static void end_records(struct tidegate_converter *c)
{
    tg_records_destroy(c->records);
    free(c->path);
    c->records = NULL;
    c->path = NULL;
}

OPEN void tidegate_converter_destroy(struct tidegate_converter *c)
{
    if (c == NULL)
        return;
    end_records(c);
    tg_xml_writer_destroy(c->writer);
    tg_xml_destroy(c->xml);
    tg_options_text_dispose(&c->options);
    tg_buffer_dispose(&c->out);
    tg_buffer_dispose(&c->scratch);
    free(c);
}

/* ---- errors */

static enum tidegate_code fail(struct tidegate_error *error, enum tidegate_code code,
                               const char *message)
{
    if (error == NULL)
        return code;
    *error = (struct tidegate_error){.code = code};
    snprintf(error->message, sizeof(error->message), "%s", message);
    return code;
}

static enum tidegate_code done(struct tidegate_error *error)
{
    return fail(error, TIDEGATE_OK, "");
}

static enum tidegate_code refuse(struct tidegate_error *error, const struct tg_parse_error *why)
{
    enum tidegate_code code = why->limit != NULL ? TIDEGATE_LIMIT : TIDEGATE_REFUSED;

    fail(error, code, why->text);
    if (error == NULL)
        return code;
    error->line = why->line;
    error->column = why->column;
    error->limit = why->limit;
    return code;
}

/* ---- options */

OPEN enum tidegate_code tidegate_converter_set(struct tidegate_converter *c, const char *name,
                                               const char *value, struct tidegate_error *error)
{
    char message[256];

    if (c->records != NULL)
        return fail(error, TIDEGATE_MISUSE, "options can't be set while records are read");
    const char *wanted = tg_options_text_set(&c->options, name, value);
    if (wanted == NULL)
        return done(error);
    snprintf(message, sizeof(message), "%s: %s is wanted", name, wanted);
    return fail(error, TIDEGATE_OPTION, message);
}

/* ---- documents */

static bool convert(struct tidegate_converter *c, struct tg_text input,
                    struct tg_parse_error *error)
{
    c->out.len = 0;
    bool good = c->options.to_json ? tg_xml_to_json(c->xml, input, &c->options.read, &c->out, error)
                                   : tg_json_to_xml(c->writer, c->xml, &c->scratch, input,
                                                    &c->options.write, &c->out, error);
    if (good)
        tg_buffer_put(&c->out, '\0');
    return good;
}

OPEN enum tidegate_code tidegate_converter_convert(struct tidegate_converter *c, const char *input,
                                                   size_t n, const char **out, size_t *len,
                                                   struct tidegate_error *error)
{
    struct tg_parse_error why;

    *out = NULL;
    *len = 0;
    if (c->records != NULL)
        return fail(error, TIDEGATE_MISUSE, "records are read: they end first");
    if (!convert(c, tg_text(n != 0 ? input : "", n), &why))
        return refuse(error, &why);
    *out = c->out.base;
    *len = c->out.len - 1;
    return done(error);
}

/* ---- records */

static bool on_record(void *context, struct tg_text document, struct tg_parse_error *error)
{
    struct tidegate_converter *c = context;

    if (!convert(c, document, error))
        return false;
    c->stopped = c->sink(c->context, c->out.base, c->out.len - 1) != 0;
    if (c->stopped)
        *error = (struct tg_parse_error){.text = "the sink has stopped"};
    return !c->stopped;
}

OPEN enum tidegate_code tidegate_converter_begin(struct tidegate_converter *c, const char *path,
                                                 tidegate_sink *sink, void *context,
                                                 struct tidegate_error *error)
{
    if (!tg_records_path_is_valid(&c->options, tg_text_of(path)))
        return fail(error, TIDEGATE_OPTION, "records are what is at a path such as /feed/entry");
    end_records(c);
    c->path = strdup(path);
    assert(c->path != NULL);
    c->sink = sink;
    c->context = context;
    c->stopped = false;
    c->records = tg_records_create(tg_text_of(c->path), &c->options, on_record, c);
    return done(error);
}

/* The end of a feed that went wrong is that of the reading. */
static enum tidegate_code conclude(struct tidegate_converter *c, bool good, bool ends,
                                   const struct tg_parse_error *why, struct tidegate_error *error)
{
    if (!good || ends)
        end_records(c);
    if (good)
        return done(error);
    return c->stopped ? fail(error, TIDEGATE_STOPPED, "the sink has stopped") : refuse(error, why);
}

OPEN enum tidegate_code tidegate_converter_feed(struct tidegate_converter *c, const char *piece,
                                                size_t n, struct tidegate_error *error)
{
    struct tg_parse_error why;

    if (c->records == NULL)
        return fail(error, TIDEGATE_MISUSE, "no records are read: begin comes first");
    return conclude(c, tg_records_feed(c->records, tg_text(piece, n), &why), false, &why, error);
}

OPEN enum tidegate_code tidegate_converter_end(struct tidegate_converter *c,
                                               struct tidegate_error *error)
{
    struct tg_parse_error why;

    if (c->records == NULL)
        return fail(error, TIDEGATE_MISUSE, "no records are read: begin comes first");
    return conclude(c, tg_records_end(c->records, &why), true, &why, error);
}
