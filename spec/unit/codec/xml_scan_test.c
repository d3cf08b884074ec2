#include "codec/xml_scan.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

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

/* Reads to the end from memory of exactly that size, so that a sanitizer sees a step too far. */
static bool read_limited(struct tg_xml *xml, const char *document, size_t len,
                         const struct tg_xml_limits *limits)
{
    char *exact = malloc(len == 0 ? 1 : len);
    memcpy(exact, document, len);
    bool good = tg_xml_begin(xml, tg_text(exact, len), limits);
    while (good) {
        enum tg_xml_event event = tg_xml_next(xml);
        if (event == TG_XML_DONE)
            break;
        good = event != TG_XML_ERROR;
    }
    free(exact);
    return good;
}

static bool reads(void **state, const char *document)
{
    struct tg_xml_limits limits = {0};
    return read_limited(*state, document, strlen(document), &limits);
}

static void expect_good(void **state, const char *document)
{
    if (!reads(state, document))
        fail_msg("%s: %s", document, ((struct tg_xml *)*state)->error.text);
}

static void expect_error(void **state, const char *document, const char *error)
{
    if (reads(state, document))
        fail_msg("accepted: %s", document);
    assert_string_equal(error, ((struct tg_xml *)*state)->error.text);
}

static void expect_bad(void **state, const char *const *documents)
{
    for (; *documents != NULL; documents++) {
        if (reads(state, *documents))
            fail_msg("accepted: %s", *documents);
    }
}

/* Writes the events as a line: <name attribute=value| text </name */
static void expect_events(void **state, const char *document, const char *want)
{
    struct tg_xml *xml = *state;
    struct tg_xml_limits limits = {0};
    struct tg_buffer got = {0};
    enum tg_xml_event event = TG_XML_ERROR;

    assert_true(tg_xml_begin(xml, tg_text_of(document), &limits));
    do {
        event = tg_xml_next(xml);
        struct tg_text name = event == TG_XML_START || event == TG_XML_END
                                  ? tg_xml_name_text(xml->name)
                                  : tg_text("", 0);
        if (event == TG_XML_START) {
            tg_buffer_printf(&got, "<%.*s", (int)name.len, name.base);
            for (size_t i = 0; i < xml->attribute_count; i++) {
                struct tg_text key = tg_xml_name_text(xml->attributes[i].name);
                struct tg_text value = xml->attributes[i].value;
                tg_buffer_printf(&got, " %.*s=%.*s", (int)key.len, key.base, (int)value.len,
                                 value.base);
            }
            tg_buffer_put(&got, '>');
        } else if (event == TG_XML_END) {
            tg_buffer_printf(&got, "</%.*s>", (int)name.len, name.base);
        } else if (event == TG_XML_TEXT) {
            tg_buffer_printf(&got, "[%.*s]", (int)xml->text.len, xml->text.base);
        }
    } while (event != TG_XML_DONE && event != TG_XML_ERROR);
    assert_int_equal(TG_XML_DONE, event);
    tg_buffer_put(&got, '\0');
    assert_string_equal(want, got.base);
    tg_buffer_dispose(&got);
}

static void reads_elements_attributes_and_text(void **state)
{
    expect_events(state, "<a x='1' y = \"2\">t<b/>u</a>", "<a x=1 y=2>[t]<b></b>[u]</a>");
    expect_events(state, "<a  ><b ></b ></a\n>", "<a><b></b></a>");
    expect_events(state,
                  "\xef\xbb\xbf<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n<a/>\n",
                  "<a></a>");
}

static void leaves_out_comments_and_instructions(void **state)
{
    expect_events(state, "<!-- - --><?p?><a>x<!---->y<?q r?s?></a><!-- e --><?p ?>\n",
                  "<a>[x][y]</a>");
}

static void takes_cdata_as_text(void **state)
{
    expect_events(state, "<a><![CDATA[<b>&amp;]]]]><![CDATA[>]]><![CDATA[]]></a>",
                  "<a>[<b>&amp;]]][>]</a>");
}

static void replaces_references(void **state)
{
    expect_events(state, "<a x='&lt;&gt;&amp;&quot;&apos;'>&lt;&gt;&amp;&quot;&apos;</a>",
                  "<a x=<>&\"'>[<>&\"']</a>");
    expect_events(state, "<a>&#65;&#x42;&#x20ac;&#x1F600;&#0000067;</a>",
                  "<a>[AB\xe2\x82\xac\xf0\x9f\x98\x80"
                  "C]</a>");
}

