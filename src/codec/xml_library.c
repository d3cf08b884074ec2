#include "codec/xml_library.h"

#include <libxml/catalog.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlschemastypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SCHEME "tidegate-text:"

/* libxml2 asks one function of the whole process for what it wants to open, so what is lent to it
 * is one thing of the whole process, too. */
static struct {
    pthread_mutex_t lock;
    const struct tg_text *texts; /* NULL: nothing is lent */
    size_t count;
} lent = {.lock = PTHREAD_MUTEX_INITIALIZER};

void tg_xml_library_address(char address[TG_XML_LIBRARY_ADDRESS], size_t index)
{
    snprintf(address, TG_XML_LIBRARY_ADDRESS, SCHEME "%zu", index);
}

size_t tg_xml_library_index(const char *address)
{
    char *end;

    if (address == NULL || strncmp(address, SCHEME, strlen(SCHEME)) != 0)
        return SIZE_MAX;
    const char *digits = address + strlen(SCHEME);
    size_t index = strtoul(digits, &end, 10);
    return end != digits && *end == '\0' ? index : SIZE_MAX;
}

/* Only the thread that lends knows such an address: documents with a DOCTYPE never get so far. */
static xmlParserInput *load(const char *url, const char *id, xmlParserCtxt *context)
{
    size_t index = tg_xml_library_index(url);

    (void)id;
    if (index == SIZE_MAX || lent.texts == NULL || index >= lent.count)
        return NULL;
    const struct tg_text *text = &lent.texts[index];
    xmlParserInputBuffer *bytes =
        xmlParserInputBufferCreateMem(text->base, (int)text->len, XML_CHAR_ENCODING_NONE);
    if (bytes == NULL)
        return NULL;
    xmlParserInput *input = xmlNewIOInputStream(context, bytes, XML_CHAR_ENCODING_NONE);
    if (input == NULL)
        xmlFreeParserInputBuffer(bytes);
    else
        input->filename = (const char *)xmlStrdup((const xmlChar *)url);
    return input;
}

static void set_up(void)
{
    xmlInitParser();
    xmlSetExternalEntityLoader(load);
    xmlCatalogSetDefaults(XML_CATA_ALLOW_NONE);
    xmlSchemaInitTypes();
}

static void say_nothing(void *context, const char *format, ...)
{
    (void)context;
    (void)format;
}

/* What libxml2 would write to stderr is set by thread, all else once. */
void tg_xml_library_use(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, set_up);
    xmlSetGenericErrorFunc(NULL, say_nothing);
}

void tg_xml_library_lend(const struct tg_text *texts, size_t count)
{
    pthread_mutex_lock(&lent.lock);
    lent.texts = texts;
    lent.count = count;
}

void tg_xml_library_return(void)
{
    lent.texts = NULL;
    pthread_mutex_unlock(&lent.lock);
}
