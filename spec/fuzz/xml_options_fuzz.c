/* Whatever the options, what comes out is JSON with no key twice; and the general way says what the
 * single pass says where both can. The first bytes of the input are the options. */
#include "codec/xml_to_json.h"
#include "fuzz.h"

enum { OPTION_BYTES = 12 };

static struct tg_xml *xml;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    xml = tg_xml_create();
    return 0;
}

static struct tg_text key_by(uint8_t byte, const char *first)
{
    static const char *const keys[] = {"a", "#c", "b", "", "@b"};

    return byte < 128 ? tg_text(NULL, 0) : tg_text_of(byte < 160 ? first : keys[byte % 5]);
}

static struct tg_xml_options options_by(const uint8_t *b)
{
    static const struct tg_text paths[] = {{"//a", 3}, {"/a/b", 4}, {"//b/c", 5}};
    static const struct tg_text names[] = {{"b", 1}, {"*", 1}};
    static const struct tg_xml_type types[] = {
        {{"//b", 3}, TG_XML_MARK_NUMBER},
        {{"//c", 3}, TG_XML_MARK_BOOLEAN},
        {{"//a/@b", 6}, TG_XML_MARK_INTEGER},
        {{"/a/c", 4}, TG_XML_MARK_STRING},
    };
    static const char *const charsets[] = {"utf-8", "iso-8859-1", "shift_jis", "utf-16"};
    struct tg_xml_options options = {0};

    if (b[0] < 8)
        tg_xml_preset(tg_text_of((const char *[]){"badgerfish", "parker", "gdata", "abdera",
                                                  "jsonml", "xml2js", "apigee", "aws"}[b[0]]),
                      &options);
    if (b[0] < 16)
        return options;
    options.namespaces = (enum tg_xml_namespaces)(b[1] % 3);
    options.empty = (enum tg_xml_empty)(b[1] / 3 % 3);
    options.trim = (enum tg_xml_trim)(b[1] / 9 % 3);
    options.blank_text = (enum tg_xml_blank_text)(b[1] / 27 % 3);
    options.numbers = (enum tg_xml_numbers)(b[2] % 3);
    options.booleans = (enum tg_xml_booleans)(b[2] / 3 % 3);
    options.mixed = (enum tg_xml_mixed)(b[2] / 9 % 4);
    options.strip_levels = b[2] / 36;
    options.nil = (enum tg_xml_nil)(b[3] & 1);
    options.drop_attributes = (b[3] & 2) != 0;
    options.drop_root = (b[3] & 4) != 0;
    options.text_always = (b[3] & 8) != 0;
    options.unescape_names = (b[3] & 16) != 0;
    options.force_all = (b[3] & 32) != 0;
    options.doctype = (enum tg_xml_doctype)(b[3] >> 6 & 1);
    options.xmlns_decl = (enum tg_xml_declarations)(b[3] >> 7);
    options.attribute_prefix = key_by(b[4], "-");
    options.attribute_group = key_by(b[5], "$");
    options.text_key = key_by(b[6], "_");
    options.cdata_key = key_by(b[7], "#cdata");
    options.content_key = key_by(b[8], "children");
    options.comments_key = key_by(b[9], "#comment");
    options.pi_key = key_by((uint8_t)(b[9] * 7), "?");
    options.ns_separator = key_by(b[10], "$");
    options.force_array = (struct tg_options_list){paths, b[11] % 4};
    options.collapse = (struct tg_options_list){names, b[11] / 4 % 3};
    options.types = types;
    options.type_count = b[11] / 16 % 5;
    if (b[11] >= 240)
        options.charset = tg_text_of(charsets[b[11] % 4]);
    return options;
}

static void check(struct tg_text text, const struct tg_xml_options *options)
{
    struct tg_buffer out = {0};
    struct tg_parse_error error;
    bool good = tg_xml_to_json(xml, text, options, &out, &error);
    struct tg_text json = tg_text(out.base, out.len);

    if (good) {
        demand(tg_json_validate(json, TG_JSON_MAX_DEPTH, &error), "no JSON", json);
        demand(!has_key_twice(json), "a key twice", json);
    } else {
        demand(out.len == 0, "output in spite of an error", text);
        demand(error.line > 0 && error.column > 0, "an error without a place", text);
    }
    tg_buffer_dispose(&out);
}

static void compare(struct tg_text text, const struct tg_xml_options *options)
{
    struct tg_buffer a = {0}, b = {0};
    struct tg_parse_error first, second;
    bool good = tg_xml_to_json(xml, text, options, &a, &first);

    if (tg_xml_to_json_by_tree(xml, text, options, &b, &second) != good) {
        /* Only where the tree would be deeper than it may. */
        demand(good && second.limit != NULL, "one way is refused", text);
    } else {
        demand(tg_text_is(tg_text(a.base, a.len), tg_text(b.base, b.len)), "two ways", text);
        demand(good || strcmp(first.text, second.text) == 0, "two errors", text);
    }
    tg_buffer_dispose(&a);
    tg_buffer_dispose(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tg_text paths[] = {{"//a", 3}, {"/a/b", 4}, {"//b/c", 5}};

    if (size < OPTION_BYTES)
        return 0;
    struct tg_text text = tg_text((const char *)data + OPTION_BYTES, size - OPTION_BYTES);
    struct tg_xml_options options = options_by(data);
    check(text, &options);
    compare(text, &(struct tg_xml_options){0});
    compare(text, &(struct tg_xml_options){.namespaces = TG_XML_STRIP,
                                           .empty = (enum tg_xml_empty)(data[0] % 3),
                                           .force_array = {paths, 3}});
    return 0;
}
