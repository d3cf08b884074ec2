#include "codec/json_to_xml.h"

#include <assert.h>
#include <stdio.h>

#include "codec/json_plain.h"
#include "codec/json_read.h"

static bool take(struct tg_xml_writer *writer, const struct tg_json_reader *reader,
                 enum tg_json_event event)
{
    switch (event) {
    case TG_JSON_OBJECT:
        return tg_xml_write_object(writer);
    case TG_JSON_ARRAY:
        return tg_xml_write_array(writer);
    case TG_JSON_END:
        return tg_xml_write_end(writer);
    case TG_JSON_KEY:
        return tg_xml_write_key(writer, reader->text);
    case TG_JSON_STRING:
        return tg_xml_write_string(writer, reader->text);
    case TG_JSON_NUMBER:
        return tg_xml_write_plain(writer, reader->number.text);
    case TG_JSON_TRUE:
        return tg_xml_write_plain(writer, TG_TEXT("true"));
    case TG_JSON_FALSE:
        return tg_xml_write_plain(writer, TG_TEXT("false"));
    case TG_JSON_NULL:
        return tg_xml_write_null(writer);
    case TG_JSON_DONE:
    case TG_JSON_ERROR:
        break;
    }
    return true;
}

/* The reader's error has the position; the writer says what is wrong there. */
static bool fail(struct tg_xml_writer *writer, struct tg_json_reader *reader, const char *at)
{
    const char *limit, *what = tg_xml_writer_error(writer, &limit);

    tg_json_fail(reader, at, "%s", what);
    reader->error->limit = limit;
    return false;
}

/* XML has no number that JSON has not: what a double holds doesn't matter here. */
static bool convert(struct tg_xml_writer *writer, struct tg_json_reader *reader, struct tg_xml *xml,
                    bool *again)
{
    for (;;) {
        enum tg_json_event event = tg_json_next_plain(reader);
        if (event == TG_JSON_ERROR)
            return false;
        if (event == TG_JSON_DONE)
            break;
        if (!take(writer, reader, event))
            return fail(writer, reader, reader->token);
    }
    return tg_xml_writer_finish(writer, xml, again) || fail(writer, reader, reader->start);
}

bool tg_json_into_xml(struct tg_xml_writer *writer, struct tg_text json, struct tg_buffer *scratch)
{
    struct tg_parse_error error;
    struct tg_json_reader reader;
    enum tg_json_event event;

    tg_json_begin(&reader, json, TG_JSON_MAX_DEPTH, scratch, &error);
    while ((event = tg_json_next_plain(&reader)) != TG_JSON_DONE) {
        assert(event != TG_JSON_ERROR);
        if (!take(writer, &reader, event))
            return false;
    }
    return true;
}

static bool check_input(struct tg_text json, size_t limit, struct tg_parse_error *error)
{
    if (limit == 0)
        limit = (size_t)8 << 20;
    if (json.len <= limit)
        return true;
    *error = (struct tg_parse_error){.line = 1, .column = 1, .limit = "input"};
    snprintf(error->text, sizeof(error->text),
             "json: line 1, column 1: more than %zu bytes (limit input)", limit);
    return false;
}

bool tg_json_to_xml_by_events(struct tg_xml_writer *writer, struct tg_xml *xml,
                              struct tg_buffer *scratch, struct tg_text json,
                              const struct tg_xml_write_options *options, struct tg_buffer *out,
                              struct tg_parse_error *error)
{
    size_t before = out->len;
    bool good = check_input(json, options->limits.input, error), again = good;

    while (again) {
        struct tg_json_reader reader;
        out->len = before;
        tg_json_begin(&reader, json, options->limits.depth, scratch, error);
        tg_xml_writer_begin(writer, options, out);
        good = convert(writer, &reader, xml, &again);
        again = good && again;
    }
    if (!good)
        out->len = before;
    return good;
}

bool tg_json_to_xml(struct tg_xml_writer *writer, struct tg_xml *xml, struct tg_buffer *scratch,
                    struct tg_text json, const struct tg_xml_write_options *options,
                    struct tg_buffer *out, struct tg_parse_error *error)
{
    return tg_json_plain_to_xml(writer, json, options, out) ||
           tg_json_to_xml_by_events(writer, xml, scratch, json, options, out, error);
}
