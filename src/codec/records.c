#include "codec/records.h"

#include <assert.h>
#include <stdlib.h>

#include "codec/json_records.h"
#include "codec/xml_paths.h"
#include "codec/xml_records.h"

/* One of the two. */
struct tg_records {
    struct tg_xml_records *xml;
    struct tg_json_records *json;
};

bool tg_records_path_is_valid(const struct tg_options_text *options, struct tg_text path)
{
    return options->to_json ? tg_xml_path_is_valid(path) : tg_json_records_path_is_valid(path);
}

struct tg_records *tg_records_create(struct tg_text path, const struct tg_options_text *options,
                                     tg_take_record *take, void *context)
{
    struct tg_records *records = calloc(1, sizeof(*records));

    assert(records != NULL);
    if (options->to_json)
        records->xml = tg_xml_records_create(path, &options->read, take, context);
    else
        records->json = tg_json_records_create(path, &options->write, take, context);
    return records;
}

void tg_records_destroy(struct tg_records *records)
{
    if (records == NULL)
        return;
    if (records->xml != NULL)
        tg_xml_records_destroy(records->xml);
    if (records->json != NULL)
        tg_json_records_destroy(records->json);
    free(records);
}

bool tg_records_feed(struct tg_records *records, struct tg_text piece, struct tg_parse_error *error)
{
    return records->xml != NULL ? tg_xml_records_feed(records->xml, piece, error)
                                : tg_json_records_feed(records->json, piece, error);
}

bool tg_records_end(struct tg_records *records, struct tg_parse_error *error)
{
    return records->xml != NULL ? tg_xml_records_end(records->xml, error)
                                : tg_json_records_end(records->json, error);
}
