#include "codec/json_to_xml.h"
#include "unit.h"
#include "writer_kit.h"

/* Both ways to the XML give the same. */
static bool convert(struct kit *kit, const struct tg_xml_write_options *options, const char *json,
                    struct tg_buffer *out, struct tg_parse_error *error)
{
    size_t len = strlen(json);
    char *exact = malloc(len != 0 ? len : 1);
    struct tg_buffer other = {.limit = out->limit};
    struct tg_parse_error why = {0};

    memcpy(exact, json, len);
    tg_buffer_append(out, "#", 1);
    tg_buffer_append(&other, "#", 1);
    bool good = tg_json_to_xml(kit->writer, kit->xml, &kit->scratch, tg_text(exact, len), options,
                               out, error);
    assert_int_equal(good, tg_json_to_xml_by_events(kit->writer, kit->xml, &kit->scratch,
                                                    tg_text(exact, len), options, &other, &why));
    assert_int_equal(out->len, other.len);
    assert_memory_equal(out->base, other.base, out->len);
    tg_buffer_dispose(&other);
    free(exact);
    return good;
}

static void expect_with(void **state, const struct tg_xml_write_options *options, const char *json,
                        const char *want)
{
    struct tg_buffer out = {0};
    struct tg_parse_error error;

    if (!convert(*state, options, json, &out, &error))
        fail_msg("%s: %s", json, error.text);
    tg_buffer_put(&out, '\0');
    assert_string_equal(want, out.base + 1);
    assert_int_equal('#', out.base[0]);
    tg_buffer_dispose(&out);
}

static void expect(void **state, const char *json, const char *want)
{
    static const struct tg_xml_write_options defaults = {0};

    expect_with(state, &defaults, json, want);
}

static void expect_error_with(void **state, const struct tg_xml_write_options *options,
                              const char *json, const char *want, const char *limit)
{
    struct tg_buffer out = {0};
    struct tg_parse_error error;

    if (convert(*state, options, json, &out, &error))
        fail_msg("%s: %.*s", json, (int)out.len, out.base);
    assert_string_equal(want, error.text);
    assert_int_equal(1, out.len);
    if (limit == NULL)
        assert_null(error.limit);
    else
        assert_string_equal(limit, error.limit);
    tg_buffer_dispose(&out);
}

static void expect_error(void **state, const char *json, const char *want)
{
    static const struct tg_xml_write_options defaults = {0};

    expect_error_with(state, &defaults, json, want, NULL);
}

static void mirrors_the_default_convention(void **state)
{
    expect(state, "{\"a\":\"x\"}", "<a>x</a>");
    expect(state, "{\"a\":\"\"}", "<a/>");
    expect(state, "{\"a\":{}}", "<a/>");
    expect(state, "{\"a\":{\"@id\":\"1\",\"#text\":\"x\"}}", "<a id=\"1\">x</a>");
    expect(state, "{\"a\":{\"b\":[\"1\",\"2\"],\"c\":\"3\"}}", "<a><b>1</b><b>2</b><c>3</c></a>");
    expect(state, "{\"a\":{\"#children\":[\"x\",{\"b\":\"y\"},\"z\"]}}", "<a>x<b>y</b>z</a>");
    expect(state, "{\"a\":null}",
           "<a xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/>");
    expect(state, "{\"a\":{\"b\":[]}}", "<a/>");
    expect(state, " {\"a\" : [ {\"b\": true } ] } ", "<a><b>true</b></a>");
}

static void keeps_order_and_digits(void **state)
{
    expect(state, "{\"a\":{\"z\":1.10,\"b\":12345678901234567890,\"a\":-0.0,\"n\":1E+2}}",
           "<a><z>1.10</z><b>12345678901234567890</b><a>-0.0</a><n>1E+2</n></a>");
}

