#include "codec/xml_to_json.h"
#include "codec/json_read.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define XSI "xmlns:i='http://www.w3.org/2001/XMLSchema-instance'"

static int set_up(void **state)
{
    *state = tg_xml_create();
    return 0;
}

static int tear_down(void **state)
{
    tg_xml_destroy(*state);
    return 0;
}

/* Takes out the blank that a single element's value has before it. */
static void drop_blanks(char *json)
{
    char *out = json;
    bool quoted = false;

    for (const char *p = json; *p != '\0'; p++) {
        if (*p == '"' && (p == json || p[-1] != '\\'))
            quoted = !quoted;
        if (quoted || *p != ' ')
            *out++ = *p;
    }
    *out = '\0';
}

static void expect_with(void **state, const struct tg_xml_options *options, const char *xml,
                        const char *want)
{
    struct tg_buffer out = {0};
    struct tg_parse_error error;
    size_t len = strlen(xml);
    char *exact = malloc(len);

    memcpy(exact, xml, len);
    tg_buffer_append(&out, "#", 1);
    if (!tg_xml_to_json(*state, tg_text(exact, len), options, &out, &error))
        fail_msg("%s: %s", xml, error.text);
    assert_true(tg_json_validate(tg_text(out.base + 1, out.len - 1), 0, &error));
    tg_buffer_put(&out, '\0');
    drop_blanks(out.base + 1);
    assert_string_equal(want, out.base + 1);
    assert_int_equal('#', out.base[0]);
    tg_buffer_dispose(&out);
    free(exact);
}

static void expect(void **state, const char *xml, const char *want)
{
    expect_with(state, &(struct tg_xml_options){0}, xml, want);
}

static void follows_the_table_of_the_convention(void **state)
{
    expect(state, "<a>x</a>", "{\"a\":\"x\"}");
    expect(state, "<a/>", "{\"a\":\"\"}");
    expect(state, "<a></a>", "{\"a\":\"\"}");
    expect(state, "<a id=\"1\">x</a>", "{\"a\":{\"@id\":\"1\",\"#text\":\"x\"}}");
    expect(state, "<a><b>1</b><b>2</b></a>", "{\"a\":{\"b\":[\"1\",\"2\"]}}");
    expect(state, "<a><b>1</b><c/><b>2</b></a>", "{\"a\":{\"b\":[\"1\",\"2\"],\"c\":\"\"}}");
    expect(state, "<a>x<b>y</b>z</a>", "{\"a\":{\"b\":\"y\",\"#text\":\"xz\"}}");
    expect(state, "<a><![CDATA[<x> & y]]></a>", "{\"a\":\"<x> & y\"}");
    expect(state, "<a " XSI "><b i:nil='true'/></a>",
           "{\"a\":{\"@xmlns:i\":\"http://www.w3.org/2001/XMLSchema-instance\",\"b\":null}}");
    expect(state, "<x:a xmlns:x='urn:x'><x:b/></x:a>",
           "{\"x:a\":{\"@xmlns:x\":\"urn:x\",\"x:b\":\"\"}}");
    expect(state, "<a><!-- c --> <?p i?>\n<b/>\t</a>", "{\"a\":{\"b\":\"\"}}");
    expect(state, "<a><b>007</b><c>1.0</c><d>true</d></a>",
           "{\"a\":{\"b\":\"007\",\"c\":\"1.0\",\"d\":\"true\"}}");
}

static void trims_text_at_its_edges_only(void **state)
{
    expect(state, "<a> \n x  y\t</a>", "{\"a\":\"x  y\"}");
    expect(state, "<a> x <b/> y </a>", "{\"a\":{\"b\":\"\",\"#text\":\"x  y\"}}");
    expect(state, "<a>x<b/> <c/>y</a>", "{\"a\":{\"b\":\"\",\"c\":\"\",\"#text\":\"x y\"}}");
    expect(state, "<a id='1'> </a>", "{\"a\":{\"@id\":\"1\"}}");
    expect(state, "<a>  </a>", "{\"a\":\"\"}");
    expect(state, "<a>&#32;x&#10;<![CDATA[ ]]></a>", "{\"a\":\"x\"}");
    expect(state, "<a id=' 1 '/>", "{\"a\":{\"@id\":\" 1 \"}}");
}

