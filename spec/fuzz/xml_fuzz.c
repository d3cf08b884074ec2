/* What our scanner accepts, libxml2 accepts; and its JSON is JSON, with no key twice. */
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json_read.h"
#include "codec/xml_to_json.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tg_xml *xml;

static void be_silent(void *context, const char *message, ...)
{
    (void)context;
    (void)message;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    xmlSetGenericErrorFunc(NULL, be_silent);
    xml = tg_xml_create();
    return 0;
}

static bool libxml2_accepts(struct tg_text text)
{
    xmlParserCtxt *parser = xmlNewParserCtxt();
    xmlDoc *document = xmlCtxtReadMemory(parser, text.base, (int)text.len, NULL, NULL,
                                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    bool good = document != NULL && parser->wellFormed && parser->nsWellFormed;

    xmlFreeDoc(document);
    xmlFreeParserCtxt(parser);
    return good;
}

static void demand(bool holds, const char *what, struct tg_text text)
{
    if (holds)
        return;
    fprintf(stderr, "%s: %.*s\n", what, (int)text.len, text.base);
    abort();
}

/* The keys of the open objects, each copied with its depth before it. */
static bool has_key_twice(struct tg_text json)
{
    struct tg_json_reader reader;
    struct tg_parse_error error;
    struct tg_buffer scratch = {0}, keys = {0};
    size_t starts[TG_JSON_MAX_DEPTH + 1] = {0};
    bool twice = false;

    tg_json_begin(&reader, json, TG_JSON_MAX_DEPTH, &scratch, &error);
    for (;;) {
        enum tg_json_event event = tg_json_next(&reader);
        if (event == TG_JSON_DONE || event == TG_JSON_ERROR)
            break;
        if (event == TG_JSON_OBJECT || event == TG_JSON_ARRAY)
            starts[reader.depth] = keys.len;
        if (event == TG_JSON_END)
            keys.len = starts[reader.depth + 1];
        if (event != TG_JSON_KEY)
            continue;
        for (size_t at = starts[reader.depth]; at < keys.len;) {
            size_t len;
            memcpy(&len, keys.base + at, sizeof(len));
            at += sizeof(len);
            twice |= tg_text_is(tg_text(keys.base + at, len), reader.text);
            at += len;
        }
        tg_buffer_append(&keys, &reader.text.len, sizeof(reader.text.len));
        tg_buffer_append(&keys, reader.text.base, reader.text.len);
    }
    tg_buffer_dispose(&scratch);
    tg_buffer_dispose(&keys);
    return twice;
}

static bool convert(struct tg_text text, struct tg_xml_options options)
{
    struct tg_buffer out = {0};
    struct tg_parse_error error;
    bool good = tg_xml_to_json(xml, text, &options, &out, &error);
    struct tg_text json = tg_text(out.base, out.len);

    if (good) {
        demand(tg_json_validate(json, TG_JSON_MAX_DEPTH, &error), "no JSON", text);
        demand(!has_key_twice(json), "a key twice", text);
    } else {
        demand(out.len == 0, "output in spite of an error", text);
        demand(error.line > 0 && error.column > 0, "an error without a place", text);
    }
    tg_buffer_dispose(&out);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tg_text paths[] = {{"//a", 3}, {"/a/b", 4}, {"//b/c", 5}};
    struct tg_text text = tg_text((const char *)data, size);
    bool kept = convert(text, (struct tg_xml_options){0});
    bool stripped = convert(text, (struct tg_xml_options){.namespaces = TG_XML_STRIP,
                                                          .empty = TG_XML_EMPTY_OBJECT,
                                                          .force_array = {paths, 3}});

    demand(kept == stripped, "accepted or not by the options", text);
    if (kept)
        demand(libxml2_accepts(text), "libxml2 refuses", text);
    return 0;
}