static void makes_a_root_when_it_must(void **state)
{
    struct tg_xml_write_options named = {.root = TG_TEXT("order")};

    expect(state, "{}", "<root/>");
    expect(state, "[]", "<root/>");
    expect(state, "7", "<root>7</root>");
    expect(state, "\"a<b\"", "<root>a&lt;b</root>");
    expect(state, "{\"a\":1,\"b\":2}", "<root><a>1</a><b>2</b></root>");
    expect(state, "{\"a\":[1,2]}", "<root><a>1</a><a>2</a></root>");
    expect(state, "{\"a\":[1]}", "<a>1</a>");
    expect(state, "[1,[2,3]]",
           "<root><item>1</item><item><item>2</item><item>3</item></item></root>");
    expect(state, "{\"@id\":\"1\",\"a\":\"x\"}", "<root id=\"1\"><a>x</a></root>");
    expect(state, "{\"#text\":\"x\"}", "<root>x</root>");
    expect_with(state, &named, "{\"a\":1,\"b\":2}", "<order><a>1</a><b>2</b></order>");
}

static void attributes_may_come_late(void **state)
{
    expect(state, "{\"a\":{\"b\":{\"c\":1,\"@x\":\"1\"},\"@y\":2,\"d\":3,\"@z\":true}}",
           "<a y=\"2\" z=\"true\"><b x=\"1\"><c>1</c></b><d>3</d></a>");
    expect_error(state, "{\"a\":{\"@x\":1,\"b\":{\"@x\":1},\"@x\":2}}",
                 "json: line 1, column 32: attribute \"x\" twice");
    expect_error(state, "{\"a\":{\"@x\":[1]}}",
                 "json: line 1, column 12: an array can't be an attribute");
    expect_error(state, "{\"a\":{\"@x\":{}}}",
                 "json: line 1, column 12: an object can't be an attribute");
}

static void escapes_what_markup_would_be(void **state)
{
    expect(state, "{\"a\":{\"@q\":\"<&>\\\"'\\n\\t\\r\",\"#text\":\"<&>\\\"'\\n\\t\\r]]>\"}}",
           "<a q=\"&lt;&amp;&gt;&quot;'&#10;&#9;&#13;\">&lt;&amp;&gt;\"'\n\t&#13;]]&gt;</a>");
    expect(state, "{\"a\":\"0123456789abcdef0123456789abcdef<\\u00e9\\ud83d\\ude00&\"}",
           "<a>0123456789abcdef0123456789abcdef&lt;\xc3\xa9\xf0\x9f\x98\x80&amp;</a>");
}

static void control_characters_are_an_option(void **state)
{
    struct tg_xml_write_options drop = {.control_chars = TG_XML_CONTROL_DROP};
    struct tg_xml_write_options replace = {.control_chars = TG_XML_CONTROL_REPLACE};

    expect_error(state, "{\"a\":\"x\\u0001\"}",
                 "json: line 1, column 6: XML has no character U+0001 (option control_chars)");
    expect_error(state, "{\"a\":\"x\\uffff\"}",
                 "json: line 1, column 6: XML has no character U+FFFF (option control_chars)");
    expect(state, "{\"a\":\"\\ufffd\\uff21\"}", "<a>\xef\xbf\xbd\xef\xbc\xa1</a>");
    expect_with(state, &drop, "{\"a\":\"x\\u0000y\\ufffez\"}", "<a>xyz</a>");
    expect_with(state, &replace, "{\"a\":\"x\\u0000y\"}", "<a>x\xef\xbf\xbdy</a>");
}