static void joins_text_around_comments_and_cdata(void **state)
{
    expect(state, "<a>x<!-- c -->y<![CDATA[z]]>&amp;</a>", "{\"a\":\"xyz&\"}");
    expect(state, "<a>1<b>2</b>3<b>4</b>5<c>6<d>7</d>8</c>9</a>",
           "{\"a\":{\"b\":[\"2\",\"4\"],\"c\":{\"d\":\"7\",\"#text\":\"68\"},\"#text\":\"1359\"}}");
}

static void gives_the_same_for_other_ways_to_write_it(void **state)
{
    const char *want = "{\"a\":{\"@k\":\"v\",\"b\":\"x<y\\n\xc3\xa9\"}}";
    expect(state, "<a k='v'><b>x&lt;y\n\xc3\xa9</b></a>", want);
    expect(state, "<a k=\"v\"  >\r\n<b >x&#60;y\r\n&#xe9;</b ></a>", want);
    expect(state,
           "\xef\xbb\xbf<?xml version='1.0'?><a k='&#118;'><b><![CDATA[x<y]]>\n&#233;</b></a>",
           want);
}

static void escapes_what_json_wants_escaped(void **state)
{
    expect(state, "<a k='&quot;\\&#9;'>\"\\ &#13;\x7f tab\there</a>",
           "{\"a\":{\"@k\":\"\\\"\\\\\\t\",\"#text\":\"\\\"\\\\ \\r\x7f tab\\there\"}}");
    expect(state, "<a>a long text with one \"quoted word\" and more behind it</a>",
           "{\"a\":\"a long text with one \\\"quoted word\\\" and more behind it\"}");
}

static void collects_siblings_that_do_not_stand_together(void **state)
{
    expect(state, "<r><a>1</a><b>2</b><a>3</a><b>4</b><a>5</a></r>",
           "{\"r\":{\"a\":[\"1\",\"3\",\"5\"],\"b\":[\"2\",\"4\"]}}");
    expect(state, "<r><a>1</a><a>2</a><b>3</b><a>4</a><a>5</a></r>",
           "{\"r\":{\"a\":[\"1\",\"2\",\"4\",\"5\"],\"b\":\"3\"}}");
    expect(state, "<r k='v'>t<b>1</b><c/><b>2</b>u</r>",
           "{\"r\":{\"@k\":\"v\",\"b\":[\"1\",\"2\"],\"c\":\"\",\"#text\":\"tu\"}}");
    expect(state, "<r><c/><a>1</a><b>2</b><a>3</a></r>",
           "{\"r\":{\"c\":\"\",\"a\":[\"1\",\"3\"],\"b\":\"2\"}}");
}

static void collects_them_in_nested_objects_too(void **state)
{
    expect(state, "<r><a><b>1</b><c/><b>2</b></a><q/><a><b>1</b><c/><b><e/><f/><e/></b></a></r>",
           "{\"r\":{\"a\":[{\"b\":[\"1\",\"2\"],\"c\":\"\"},"
           "{\"b\":[\"1\",{\"e\":[\"\",\"\"],\"f\":\"\"}],\"c\":\"\"}],\"q\":\"\"}}");
    expect(state, "<a><a><b/><a/><b/></a><b/><a>x</a></a>",
           "{\"a\":{\"a\":[{\"b\":[\"\",\"\"],\"a\":\"\"},\"x\"],\"b\":\"\"}}");
}

static void tells_names_of_different_levels_apart(void **state)
{
    expect(state, "<a><a>1</a><b><a>2</a></b><a>3</a></a>",
           "{\"a\":{\"a\":[\"1\",\"3\"],\"b\":{\"a\":\"2\"}}}");
    expect(state, "<r><a><a><a>1</a></a><b/></a><a>2</a></r>",
           "{\"r\":{\"a\":[{\"a\":{\"a\":\"1\"},\"b\":\"\"},\"2\"]}}");
}

static void strips_prefixes_and_declarations(void **state)
{
    struct tg_xml_options strip = {.namespaces = TG_XML_STRIP};
    expect_with(state, &strip, "<x:a xmlns:x='urn:x' xmlns='urn:y'>t</x:a>", "{\"a\":\"t\"}");
    expect_with(state, &strip, "<x:a xmlns:x='urn:x' x:k='1' xml:lang='de'><x:b>1</x:b></x:a>",
                "{\"a\":{\"@k\":\"1\",\"@lang\":\"de\",\"b\":\"1\"}}");
}

static void expect_refused(void **state, const char *xml, const char *want)
{
    struct tg_buffer out = {0};
    struct tg_parse_error error;
    struct tg_xml_options options = {0};

    assert_false(tg_xml_to_json(*state, tg_text_of(xml), &options, &out, &error));
    assert_string_equal(want, error.text);
    tg_buffer_dispose(&out);
}