static void normalises_line_ends(void **state)
{
    expect_events(state, "<a>\r\n1\r2\n\r\n</a>", "<a>[\n1\n2\n\n]</a>");
    expect_events(state, "<a>&#13;</a>", "<a>[\r]</a>");
}

static void normalises_blanks_in_attributes(void **state)
{
    expect_events(state, "<a x='1\t2\n3\r\n4 5&#10;6&#9;'/>", "<a x=1 2 3 4 5\n6\t></a>");
}

static void reads_names_of_all_scripts(void **state)
{
    expect_good(state, "<\xc3\xa9l\xc3\xa9ment \xe5\x90\x8d='1'/>");
    expect_good(state, "<_a-b.c1\xc2\xb7/>");
    expect_good(state, "<\xf0\x90\x80\x80/>");
    expect_good(state,
                "<a-name-that-is-much-longer-than-sixteen-bytes b='1' "
                "an-attribute-that-is-longer='2'></a-name-that-is-much-longer-than-sixteen-bytes>");
}

static void refuses_names_that_are_none(void **state)
{
    expect_error(state, "<1a/>", "xml: line 1, column 2: expected a name");
    expect_error(state, "<a$/>", "xml: line 1, column 3: a character that a name may not have");
    const char *const bad[] = {"<-a/>",       "<.a/>",     "<a b$='1'/>", "< a/>",
                               "<a 1='1'/>",  "<>x</>",    "<\xc3\x97/>", "<a\xc3\xb7/>",
                               "<\xcd\xbe/>", "<a>x</ a>", NULL};
    expect_bad(state, bad);
}

static void wants_every_element_closed_in_order(void **state)
{
    expect_error(state, "<a><b></a></b>", "xml: line 1, column 7: expected </b>");
    expect_error(state, "<a>\n <b>\n</b></a", "xml: line 3, column 8: the document ends too early");
    expect_error(state, "<a>", "xml: line 1, column 4: the document ends too early");
    expect_error(state, "<a>text", "xml: line 1, column 8: the document ends too early");
    expect_error(state, "<a", "xml: line 1, column 3: the document ends too early");
    expect_error(state, "<a x='1", "xml: line 1, column 8: the document ends too early");
    expect_error(state, "<a></ab>", "xml: line 1, column 4: expected </a>");
    const char *const bad[] = {"</a>",  "<a></a></a>", "<a/><b/>",         "<a></a x='1'>",
                               "<a/>x", "<a/>&#32;",   "<a/><![CDATA[]]>", NULL};
    expect_bad(state, bad);
}

static void refuses_an_empty_document(void **state)
{
    expect_error(state, "", "xml: line 1, column 1: the document is empty");
    expect_error(state, " \n", "xml: line 1, column 1: the document is empty");
    expect_error(state, "hello", "xml: line 1, column 1: expected the root element");
    expect_error(state, "<!-- only -->", "xml: line 1, column 14: the document ends too early");
}

static void says_where_an_attribute_is_twice(void **state)
{
    expect_error(state, "<a>\n\n  <b id='1' x='' id='2'/></a>",
                 "xml: line 3, column 18: attribute \"id\" twice");
}

static void wants_attributes_well_formed(void **state)
{
    expect_error(state, "<a b/>", "xml: line 1, column 5: expected \"=\"");
    expect_error(state, "<a b=1/>", "xml: line 1, column 6: expected a quote");
    expect_error(state, "<a b='<'/>", "xml: line 1, column 7: \"<\" in the value of an attribute");
    expect_error(state, "<a b='1'c='2'/>",
                 "xml: line 1, column 9: expected a blank or the end of the tag");
    const char *const bad[] = {"<a b='&'/>",  "<a b='&nbsp;'/>", "<a b='&#0;'/>",
                               "<a /b='1'/>", "<a b=\"1'/>",     "<a/ >",
                               NULL};
    expect_bad(state, bad);
}

static void wants_references_well_formed(void **state)
{
    expect_error(state, "<a>\n&nbsp;</a>", "xml: line 2, column 1: unknown entity \"nbsp\"");
    expect_error(state, "<a>1 & 2</a>", "xml: line 1, column 6: an \"&\" that begins no reference");
    expect_error(state, "<a>&#xD800;</a>", "xml: line 1, column 4: a reference to no character");
    const char *const bad[] = {"<a>&#0;</a>",     "<a>&#x110000;</a>",
                               "<a>&#xFFFE;</a>", "<a>&#11;</a>",
                               "<a>&#;</a>",      "<a>&#x;</a>",
                               "<a>&#X41;</a>",   "<a>&#65</a>",
                               "<a>&lt</a>",      "<a>&LT;</a>",
                               "<a>& lt;</a>",    "<a>&#99999999999999;</a>",
                               "<a>&#-65;</a>",   NULL};
    expect_bad(state, bad);
}