static void names_are_escaped_and_can_be_read_back(void **state)
{
    struct tg_xml_write_options error = {.invalid_name = TG_XML_NAME_ERROR};
    struct tg_xml_write_options replace = {.invalid_name = TG_XML_NAME_REPLACE};

    expect(state, "{\"a b\":1}", "<a_x0020_b>1</a_x0020_b>");
    expect(state, "{\"1\":1}", "<_x0031_>1</_x0031_>");
    expect(state, "{\"\":1}", "<_x_>1</_x_>");
    expect(state, "{\"_x_\":1}", "<_x005F_x_>1</_x005F_x_>");
    expect(state, "{\"a_x0020_b\":1}", "<a_x005F_x0020_b>1</a_x005F_x0020_b>");
    expect(state, "{\"_xF05F\\u0087b\":1}", "<_x005F_xF05F_x0087_b>1</_x005F_xF05F_x0087_b>");
    expect(state, "{\"_x b\":1}", "<_x005F_x_x0020_b>1</_x005F_x_x0020_b>");
    expect(state, "{\"_xF05F-b\":1}", "<_xF05F-b>1</_xF05F-b>");
    expect(state, "{\"a_x\":1}", "<a_x>1</a_x>");
    expect(state, "{\"a:b:c\":1}", "<a_x003A_b_x003A_c>1</a_x003A_b_x003A_c>");
    expect(state, "{\":b\":1}", "<_x003A_b>1</_x003A_b>");
    expect(state, "{\"\\udb80\\udc00\":1}", "<_x000F0000_>1</_x000F0000_>");
    expect(state, "{\"\\u00e9t\\u00e9\":1}", "<\xc3\xa9t\xc3\xa9>1</\xc3\xa9t\xc3\xa9>");
    expect_with(state, &replace, "{\"a b\":1}", "<a_b>1</a_b>");
    expect_error_with(state, &error, "{\"a b\":1}",
                      "json: line 1, column 2: \"a b\" is no XML name (option invalid_name)", NULL);
}

static void prefixes_must_be_declared(void **state)
{
    const struct tg_options_pair pairs[] = {{TG_TEXT(""), TG_TEXT("urn:o")},
                                            {TG_TEXT("p"), TG_TEXT("urn:p")}};
    struct tg_xml_write_options declared = {.namespaces = {pairs, 2}};
    struct kit *kit = *state;
    struct tg_buffer out = {0};
    struct tg_parse_error error;

    expect(state, "{\"p:a\":{\"p:b\":1,\"@xmlns:p\":\"urn:p\"}}",
           "<p:a xmlns:p=\"urn:p\"><p:b>1</p:b></p:a>");
    expect_with(state, &declared, "{\"p:a\":{\"b\":1}}",
                "<p:a xmlns=\"urn:o\" xmlns:p=\"urn:p\"><b>1</b></p:a>");
    expect_with(state, &declared, "{\"a\":1,\"p:b\":2}",
                "<root xmlns=\"urn:o\" xmlns:p=\"urn:p\"><a>1</a><p:b>2</p:b></root>");
    expect_with(state, &declared, "{\"a\":{\"@xmlns:p\":\"urn:other\"}}",
                "<a xmlns:p=\"urn:other\" xmlns=\"urn:o\"/>");
    assert_false(convert(kit, &(struct tg_xml_write_options){0}, "{\"p:a\":1}", &out, &error));
    assert_non_null(strstr(error.text, "not be well-formed"));
    tg_buffer_clear(&out, 0);
    assert_false(convert(kit, &(struct tg_xml_write_options){0},
                         "{\"a\":{\"@xmlns:x\":\"u\",\"@xmlns:y\":\"u\",\"@x:i\":1,\"@y:i\":2}}",
                         &out, &error));
    assert_non_null(strstr(error.text, "not be well-formed"));
    tg_buffer_dispose(&out);
}

static void arrays_and_nulls_have_options(void **state)
{
    const struct tg_options_pair names[] = {{TG_TEXT("orders"), TG_TEXT("order")}};
    struct tg_xml_write_options wrap = {.arrays = TG_XML_ARRAYS_WRAP,
                                        .item_names = {names, 1},
                                        .empty_array = TG_XML_EMPTY_ARRAY_EMPTY};
    struct tg_xml_write_options empty = {.null = TG_XML_NULL_EMPTY,
                                         .empty_array = TG_XML_EMPTY_ARRAY_EMPTY};
    struct tg_xml_write_options omit = {.null = TG_XML_NULL_OMIT,
                                        .duplicate_keys = TG_XML_DUPLICATE_ERROR};

    expect_with(state, &wrap, "{\"orders\":[1,{\"x\":[]}]}",
                "<orders><order>1</order><order><x/></order></orders>");
    expect_with(state, &empty, "{\"a\":{\"b\":null,\"@c\":null,\"d\":[]}}",
                "<a c=\"\"><b/><d/></a>");
    expect_with(state, &omit, "{\"a\":{\"b\":null,\"@c\":null,\"d\":[null,1]}}", "<a><d>1</d></a>");
    expect_error_with(state, &omit, "{\"a\":{\"b\":1,\"b\":2}}",
                      "json: line 1, column 13: the key comes twice", NULL);
    expect(state, "{\"a\":{\"b\":1,\"b\":2}}", "<a><b>1</b><b>2</b></a>");
}

