/* XML to JSON, to XML, to JSON gives the first JSON again, as far as the options are those of a
 * convention that can be read back. The first byte of the input says which. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json_to_xml.h"
#include "codec/xml_to_json.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tg_xml *xml;
static struct tg_xml_writer *writer;
static struct tg_buffer scratch;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    xml = tg_xml_create();
    writer = tg_xml_writer_create();
    return 0;
}

static void demand(bool holds, const char *what, struct tg_text text, struct tg_text other)
{
    if (holds)
        return;
    fprintf(stderr, "%s:\n%.*s\n%.*s\n", what, (int)text.len, text.base, (int)other.len,
            other.base);
    abort();
}

/* The writer's limits are counted otherwise: they are out of the way here. */
#define LIMITS                                                                                     \
    {                                                                                              \
        .depth = 1024, .attributes = 100000, .key = 65536                                          \
    }

struct convention {
    struct tg_xml_options read;
    struct tg_xml_write_options write;
};

static struct tg_text text_of(const struct tg_buffer *buffer)
{
    return tg_text(buffer->base, buffer->len);
}

static void round_trip(struct tg_text document, const struct convention *way)
{
    struct tg_buffer first = {0}, again = {0}, written = {0};
    struct tg_parse_error error = {0};

    if (tg_xml_to_json(xml, document, &way->read, &first, &error)) {
        bool good =
            tg_json_to_xml(writer, xml, &scratch, text_of(&first), &way->write, &written, &error);
        if (!good)
            fprintf(stderr, "%s\n", error.text);
        demand(good, "no XML of the JSON", text_of(&first), document);
        /* Escapes make names longer, and the text with them. */
        struct tg_xml_options read = way->read;
        read.limits.name = 65536;
        good = tg_xml_to_json(xml, text_of(&written), &read, &again, &error);
        demand(good, "the XML is refused", text_of(&written), text_of(&first));
        demand(tg_text_is(text_of(&first), text_of(&again)), "not the same", text_of(&first),
               text_of(&again));
    }
    tg_buffer_dispose(&first);
    tg_buffer_dispose(&again);
    tg_buffer_dispose(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct convention ways[] = {
        {{0}, {.limits = LIMITS}},
        {{.text_key = {"$t", 2}, .attribute_group = {"$", 1}},
         {.text_key = {"$t", 2}, .attribute_group = {"$", 1}, .limits = LIMITS}},
        {{.mixed = TG_XML_MIXED_CHILDREN, .comments_key = {"#comment", 8}, .pi_key = {"?", 1}},
         {.comments_key = {"#comment", 8}, .pi_key = {"?", 1}, .limits = LIMITS}},
        {{.mixed = TG_XML_MIXED_JSONML, .trim = TG_XML_TRIM_NONE},
         {.mixed = TG_XML_WRITE_JSONML, .limits = LIMITS}},
        {{.numbers = TG_XML_NUMBERS_LEXICAL, .booleans = TG_XML_BOOLEANS_YES, .text_always = true},
         {.limits = LIMITS}},
        {{.namespaces = TG_XML_BADGERFISH,
          .text_key = {"$", 1},
          .text_always = true,
          .empty = TG_XML_EMPTY_OBJECT},
         {.xmlns = TG_XML_WRITE_XMLNS_BADGERFISH, .text_key = {"$", 1}, .limits = LIMITS}},
    };

    if (size < 1)
        return 0;
    /* Names that look like escapes come back as they are when they are read as such. */
    struct convention way = ways[data[0] % (sizeof(ways) / sizeof(*ways))];
    way.read.unescape_names = data[0] >= 128 || memmem(data + 1, size - 1, "_x", 2) != NULL;
    round_trip(tg_text((const char *)data + 1, size - 1), &way);
    return 0;
}
