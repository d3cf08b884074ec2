#include "codec/json_plain.h"
#include "codec/json_to_xml.h"
#include "unit.h"
#include "writer_kit.h"

#include <stdio.h>

/* Whether the text is converted plainly; then it is the same XML as the writer's. */
static bool is_plain(struct kit *kit, const struct tg_xml_write_options *options,
                     struct tg_text json)
{
    struct tg_buffer out = {0}, other = {0};
    struct tg_parse_error error;
    char *exact = malloc(json.len != 0 ? json.len : 1);

    memcpy(exact, json.base, json.len);
    json.base = exact;
    tg_buffer_append(&out, "#", 1);
    bool plain = tg_json_plain_to_xml(kit->writer, json, options, &out);
    if (plain && !tg_json_to_xml_by_events(kit->writer, kit->xml, &kit->scratch, json, options,
                                           &other, &error))
        fail_msg("%.*s: %s", (int)json.len, json.base, error.text);
    assert_int_equal(out.len, other.len + 1);
    if (plain)
        assert_memory_equal(out.base + 1, other.base, other.len);
    tg_buffer_dispose(&out);
    tg_buffer_dispose(&other);
    free(exact);
    return plain;
}

static void expect(void **state, bool plain, const char *json)
{
    static const struct tg_xml_write_options defaults = {0};

    if (is_plain(*state, &defaults, tg_text_of(json)) != plain)
        fail_msg("%s plain: %s", plain ? "not" : "is", json);
}

static void takes_what_services_send(void **state)
{
    expect(state, true, "{\"a\":\"x\"}");
    expect(state, true, " {\"a\" : [ {\"b\": true } , null, [1, []], -1.5e+7], \"c\":{}}\n");
    expect(state, true, "[{\"id\":1},{\"id\":2}]");
    expect(state, true, "{\"a\":{\"@id\":\"1\",\"@no\":null,\"#text\":\"x<&>\\\"\\n\"}}");
    expect(state, true,
           "{\"a b\":{\"\":\"\\u00e9\\ud83d\\ude00\\/\",\"\xc3\xa9\":\"\xe2\x82\xac\"}}");
    expect(state, true, "{\"s:a\":{\"@xmlns:s\":\"urn:s\",\"@s:b\":\"1\",\"s:c\":null}}");
    expect(state, true, "{\"a\":{\"@xml:lang\":\"en\",\"@xmlns\":\"urn:d\",\"b\":\"\"}}");
    expect(state, true,
           "{\"a_name_of_more_than_thirty_two_bytes\":{\"@another_name_that_is_long\":"
           "\"1\",\"a_name_of_more_than_thirty_two_bytes\":[1,2]}}");
}

