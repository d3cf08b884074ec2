/* Why a document is refused, and where. */
#include <stdarg.h>
#include <stdio.h>

#include "codec/xml_parts.h"

static void set_place(struct tg_xml *xml, const char *at)
{
    const char *line = xml->start;

    xml->error = (struct tg_parse_error){.line = 1};
    for (const char *p; (p = memchr(line, '\n', (size_t)(at - line))) != NULL; line = p + 1)
        xml->error.line++;
    xml->error.column = (size_t)(at - line) + 1;
}

int tg_xml_shown(struct tg_text name)
{
    size_t n = name.len;

    if (n > 60) {
        for (n = 60; ((unsigned char)name.base[n] & 0xc0) == 0x80;)
            n--;
    }
    return (int)n;
}

enum tg_xml_event tg_xml_fail_end(struct tg_xml *xml)
{
    return tg_xml_fail(xml, xml->end - xml->cut, "the document ends too early");
}

enum tg_xml_event tg_xml_fail(struct tg_xml *xml, const char *at, const char *format, ...)
{
    struct tg_parse_error *error = &xml->error;
    char reason[160];
    va_list args;

    /* The '>' that was added is not the sender's. */
    bool at_end = xml->cut && at >= xml->end - 1;
    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    set_place(xml, at_end ? xml->end - 1 : at);
    snprintf(error->text, sizeof(error->text), "xml: line %zu, column %zu: %s", error->line,
             error->column, at_end ? "the document ends too early" : reason);
    xml->state = TG_XML_FAILED;
    return TG_XML_ERROR;
}

enum tg_xml_event tg_xml_fail_limit(struct tg_xml *xml, const char *at, const char *limit,
                                    size_t most, const char *what)
{
    tg_xml_fail(xml, at, "more than %zu %s (limit %s)", most, what, limit);
    xml->error.limit = limit;
    return TG_XML_ERROR;
}