static void refuses_the_end_of_cdata_in_text(void **state)
{
    expect_error(state, "<a>x]]></a>", "xml: line 1, column 5: \"]]>\" in text");
    expect_good(state, "<a>]]&gt; ]] > ]></a>");
    expect_good(state, "<a b=']]>'/>");
}

static void refuses_markup_where_it_has_no_place(void **state)
{
    expect_error(state, "<a><!-- -- --></a>", "xml: line 1, column 9: \"--\" in a comment");
    expect_error(state, " <?xml version='1.0'?><a/>",
                 "xml: line 1, column 2: a declaration that is not at the start");
    expect_error(state, "<a/>\nx", "xml: line 2, column 1: content after the root element");
    const char *const bad[] = {
        "<!---><a/>",       "<!-- --->x--><a/>", "<a><!x></a>",      "<a><!DOCTYPE a></a>",
        "<![CDATA[]]><a/>", "<a><?xMl x?></a>",  "<? p?><a/>",       "<?p:q?><a/>",
        "<?p+?><a/>",       "<?p?q?><a/>",       "<a><![CDATA[</a>", "<a><![cdata[]]></a>",
        "<a/><!DOCTYPE a>", "<a/><?p",           "<a/><!--",         NULL};
    expect_bad(state, bad);
}

static void refuses_a_doctype_by_its_name(void **state)
{
    struct tg_xml *xml = *state;
    expect_error(state, "<!DOCTYPE a><a/>",
                 "xml: line 1, column 1: a DOCTYPE is refused (limit doctype)");
    assert_string_equal("doctype", xml->error.limit);
}

static void wants_the_declaration_well_formed(void **state)
{
    expect_good(state, "<?xml version=\"1.0\"?><a/>");
    expect_good(state, "<?xml version='1.1' standalone='no'?>\r\n<a/>");
    const char *const bad[] = {"<?xml?><a/>",
                               "<?xml encoding='UTF-8'?><a/>",
                               "<?xml version='2.0'?><a/>",
                               "<?xml version='1.'?><a/>",
                               "<?xml version='1.0' standalone='maybe'?><a/>",
                               "<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>",
                               "<?xml version='1.0'encoding='UTF-8'?><a/>",
                               "<?xml version='1.0' encoding=''?><a/>",
                               "<?xml version='1.0' x='y'?><a/>",
                               "<?xml version='1.0'><a/>",
                               "<?XML version='1.0'?><a/>",
                               NULL};
    expect_bad(state, bad);
}

static void names_an_encoding_that_it_does_not_read(void **state)
{
    struct tg_xml_limits limits = {0};
    struct tg_xml *xml = *state;
    const char *want = "xml: line 1, column 31: the encoding \"EBCDIC-US\" is not read";
    expect_error(state, "<?xml version='1.0' encoding='EBCDIC-US'?><a/>", want);
    expect_error(state, "<?xml version='1.0' encoding='EBCDIC-US'?><a>\xe9</a>", want);
    expect_error(state, "<?xml version='1.0' encoding='UTF-7'?><a/>",
                 "xml: line 1, column 31: the encoding \"UTF-7\" is not read");
    expect_error(state, "<?xml version='1.0' encoding='UTF-16'?><a/>",
                 "xml: line 1, column 31: the encoding \"UTF-16\" is declared, but it is another");
    expect_error(state, "<a>\n\xe9</a>", "xml: line 2, column 1: the text is not UTF-8");
    expect_error(state, "<a>\x01</a>",
                 "xml: line 1, column 4: a character that XML does not allow");
    assert_false(read_limited(xml, "\xff\xfe\0\0<\0\0\0", 8, &limits));
    assert_string_equal("xml: line 1, column 1: the encoding \"UTF-32\" is not read",
                        xml->error.text);
    assert_false(read_limited(xml, "<a/>\0", 5, &limits));
}

