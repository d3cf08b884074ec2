/* However JSON is cut into pieces, its records are the same, and errors too; and it is read to its
 * end exactly when it is JSON as a whole. The first byte says how it is cut, and the path. */
#include "codec/json_read.h"
#include "codec/json_records.h"
#include "fuzz.h"

static bool take(void *context, struct tg_text document, struct tg_parse_error *error)
{
    if (!tg_json_validate(document, 0, error))
        return false;
    tg_buffer_append(context, document.base, document.len);
    return tg_buffer_put(context, '\n');
}

/* Whether it was read to its end. */
static bool run(struct tg_text text, const char *path, size_t piece, struct tg_buffer *taken,
                struct tg_parse_error *error)
{
    static const struct tg_xml_write_options options = {.limits.key = 1 << 20};
    struct tg_json_records *records =
        tg_json_records_create(tg_text_of(path), &options, take, taken);
    bool good = true;

    *error = (struct tg_parse_error){0};
    for (size_t at = 0; good && at < text.len; at += piece) {
        size_t n = text.len - at < piece ? text.len - at : piece;
        char *copy = malloc(n);
        memcpy(copy, text.base + at, n);
        good = tg_json_records_feed(records, tg_text(copy, n), error);
        free(copy);
    }
    good = good && tg_json_records_end(records, error);
    tg_json_records_destroy(records);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"/", "//b", "/a/b", "/none"};
    struct tg_buffer whole = {0}, cut = {0};
    struct tg_parse_error first, second;

    if (size < 1)
        return 0;
    struct tg_text text = tg_text((const char *)data + 1, size - 1);
    const char *path = paths[data[0] / 16 % 4];
    bool good = run(text, path, SIZE_MAX / 2, &whole, &first);
    bool again = run(text, path, 1 + data[0] % 16, &cut, &second);
    demand(good == again, "the pieces matter", text);
    demand(tg_text_is(tg_text(whole.base, whole.len), tg_text(cut.base, cut.len)), "other records",
           text);
    if (!good) {
        demand(first.line > 0 && first.column > 0, "an error without a place", text);
        demand(strcmp(first.text, second.text) == 0, "another error", text);
    }
    /* A record is a document with a level around it, and its levels are counted anew. */
    bool valid = tg_json_validate(text, 0, &second);
    demand(good == valid || strstr(first.text, "limit depth") != NULL ||
               strstr(second.text, "limit depth") != NULL,
           good ? second.text : first.text, text);
    tg_buffer_dispose(&whole);
    tg_buffer_dispose(&cut);
    return 0;
}