static void other_keys_are_options(void **state)
{
    struct tg_xml_write_options options = {
        .attribute_prefix = TG_TEXT(""),
        .attribute_group = TG_TEXT("$"),
        .text_key = TG_TEXT("_"),
        .cdata_key = TG_TEXT("#cdata"),
        .comments_key = TG_TEXT("#comment"),
        .pi_key = TG_TEXT("#pi"),
        .declaration = true,
    };

    expect_with(
        state, &options,
        "{\"a\":{\"$\":{\"id\":\"1\"},\"#comment\":\"a--b-\",\"#pi\":\"go x?>y\",\"_\":\"t\","
        "\"#cdata\":\"x]]>y\",\"@\":1}}",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<a id=\"1\"><!--a- -b- --><?go x? >y?>t<![CDATA[x]]]]><![CDATA[>y]]>"
        "<_x0040_>1</_x0040_></a>");
}

static void jsonml_is_an_option(void **state)
{
    struct tg_xml_write_options options = {.mixed = TG_XML_WRITE_JSONML};

    expect_with(state, &options, "[\"a\",{\"id\":1},\"x\",[\"b\"],\"y\",[\"c\",\"z\"]]",
                "<a id=\"1\">x<b/>y<c>z</c></a>");
    expect_error_with(state, &options, "{}", "json: line 1, column 1: JsonML is an array", NULL);
    expect_error_with(state, &options, "[]",
                      "json: line 1, column 2: JsonML without the name of an element", NULL);
    expect_error_with(state, &options, "[\"a\",1,{}]",
                      "json: line 1, column 8: an object where a child is due", NULL);
    expect_error_with(state, &options, "[[\"a\"]]",
                      "json: line 1, column 2: an array where the name of an element is due", NULL);
}

static void badgerfish_declares_prefixes(void **state)
{
    struct tg_xml_write_options options = {.xmlns = TG_XML_WRITE_XMLNS_BADGERFISH,
                                           .text_key = TG_TEXT("$")};

    expect_with(state, &options,
                "{\"a\":{\"@xmlns\":{\"$\":\"urn:d\",\"p\":\"urn:p\"},\"@id\":\"1\",\"p:b\":{\"$\":"
                "\"x\"}}}",
                "<a xmlns=\"urn:d\" xmlns:p=\"urn:p\" id=\"1\"><p:b>x</p:b></a>");
    /* A prefix that is no name is one when it is escaped, and the declaration stays one. */
    expect_with(state, &options, "{\"a\":{\"@xmlns\":{\"1\":\"urn:1\",\"b:c\":\"urn:2\"}}}",
                "<a xmlns:_x0031_=\"urn:1\" xmlns:b_x003A_c=\"urn:2\"/>");
    options.invalid_name = TG_XML_NAME_ERROR;
    expect_error_with(state, &options, "{\"a\":{\"@xmlns\":{\"1\":\"urn:1\"}}}",
                      "json: line 1, column 17: \"1\" is no XML name (option invalid_name)", NULL);
}