static void knows_namespaces(void **state)
{
    expect_good(state, "<x:a xmlns:x='urn:x' x:b='1' b='2'><x:c xmlns:x='urn:y' x:b='1'/></x:a>");
    expect_good(state, "<a xml:lang='de' xmlns='urn:a'><b xmlns=''/></a>");
    expect_good(state, "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>");
    expect_error(state, "<a><x:b/></a>", "xml: line 1, column 4: prefix \"x\" is not declared");
    expect_error(state, "<a><b xmlns:x='urn:x'/><x:c/></a>",
                 "xml: line 1, column 24: prefix \"x\" is not declared");
    expect_error(state, "<a xmlns:x='urn:x' xmlns:y='urn:x' x:b='1' y:b='2'/>",
                 "xml: line 1, column 1: attribute \"y:b\" twice in its namespace");
    expect_good(state, "<a xmlns:x='urn:x' xmlns:y='urn:y' x:b='1' y:b='2'/>");
    const char *const bad[] = {"<a x:b='1'/>",
                               "<a xmlns:x=''/>",
                               "<a xmlns:xmlns='urn:x'/>",
                               "<a xmlns:xml='urn:x'/>",
                               "<a xmlns:x='http://www.w3.org/XML/1998/namespace'/>",
                               "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
                               "<a xmlns:x='http://www.w3.org/2000/xmlns/'/>",
                               "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
                               "<xmlns:a/>",
                               "<a:b:c xmlns:a='urn:x'/>",
                               "<:a/>",
                               "<a:/>",
                               "<a:1 xmlns:a='urn:x'/>",
                               "<a xmlns:='urn:x'/>",
                               "<a xmlns:x='not a uri'/>",
                               NULL};
    expect_bad(state, bad);
}

static void forgets_bindings_of_the_document_before(void **state)
{
    expect_bad(state, (const char *const[]){"<a xmlns:x='urn:x'><b>", NULL});
    expect_error(state, "<x:a/>", "xml: line 1, column 1: prefix \"x\" is not declared");
}

static void finds_nil(void **state)
{
    struct tg_xml *xml = *state;
    struct tg_xml_limits limits = {0};
    struct tg_text text =
        TG_TEXT("<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'>"
                "<b i:nil='1' x='y'/><c i:nil='false'/><d xmlns:i='urn:other' i:nil='true'/></a>");
    const bool want[][2] = {{true, true}, {true, false}, {false, true}, {false, false}};
    assert_true(tg_xml_begin(xml, text, &limits));
    for (size_t i = 0; i < 4; i++) {
        while (tg_xml_next(xml) != TG_XML_START)
            ;
        assert_int_equal(want[i][0], xml->nil);
        assert_int_equal(want[i][1], xml->only_nil);
    }
}

/* Documents that are at a limit when `times` is the limit. */
static struct tg_buffer repeat(const char *before, const char *format, size_t times,
                               const char *behind)
{
    struct tg_buffer text = {0};

    tg_buffer_append(&text, before, strlen(before));
    for (size_t i = 0; i < times; i++) {
        char piece[64];
        int n = snprintf(piece, sizeof(piece), format, (int)i);
        tg_buffer_append(&text, piece, (size_t)n);
    }
    tg_buffer_append(&text, behind, strlen(behind));
    return text;
}

static void expect_limit(void **state, struct tg_xml_limits limits, struct tg_buffer at,
                         struct tg_buffer above, const char *name, const char *error)
{
    struct tg_xml *xml = *state;

    if (!read_limited(xml, at.base, at.len, &limits))
        fail_msg("%s", xml->error.text);
    assert_false(read_limited(xml, above.base, above.len, &limits));
    assert_string_equal(error, xml->error.text);
    assert_string_equal(name, xml->error.limit);
    tg_buffer_dispose(&at);
    tg_buffer_dispose(&above);
}

static struct tg_buffer nest(size_t levels)
{
    struct tg_buffer text = repeat("", "<a>", levels, "");

    for (size_t i = 0; i < levels; i++)
        tg_buffer_append(&text, "</a>", 4);
    return text;
}

