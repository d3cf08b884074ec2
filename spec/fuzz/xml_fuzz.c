/* What our scanner accepts, libxml2 accepts; and its JSON is JSON, with no key twice. */
#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include "codec/xml_to_json.h"
#include "fuzz.h"

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

/* Without NOENT it takes &amp; in an attribute for &#38;, and so a namespace for no URI. */
static bool libxml2_accepts(struct tg_text text)
{
    xmlParserCtxt *parser = xmlNewParserCtxt();
    xmlDoc *document = xmlCtxtReadMemory(parser, text.base, (int)text.len, NULL, NULL,
                                         XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOERROR |
                                             XML_PARSE_NOWARNING);
    bool good = document != NULL && parser->wellFormed && parser->nsWellFormed;

    xmlFreeDoc(document);
    xmlFreeParserCtxt(parser);
    return good;
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