static void sequences_get_their_order(void **state)
{
    const struct tg_text all[] = {TG_TEXT("b"), TG_TEXT("c")}, of_x[] = {TG_TEXT("z")};
    const struct tg_xml_order orders[] = {{TG_TEXT(""), {all, 2}}, {TG_TEXT("x"), {of_x, 1}}};
    struct tg_xml_write_options options = {.orders = orders, .order_count = 2};

    expect_with(
        state, &options,
        "{\"a\":{\"d\":1,\"c\":[1,2],\"@i\":0,\"b\":{\"c\":1,\"b\":2},\"x\":{\"b\":1,\"z\":2}}}",
        "<a i=\"0\"><b><b>2</b><c>1</c></b><c>1</c><c>2</c><d>1</d>"
        "<x><z>2</z><b>1</b></x></a>");
}

static void indents_elements(void **state)
{
    struct tg_xml_write_options options = {.indent = 2};

    expect_with(state, &options, "{\"a\":{\"b\":1,\"c\":{\"d\":2},\"e\":{}}}",
                "<a>\n  <b>1</b>\n  <c>\n    <d>2</d>\n  </c>\n  <e/>\n</a>");
    expect_with(state, &options, "{\"b\":1,\"c\":2}", "<root>\n  <b>1</b>\n  <c>2</c>\n</root>");
    expect_with(state, &options, "{\"a\":{\"#text\":\"x\",\"b\":1}}", "<a>x<b>1</b></a>");
}

static void limits_hold(void **state)
{
    struct tg_xml_write_options options = {.limits = {.elements = 3}};

    expect_with(state, &options, "{\"a\":{\"b\":[1,2]}}", "<a><b>1</b><b>2</b></a>");
    expect_error_with(state, &options, "{\"a\":{\"b\":[1,2,3]}}",
                      "json: line 1, column 16: more than 3 elements (limit elements)", "elements");
    options = (struct tg_xml_write_options){.limits = {.key = 3}};
    expect_with(state, &options, "{\"abc\":1}", "<abc>1</abc>");
    expect_error_with(state, &options, "{\"abcd\":1}",
                      "json: line 1, column 2: more than 3 bytes of a key (limit key)", "key");
    options = (struct tg_xml_write_options){.limits = {.attributes = 1}};
    expect_with(state, &options, "{\"a\":{\"@b\":1}}", "<a b=\"1\"/>");
    expect_error_with(state, &options, "{\"a\":{\"@b\":1,\"@c\":1}}",
                      "json: line 1, column 19: more than 1 attributes of one element (limit "
                      "attributes)",
                      "attributes");
    options = (struct tg_xml_write_options){.limits = {.output = 8}};
    expect_with(state, &options, "{\"a\":\"x\"}", "<a>x</a>");
    expect_error_with(state, &options, "{\"a\":\"xy\"}",
                      "json: line 1, column 6: more than 8 bytes of XML (limit output)", "output");
    options = (struct tg_xml_write_options){.limits = {.input = 7}};
    expect_with(state, &options, "{\"a\":1}", "<a>1</a>");
    expect_error_with(state, &options, "{\"a\":12}",
                      "json: line 1, column 1: more than 7 bytes (limit input)", "input");
    options = (struct tg_xml_write_options){.limits = {.depth = 2}};
    expect_with(state, &options, "{\"a\":{}}", "<a/>");
    expect_error_with(state, &options, "{\"a\":[[]]}",
                      "json: line 1, column 7: more than 2 levels (limit depth)", "depth");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(mirrors_the_default_convention, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_order_and_digits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(makes_a_root_when_it_must, set_up, tear_down),
        cmocka_unit_test_setup_teardown(attributes_may_come_late, set_up, tear_down),
        cmocka_unit_test_setup_teardown(escapes_what_markup_would_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(control_characters_are_an_option, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_are_escaped_and_can_be_read_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(prefixes_must_be_declared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(arrays_and_nulls_have_options, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_keys_are_options, set_up, tear_down),
        cmocka_unit_test_setup_teardown(jsonml_is_an_option, set_up, tear_down),
        cmocka_unit_test_setup_teardown(badgerfish_declares_prefixes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sequences_get_their_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(indents_elements, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_hold, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