/* What was declared last is passed unread: only when it stands there to the letter. */
static void knows_declarations_again(void **state)
{
    for (int i = 0; i < 2; i++) {
        expect(state, "<a xmlns:p=\"urn:p\"><b xmlns:p=\"urn:p\"/><b xmlns:p=\"urn:pp\"/></a>",
               "{\"a\":{\"@xmlns:p\":\"urn:p\",\"b\":[{\"@xmlns:p\":\"urn:p\"},"
               "{\"@xmlns:p\":\"urn:pp\"}]}}");
        expect(state, "<a xmlns:q=\"it's\"/>", "{\"a\":{\"@xmlns:q\":\"it's\"}}");
        expect(state, "<a xmlns:r=\"b&amp;c\"/>", "{\"a\":{\"@xmlns:r\":\"b&c\"}}");
        expect(state, "<a xmlns=\"urn:d\"><b xmlns=\"\"/></a>",
               "{\"a\":{\"@xmlns\":\"urn:d\",\"b\":{\"@xmlns\":\"\"}}}");
        expect_refused(state, "<a xmlns:q='it's'/>",
                       "xml: line 1, column 16: expected a blank or the end of the tag");
        expect_refused(state, "<a xmlns:r=\"b&c\"/>",
                       "xml: line 1, column 14: an \"&\" that begins no reference");
        expect_refused(state, "<a xmlns:p=\"urn:pp",
                       "xml: line 1, column 19: the document ends too early");
        expect_refused(state, "<a xmlns:p=\"urn:pp\" xmlns:p=\"urn:pp\"/>",
                       "xml: line 1, column 21: attribute \"xmlns:p\" twice");
    }
}

static void merges_what_stripping_makes_equal(void **state)
{
    struct tg_xml_options strip = {.namespaces = TG_XML_STRIP};
    expect_with(
        state, &strip,
        "<r xmlns:x='urn:x' xmlns:y='urn:y' k='0' x:k='1' l='2' y:k='3'>"
        "<x:b>1</x:b><y:b>2</y:b><c/><b>3</b></r>",
        "{\"r\":{\"@k\":[\"0\",\"1\",\"3\"],\"@l\":\"2\",\"b\":[\"1\",\"2\",\"3\"],\"c\":\"\"}}");
}

static void nil_is_null_only_when_nothing_else_is_there(void **state)
{
    struct tg_xml_options strip = {.namespaces = TG_XML_STRIP};
    expect_with(state, &strip, "<r " XSI "><a i:nil='true'> </a><a i:nil='1' i:type='t'/></r>",
                "{\"r\":{\"a\":[null,null]}}");
    expect_with(state, &strip, "<r " XSI "><a i:nil='true' k='v'/><b i:nil='true'>x</b></r>",
                "{\"r\":{\"a\":{\"@nil\":\"true\",\"@k\":\"v\"},"
                "\"b\":{\"@nil\":\"true\",\"#text\":\"x\"}}}");
    expect_with(state, &strip, "<r " XSI "><a i:nil='true'><b/></a><c i:nil='false'/></r>",
                "{\"r\":{\"a\":{\"@nil\":\"true\",\"b\":\"\"},\"c\":{\"@nil\":\"false\"}}}");
}

static void makes_arrays_where_told(void **state)
{
    struct tg_text paths[] = {TG_TEXT("/order/item"), TG_TEXT("//line")};
    struct tg_xml_options force = {.force_array = {paths, 2}};
    expect_with(state, &force, "<order><item>1</item></order>", "{\"order\":{\"item\":[\"1\"]}}");
    expect_with(state, &force, "<order><item>1</item><x/><item>2</item></order>",
                "{\"order\":{\"item\":[\"1\",\"2\"],\"x\":\"\"}}");
    expect_with(state, &force, "<line><item><line/></item><x/></line>",
                "{\"line\":[{\"item\":{\"line\":[\"\"]},\"x\":\"\"}]}");
    force.namespaces = TG_XML_STRIP;
    expect_with(state, &force, "<x:order xmlns:x='urn:x'><x:item/></x:order>",
                "{\"order\":{\"item\":[\"\"]}}");
}

