/* However a document is cut into pieces, its records are the same, and errors too; and each is what
 * the scanner reads as a whole when it has read the document. The first byte says how it is cut. */
#include "codec/xml_records.h"
#include "codec/xml_to_json.h"
#include "fuzz.h"

static struct tg_xml *xml;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    xml = tg_xml_create();
    return 0;
}

struct taken {
    struct tg_buffer json;
    bool bad; /* one was refused */
};

static bool take(void *context, struct tg_text document, struct tg_parse_error *error)
{
    struct taken *taken = context;

    if (!tg_xml_to_json(xml, document, &(struct tg_xml_options){0}, &taken->json, error)) {
        taken->bad = true;
        return false;
    }
    tg_buffer_put(&taken->json, '\n');
    return true;
}

/* Whether it was read to its end. */
static bool run(struct tg_text text, size_t piece, struct taken *taken,
                struct tg_parse_error *error)
{
    static const struct tg_xml_options options = {.limits.input = 65536};
    struct tg_xml_records *records = tg_xml_records_create(TG_TEXT("//b"), &options, take, taken);
    bool good = true;

    *error = (struct tg_parse_error){0};
    for (size_t at = 0; good && at < text.len; at += piece) {
        size_t n = text.len - at < piece ? text.len - at : piece;
        char *copy = malloc(n);
        memcpy(copy, text.base + at, n);
        good = tg_xml_records_feed(records, tg_text(copy, n), error);
        free(copy);
    }
    good = good && tg_xml_records_end(records, error);
    tg_xml_records_destroy(records);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct taken whole = {0}, cut = {0};
    struct tg_parse_error first, second;

    if (size < 1)
        return 0;
    struct tg_text text = tg_text((const char *)data + 1, size - 1);
    bool good = run(text, SIZE_MAX / 2, &whole, &first);
    bool again = run(text, 1 + data[0] % 16, &cut, &second);
    demand(good == again, "the pieces matter", text);
    demand(
        tg_text_is(tg_text(whole.json.base, whole.json.len), tg_text(cut.json.base, cut.json.len)),
        "other records", text);
    if (!good) {
        demand(first.line > 0 && first.column > 0, "an error without a place", text);
        demand(strcmp(first.text, second.text) == 0, "another error", text);
    }
    /* What the scanner has read whole can fail as records by their encoding and DOCTYPE only. */
    struct tg_buffer json = {0};
    if (!good && tg_xml_to_json(xml, text, &(struct tg_xml_options){0}, &json, &second))
        demand(strstr(first.text, "UTF-8 only") != NULL, first.text, text);
    tg_buffer_dispose(&json);
    tg_buffer_dispose(&whole.json);
    tg_buffer_dispose(&cut.json);
    return 0;
}