static void holds_its_limits(void **state)
{
    expect_limit(state, (struct tg_xml_limits){0}, nest(256), nest(257), "depth",
                 "xml: line 1, column 769: more than 256 levels (limit depth)");
    expect_limit(state, (struct tg_xml_limits){.depth = 3}, nest(3), nest(4), "depth",
                 "xml: line 1, column 10: more than 3 levels (limit depth)");
    expect_limit(state, (struct tg_xml_limits){.attributes = 3}, repeat("<a", " x%d=''", 3, "/>"),
                 repeat("<a", " x%d=''", 4, "/>"), "attributes",
                 "xml: line 1, column 22: more than 3 attributes (limit attributes)");
    expect_limit(state, (struct tg_xml_limits){0}, repeat("<a", " x%d=''", 256, " xmlns:y='u'/>"),
                 repeat("<a", " x%03d=''", 257, "/>"), "attributes",
                 "xml: line 1, column 2052: more than 256 attributes (limit attributes)");
    expect_limit(state, (struct tg_xml_limits){0}, repeat("<a", " xmlns:x%02d='u'", 64, " b='1'/>"),
                 repeat("<a", " xmlns:x%02d='u'", 65, "/>"), "xmlns",
                 "xml: line 1, column 900: more than 64 namespace declarations (limit xmlns)");
    expect_limit(state, (struct tg_xml_limits){0}, repeat("<", "a", 1024, "/>"),
                 repeat("<", "a", 1025, "/>"), "name",
                 "xml: line 1, column 2: more than 1024 bytes in a name (limit name)");
    expect_limit(state, (struct tg_xml_limits){.name = 20}, repeat("<a xmlns:b='", "u", 20, "'/>"),
                 repeat("<a xmlns:b='", "u", 21, "'/>"), "name",
                 "xml: line 1, column 4: more than 20 bytes in a namespace name (limit name)");
    expect_limit(state, (struct tg_xml_limits){0}, repeat("<r>", "<n%d/>", 9999, "</r>"),
                 repeat("<r>", "<n%04d/>", 10000, "</r>"), "names",
                 "xml: line 1, column 79997: more than 10000 different names (limit names)");
    expect_limit(state, (struct tg_xml_limits){.elements = 5}, repeat("<r>", "<n/>", 4, "</r>"),
                 repeat("<r>", "<n/>", 5, "</r>"), "elements",
                 "xml: line 1, column 20: more than 5 elements (limit elements)");
    expect_limit(state, (struct tg_xml_limits){.input = 20}, repeat("<r>", "x", 13, "</r>"),
                 repeat("<r>", "x", 14, "</r>"), "input",
                 "xml: line 1, column 1: more than 20 bytes (limit input)");
}

static void counts_a_limit_anew_for_each_document(void **state)
{
    struct tg_xml_limits limits = {.names = 2, .elements = 2};
    for (int i = 0; i < 5; i++)
        assert_true(read_limited(*state, "<a><b/></a>", 11, &limits));
}

static void a_name_limit_holds_for_names_that_are_known(void **state)
{
    struct tg_xml_limits limits = {.name = 3};
    expect_good(state, "<abcd/>");
    assert_false(read_limited(*state, "<abcd/>", 7, &limits));
    assert_true(read_limited(*state, "<abc/>", 6, &limits));
}

static void keeps_little_after_a_big_document(void **state)
{
    struct tg_xml *xml = *state;
    struct tg_xml_limits limits = {.names = 1000000};
    struct tg_buffer text = repeat("<r>\r\n", "<n%d x='&lt;'/>", 200000, "</r>");
    assert_true(read_limited(xml, text.base, text.len, &limits));
    tg_xml_rest(xml);
    assert_in_range(xml->names.count, 0, 4096);
    assert_in_range(xml->names.bytes, 0, 1 << 20);
    assert_int_equal(0, xml->normal.capacity);
    assert_int_equal(0, xml->decoded.capacity);
    tg_buffer_dispose(&text);
    expect_good(state, "<r xml:lang='x'/>");
}

static void goes_on_failing_after_an_error(void **state)
{
    struct tg_xml *xml = *state;
    struct tg_xml_limits limits = {0};
    assert_true(tg_xml_begin(xml, TG_TEXT("<a></b>"), &limits));
    assert_int_equal(TG_XML_START, tg_xml_next(xml));
    assert_int_equal(TG_XML_ERROR, tg_xml_next(xml));
    assert_int_equal(TG_XML_ERROR, tg_xml_next(xml));
    expect_good(state, "<a></a>");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_elements_attributes_and_text),
        TEST(leaves_out_comments_and_instructions),
        TEST(takes_cdata_as_text),
        TEST(replaces_references),
        TEST(normalises_line_ends),
        TEST(normalises_blanks_in_attributes),
        TEST(reads_names_of_all_scripts),
        TEST(refuses_names_that_are_none),
        TEST(wants_every_element_closed_in_order),
        TEST(refuses_an_empty_document),
        TEST(says_where_an_attribute_is_twice),
        TEST(wants_attributes_well_formed),
        TEST(wants_references_well_formed),
        TEST(refuses_the_end_of_cdata_in_text),
        TEST(refuses_markup_where_it_has_no_place),
        TEST(refuses_a_doctype_by_its_name),
        TEST(wants_the_declaration_well_formed),
        TEST(names_an_encoding_that_it_does_not_read),
        TEST(knows_namespaces),
        TEST(forgets_bindings_of_the_document_before),
        TEST(finds_nil),
        TEST(holds_its_limits),
        TEST(counts_a_limit_anew_for_each_document),
        TEST(a_name_limit_holds_for_names_that_are_known),
        TEST(keeps_little_after_a_big_document),
        TEST(goes_on_failing_after_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