static void empties_as_told(void **state)
{
    struct tg_xml_options options = {.empty = TG_XML_EMPTY_NULL};
    expect_with(state, &options, "<r><a/><b> </b><c k=''/></r>",
                "{\"r\":{\"a\":null,\"b\":null,\"c\":{\"@k\":\"\"}}}");
    options.empty = TG_XML_EMPTY_OBJECT;
    expect_with(state, &options, "<r><a/><a>1</a></r>", "{\"r\":{\"a\":[{},\"1\"]}}");
}

static void leaves_the_output_as_it_was_after_an_error(void **state)
{
    struct tg_buffer out = {0};
    struct tg_parse_error error;
    struct tg_xml_options options = {0};
    tg_buffer_append(&out, "before", 6);
    assert_false(tg_xml_to_json(*state, TG_TEXT("<a><b>1</b><c"), &options, &out, &error));
    assert_string_equal("xml: line 1, column 14: the document ends too early", error.text);
    assert_int_equal(14, error.column);
    assert_int_equal(6, out.len);
    assert_memory_equal("before", out.base, 6);
    tg_buffer_dispose(&out);
}

static void holds_the_limit_of_its_output(void **state)
{
    struct tg_buffer out = {0};
    struct tg_parse_error error;
    struct tg_xml_options options = {0};
    /* Scattered siblings are counted as they are put together. */
    const struct tg_text documents[] = {TG_TEXT("<r><a>some text</a><a/></r>"),
                                        TG_TEXT("<r><a/><b/><a/></r>")};
    for (size_t i = 0; i < 2; i++) {
        out.len = 0;
        options.limits.output = 0;
        assert_true(tg_xml_to_json(*state, documents[i], &options, &out, &error));
        options.limits.output = out.len;
        out.len = 0;
        assert_true(tg_xml_to_json(*state, documents[i], &options, &out, &error));
        options.limits.output--;
        out.len = 0;
        assert_false(tg_xml_to_json(*state, documents[i], &options, &out, &error));
        assert_string_equal("output", error.limit);
        assert_int_equal(0, out.len);
    }
    tg_buffer_dispose(&out);
}

static void obeys_the_limit_of_the_buffer(void **state)
{
    struct tg_buffer out = {.limit = 100};
    struct tg_parse_error error;
    struct tg_xml_options options = {0};
    assert_false(tg_xml_to_json(
        *state,
        TG_TEXT("<a>0123456789012345678901234567890123456789012345678901234567890123456789"
                "0123456789012345678901234567890123456789</a>"),
        &options, &out, &error));
    assert_string_equal("output", error.limit);
    assert_int_equal(0, out.len);
    tg_buffer_dispose(&out);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* n siblings of two names that take turns, at each of some levels. */
static double time_of(void **state, size_t n)
{
    struct tg_buffer in = {0}, out = {0};
    struct tg_parse_error error;
    struct tg_xml_options options = {0};

    for (size_t level = 0; level < 50; level++)
        tg_buffer_append(&in, "<r><x/><y/><x/>", 15);
    for (size_t i = 0; i < n; i++)
        tg_buffer_append(&in, "<a/><b/>", 8);
    for (size_t level = 0; level < 50; level++)
        tg_buffer_append(&in, "</r>", 4);
    double start = seconds();
    assert_true(tg_xml_to_json(*state, tg_text(in.base, in.len), &options, &out, &error));
    double took = seconds() - start;
    assert_true(tg_json_validate(tg_text(out.base, out.len), 0, &error));
    tg_buffer_dispose(&in);
    tg_buffer_dispose(&out);
    return took;
}

/* Eight times the siblings may take some more than eight times the time, not sixty-four times. */
static void stays_linear_when_names_take_turns(void **state)
{
    double small = time_of(state, 20000), big = time_of(state, 160000);
    assert_true(big < small * 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(follows_the_table_of_the_convention),
        TEST(trims_text_at_its_edges_only),
        TEST(joins_text_around_comments_and_cdata),
        TEST(gives_the_same_for_other_ways_to_write_it),
        TEST(escapes_what_json_wants_escaped),
        TEST(collects_siblings_that_do_not_stand_together),
        TEST(collects_them_in_nested_objects_too),
        TEST(tells_names_of_different_levels_apart),
        TEST(strips_prefixes_and_declarations),
        TEST(knows_declarations_again),
        TEST(merges_what_stripping_makes_equal),
        TEST(nil_is_null_only_when_nothing_else_is_there),
        TEST(makes_arrays_where_told),
        TEST(empties_as_told),
        TEST(leaves_the_output_as_it_was_after_an_error),
        TEST(holds_the_limit_of_its_output),
        TEST(obeys_the_limit_of_the_buffer),
        TEST(stays_linear_when_names_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
