/* A writer, a scanner and a buffer: what tests of JSON -> XML share. */
#include <stdlib.h>

#include "codec/xml_scan.h"
#include "codec/xml_write.h"

struct kit {
    struct tg_xml_writer *writer;
    struct tg_xml *xml;
    struct tg_buffer scratch;
};

static int set_up(void **state)
{
    struct kit *kit = calloc(1, sizeof(*kit));

    kit->writer = tg_xml_writer_create();
    kit->xml = tg_xml_create();
    *state = kit;
    return 0;
}

static int tear_down(void **state)
{
    struct kit *kit = *state;

    tg_xml_writer_destroy(kit->writer);
    tg_xml_destroy(kit->xml);
    tg_buffer_dispose(&kit->scratch);
    free(kit);
    return 0;
}