static void leaves_errors_to_the_writer(void **state)
{
    static const char *const texts[] = {
        "",
        "[",
        "]",
        "{",
        "}",
        "{]",
        "[}",
        "{\"a\":",
        "{\"a\"}",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "[1]]",
        "[[1]",
        "{\"a\":1}x",
        "[01]",
        "[1.]",
        "[.1]",
        "[1e]",
        "[-]",
        "[+1]",
        "[tru]",
        "[truex]",
        "[nul]",
        "[\"]",
        "[\"\\]",
        "[\"\\u12]",
        "[\"\\ud800\"]",
        "[\"\\udc00\"]",
        "[\"\\x\"]",
        "[\"\t\"]",
        "[\"\\u0001\"]",
        "[\"\\uffff\"]",
        "[\"\xef\xbf\xbf\"]",
        "[\"\xff\"]",
        "{\"a\":{\"@b\":1,\"@b\":2}}",
        "{\"a:b\":1}",
        "{\"a\":{\"@b:c\":1}}",
        "{\"a\":{\"@xmlns:x\":\"\"}}",
        "{\"a\":{\"@xmlns:xml\":\"urn:x\"}}",
        "{\"a\":{\"@xmlns:xmlns\":\"urn:x\"}}",
        "{\"a\":{\"@b\":[]}}",
        "{\"a\":{\"#text\":{}}}",
        "{\"a\":{\"b:c\":{\"@xmlns:b\":\"urn:b\"},\"b:d\":1}}",
        "{\"a\":{\"@xmlns:b\":\"\\\"\\/\\/\\/\\/\"}}",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        expect(state, false, texts[i]);
}

static void leaves_what_is_rare_to_the_writer(void **state)
{
    expect(state, false, "7");
    expect(state, false, "{}");
    expect(state, false, "{\"@a\":1,\"b\":2}");
    expect(state, false, "{\"#text\":1}");
    expect(state, false, "{\"a\":{\"b\":1,\"@c\":2}}");
    expect(state, false, "{\"a\":{\"#children\":[]}}");
    expect(state, false, "{\"a\\u0062\":1}");
    expect(state, false,
           "{\"a\":{\"@xmlns:p\":\"u:1\",\"@xmlns:q\":\"u:2\",\"@p:x\":1,\"@q:x\":2}}");
}

static void obeys_options_and_forgets_those_before(void **state)
{
    struct tg_xml_write_options one = {.attribute_prefix = TG_TEXT("-"), .text_key = TG_TEXT("$")};
    struct tg_xml_write_options two = {.invalid_name = TG_XML_NAME_REPLACE, .declaration = true};
    struct tg_xml_write_options three = {.root = TG_TEXT("r"), .item = TG_TEXT("i")};
    struct tg_text text =
        TG_TEXT("{\"a\":{\"-b\":1,\"@c\":2,\"#text\":3,\"$\":4,\"d\":[]},\"e\":[[]]}");

    three.empty_array = TG_XML_EMPTY_ARRAY_EMPTY;
    for (int i = 0; i < 3; i++) {
        assert_true(is_plain(*state, &one, text));
        assert_true(is_plain(*state, &two, TG_TEXT("{\"a b\":{\"$\":1}}")));
        assert_true(is_plain(*state, &three, text) == false);
        assert_true(is_plain(*state, &three, TG_TEXT("[1,{\"a b\":[],\"$\":[2]},[]]")));
    }
    assert_false(is_plain(*state, &(struct tg_xml_write_options){.indent = 1}, text));
    assert_false(is_plain(*state, &(struct tg_xml_write_options){.null = TG_XML_NULL_OMIT}, text));
}

static void stops_at_limits(void **state)
{
    struct tg_text text = TG_TEXT("{\"abc\":{\"@d\":1,\"@e\":2,\"f\":[\"&\"]}}");
    struct tg_xml_write_limits fits = {0, 3, 3, 2, 2, 35};
    size_t *limits = (size_t *)&fits;

    fits.input = text.len;
    assert_true(is_plain(*state, &(struct tg_xml_write_options){.limits = fits}, text));
    for (size_t i = 0; i < sizeof(fits) / sizeof(size_t); i++) {
        limits[i]--;
        assert_false(is_plain(*state, &(struct tg_xml_write_options){.limits = fits}, text));
        limits[i]++;
    }
}

/* Strings of every length at every distance from the ends of input and output. */
static void copies_across_all_edges(void **state)
{
    static const struct tg_xml_write_options defaults = {0};
    static const char *const odd[] = {"", "<", "\\\"", "\\u00e9", "\xe2\x82\xac"};
    char text[512];

    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
        for (int before = 0; before < 40; before++) {
            for (int behind = 0; behind < 20; behind++) {
                int n = snprintf(text, sizeof(text), "[{\"%.*s\":\"%.*s%s%.*s\"}]", before,
                                 "a23456789012345678901234567890123456789x", before,
                                 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst", odd[i], behind,
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
                assert_true(is_plain(*state, &defaults, tg_text(text, (size_t)n)));
            }
        }
    }
}

static void grows_its_output(void **state)
{
    static const struct tg_xml_write_options defaults = {.limits = {.key = 5000}};
    struct tg_buffer text = {0};

    tg_buffer_append(&text, "{\"", 2);
    for (int i = 0; i < 700; i++)
        tg_buffer_put(&text, 'k');
    tg_buffer_append(&text, "\":[{}", 5);
    for (int i = 0; i < 700; i++)
        tg_buffer_printf(&text, ",%d,\"%c&<\"", i, i % 7 == 0 ? '>' : 'x');
    for (int i = 0; i < 700; i++)
        tg_buffer_append(&text, ",{\"@a\":\"\",\"@b\":\"<>\"}", 20);
    tg_buffer_append(&text, "]}", 2);
    assert_true(is_plain(*state, &defaults, tg_text(text.base, text.len)));
    tg_buffer_dispose(&text);
}

/* As many keys as there may be names; then they are forgotten. */
static void forgets_keys(void **state)
{
    static const struct tg_xml_write_options defaults = {0};
    struct tg_buffer text = {0};

    for (int many = 9000; many <= 11000; many += 2000) {
        text.len = 0;
        for (int i = 0; i < many; i++)
            tg_buffer_printf(&text, "%c\"k%d\":%d", i == 0 ? '{' : ',', i, i);
        tg_buffer_put(&text, '}');
        assert_int_equal(many == 9000, is_plain(*state, &defaults, tg_text(text.base, text.len)));
    }
    tg_buffer_dispose(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes_what_services_send, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaves_errors_to_the_writer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaves_what_is_rare_to_the_writer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(obeys_options_and_forgets_those_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stops_at_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copies_across_all_edges, set_up, tear_down),
        cmocka_unit_test_setup_teardown(grows_its_output, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forgets_keys, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
