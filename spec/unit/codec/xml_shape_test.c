#include "codec/json_read.h"
#include "codec/xml_shape.h"
#include "codec/xml_to_json.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#define XSI "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
#define T(literal) TG_TEXT(literal)

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

static void drop_blanks(char *json)
{
    char *out = json;

    for (const char *p = json; *p != '\0'; p++) {
        if (*p != ' ' || p == json || p[-1] != ':')
            *out++ = *p;
    }
    *out = '\0';
}

static void expect(void **state, struct tg_xml_options options, const char *xml, const char *want)
{
    struct tg_buffer out = {0};
    struct tg_parse_error error;
    size_t len = strlen(xml);
    char *exact = malloc(len);

    memcpy(exact, xml, len);
    if (!tg_xml_to_json(*state, tg_text(exact, len), &options, &out, &error))
        fail_msg("%s: %s", xml, error.text);
    if (!tg_json_validate(tg_text(out.base, out.len), 0, &error))
        fail_msg("%.*s: %s", (int)out.len, out.base, error.text);
    tg_buffer_put(&out, '\0');
    drop_blanks(out.base);
    assert_string_equal(want, out.base);
    tg_buffer_dispose(&out);
    free(exact);
}

static void expect_error(void **state, struct tg_xml_options options, const char *xml,
                         const char *want)
{
    struct tg_buffer out = {0};
    struct tg_parse_error error;

    if (tg_xml_to_json(*state, tg_text_of(xml), &options, &out, &error))
        fail_msg("accepted: %s", xml);
    assert_string_equal(want, error.text);
    assert_int_equal(0, out.len);
    tg_buffer_dispose(&out);
}

#define WITH(...) ((struct tg_xml_options){__VA_ARGS__})

static void names_attributes_as_told(void **state)
{
    const char *xml = "<a x='1'><b>2</b></a>";

    expect(state, WITH(.attribute_prefix = T("-")), xml, "{\"a\":{\"-x\":\"1\",\"b\":\"2\"}}");
    expect(state, WITH(.attribute_prefix = T("")), xml, "{\"a\":{\"x\":\"1\",\"b\":\"2\"}}");
    expect(state, WITH(.drop_attributes = true), xml, "{\"a\":{\"b\":\"2\"}}");
    expect(state, WITH(.drop_attributes = true), "<a x='1'>t</a>", "{\"a\":\"t\"}");
    expect(state, WITH(.attribute_group = T("$")), xml,
           "{\"a\":{\"$\":{\"x\":\"1\"},\"b\":\"2\"}}");
    expect(state, WITH(.attribute_group = T("$"), .attribute_prefix = T("@")), xml,
           "{\"a\":{\"$\":{\"@x\":\"1\"},\"b\":\"2\"}}");
    expect(state, WITH(.attribute_group = T("$")), "<a>t</a>", "{\"a\":\"t\"}");
}

static void never_has_a_key_twice(void **state)
{
    expect(state, WITH(.attribute_prefix = T("")), "<a b='1'><b>2</b>t</a>",
           "{\"a\":{\"b\":[\"1\",\"2\"],\"#text\":\"t\"}}");
    expect(state, WITH(.text_key = T("b")), "<a><b>2</b>t</a>", "{\"a\":{\"b\":[\"2\",\"t\"]}}");
    expect(state, WITH(.attribute_group = T("b")), "<a x='1'><b>2</b></a>",
           "{\"a\":{\"b\":[{\"x\":\"1\"},\"2\"]}}");
    expect(state, WITH(.ns_separator = T("")), "<a xmlns:p='u'><p:b/><pb>1</pb></a>",
           "{\"a\":{\"@xmlnsp\":\"u\",\"pb\":[\"\",\"1\"]}}");
}

static void names_text_as_told(void **state)
{
    expect(state, WITH(.text_key = T("_")), "<a x='1'>t</a>", "{\"a\":{\"@x\":\"1\",\"_\":\"t\"}}");
    expect(state, WITH(.text_always = true), "<a>t<b/></a>",
           "{\"a\":{\"b\":\"\",\"#text\":\"t\"}}");
    expect(state, WITH(.text_always = true), "<a>t</a>", "{\"a\":{\"#text\":\"t\"}}");
    expect(state, WITH(.cdata_key = T("#cdata")), "<a>x<![CDATA[ y ]]>z<![CDATA[1]]></a>",
           "{\"a\":{\"#cdata\":[\" y \",\"1\"],\"#text\":\"xz\"}}");
    expect(state, WITH(.cdata_key = T("#cdata")), "<a><![CDATA[y]]></a>",
           "{\"a\":{\"#cdata\":\"y\"}}");
}

static void trims_as_told(void **state)
{
    const char *xml = "<a> x\n y <b/> z </a>";

    expect(state, WITH(.trim = TG_XML_TRIM_NONE), xml,
           "{\"a\":{\"b\":\"\",\"#text\":\" x\\n y  z \"}}");
    expect(state, WITH(.trim = TG_XML_TRIM_NORMALIZE), xml,
           "{\"a\":{\"b\":\"\",\"#text\":\"x y z\"}}");
    expect(state, WITH(.trim = TG_XML_TRIM_NONE), "<a> <b> </b> </a>", "{\"a\":{\"b\":\"\"}}");
    expect(state, WITH(.trim = TG_XML_TRIM_NONE, .blank_text = TG_XML_BLANK_KEEP),
           "<a> <b> </b></a>", "{\"a\":{\"b\":\" \",\"#text\":\" \"}}");
    expect(state, WITH(.trim = TG_XML_TRIM_NONE, .blank_text = TG_XML_BLANK_LEAF),
           "<a> <b> </b></a>", "{\"a\":{\"b\":\" \"}}");
}

static void reads_numbers_as_told(void **state)
{
    const char *xml = "<a><i>1</i><i>1.50</i><i>007</i><i>1e5</i><i>12345678901234567890</i>"
                      "<i>-0.5</i><i> 2 </i><i>1.</i><i>+1</i><i>0x1</i></a>";

    expect(
        state, WITH(.numbers = TG_XML_NUMBERS_LEXICAL), xml,
        "{\"a\":{\"i\":[1,1.50,\"007\",1e5,12345678901234567890,-0.5,2,\"1.\",\"+1\",\"0x1\"]}}");
    expect(state, WITH(.numbers = TG_XML_NUMBERS_SAFE), xml,
           "{\"a\":{\"i\":[1,\"1.50\",\"007\",\"1e5\",\"12345678901234567890\",-0.5,2,\"1.\","
           "\"+1\",\"0x1\"]}}");
    expect(state, WITH(.numbers = TG_XML_NUMBERS_SAFE), "<a x='7'>8<b>9</b></a>",
           "{\"a\":{\"@x\":7,\"b\":9,\"#text\":8}}");
}

static void reads_booleans_and_null_as_told(void **state)
{
    const char *xml = "<a><i>true</i><i>False</i><i>NULL</i><i>1</i></a>";

    expect(state, WITH(.booleans = TG_XML_BOOLEANS_YES), xml,
           "{\"a\":{\"i\":[true,\"False\",\"NULL\",\"1\"]}}");
    expect(state, WITH(.booleans = TG_XML_BOOLEANS_NOCASE, .null_literal = T("NULL")), xml,
           "{\"a\":{\"i\":[true,false,null,\"1\"]}}");
}

static void types_what_paths_name(void **state)
{
    static const struct tg_xml_type types[] = {
        {{"//n", 3}, TG_XML_MARK_NUMBER},   {{"//i", 3}, TG_XML_MARK_INTEGER},
        {{"//b", 3}, TG_XML_MARK_BOOLEAN},  {{"//s", 3}, TG_XML_MARK_STRING},
        {{"/a/@n", 5}, TG_XML_MARK_NUMBER}, {{"/a/n", 4}, TG_XML_MARK_ARRAY},
    };

    expect(state,
           WITH(.types = types, .type_count = 6, .numbers = TG_XML_NUMBERS_LEXICAL,
                .booleans = TG_XML_BOOLEANS_YES),
           "<a n='+01.50' m='x'><n>.5</n><i>007</i><i>1.0</i><i/><b>1</b><b>0</b><b>x</b>"
           "<s>1</s><s>true</s></a>",
           "{\"a\":{\"@n\":1.50,\"@m\":\"x\",\"n\":[0.5],\"i\":[7,\"1.0\",\"\"],"
           "\"b\":[true,false,\"x\"],\"s\":[\"1\",\"true\"]}}");
    static const struct tg_xml_type numbers[] = {{{"//n", 3}, TG_XML_MARK_NUMBER}};
    expect(state, WITH(.types = numbers, .type_count = 1),
           "<a><n>INF</n><n>-.5E2</n><n>5.</n><n>.</n><n>-</n><n>00</n><n>1e</n><n>+</n></a>",
           "{\"a\":{\"n\":[\"INF\",-0.5E2,5,\".\",\"-\",0,\"1e\",\"+\"]}}");
}

static void keeps_the_order_of_mixed_content(void **state)
{
    struct tg_xml_options children = {.mixed = TG_XML_MIXED_CHILDREN};

    expect(state, children, "<a> x<b>y</b><c>z</c> w </a>",
           "{\"a\":{\"#children\":[\"x\",{\"b\":\"y\"},{\"c\":\"z\"},\" w\"]}}");
    expect(state, children, "<a i='1'>x <b/> <b/></a>",
           "{\"a\":{\"@i\":\"1\",\"#children\":[\"x \",{\"b\":\"\"},\" \",{\"b\":\"\"}]}}");
    expect(state, children, "<a> <b>y</b> </a>", "{\"a\":{\"b\":\"y\"}}");
    expect(state, WITH(.mixed = TG_XML_MIXED_DROP), "<a>x<b>y</b></a>", "{\"a\":{\"b\":\"y\"}}");
    expect(state, WITH(.mixed = TG_XML_MIXED_JSONML), "<a i='1'>x<b>y</b><!-- c -->z <c/> </a>",
           "[\"a\",{\"i\":\"1\"},\"x\",[\"b\",\"y\"],\"z \",[\"c\"]]");
    children.comments_key = T("#comment");
    children.pi_key = T("?");
    expect(state, children, "<a>x<!-- c --><?t d?><b/></a>",
           "{\"a\":{\"#children\":[\"x\",{\"#comment\":\" c \"},{\"?\":\"t d\"},{\"b\":\"\"}]}}");
}

static void shows_comments_and_instructions(void **state)
{
    expect(state, WITH(.comments_key = T("#comment"), .pi_key = T("?")),
           "<a><!--1--><b/><!--2--><?t d?></a>",
           "{\"a\":{\"#comment\":[\"1\",\"2\"],\"b\":\"\",\"?\":\"t d\"}}");
    expect(state, WITH(.pi_key = T("?")), "<a><!--1-->x</a>", "{\"a\":\"x\"}");
}

static void collapses_lists(void **state)
{
    static const struct tg_text names[] = {{"member", 6}, {"item", 4}}, any[] = {{"*", 1}};
    struct tg_xml_options some = {.collapse = {names, 2}}, all = {.collapse = {any, 1}};

    expect(state, some, "<a><t><item>1</item><item><item>2</item></item></t></a>",
           "{\"a\":{\"t\":[\"1\",[\"2\"]]}}");
    expect(state, some, "<a><t><member/></t><t x='1'><item>1</item></t></a>",
           "{\"a\":{\"t\":[[\"\"],{\"@x\":\"1\",\"item\":\"1\"}]}}");
    expect(state, some, "<a><item>1</item><x/></a>", "{\"a\":{\"item\":\"1\",\"x\":\"\"}}");
    expect(state, all, "<a><i>1</i><i>2</i></a>", "{\"a\":[\"1\",\"2\"]}");
    expect(state, all, "<a><i>1</i></a>", "{\"a\":{\"i\":\"1\"}}");
}

static void leaves_out_what_is_around(void **state)
{
    const char *xml = "<a><b><c>x</c></b></a>";

    expect(state, WITH(.strip_levels = 1), xml, "{\"b\":{\"c\":\"x\"}}");
    expect(state, WITH(.strip_levels = 2), xml, "{\"c\":\"x\"}");
    expect(state, WITH(.strip_levels = 3), xml, "\"x\"");
    expect(state, WITH(.strip_levels = 9), xml, "\"x\"");
    expect(state, WITH(.strip_levels = 2), "<a><b/><c/></a>", "{\"b\":\"\",\"c\":\"\"}");
    expect(state, WITH(.drop_root = true), xml, "{\"b\":{\"c\":\"x\"}}");
    expect(state, WITH(.root = T("r\"")), "<a>x</a>", "{\"r\\\"\":\"x\"}");
}

static void says_nil_as_told(void **state)
{
    expect(state, WITH(.nil = TG_XML_NIL_KEEP), "<a " XSI " xsi:nil='true'/>",
           "{\"a\":{\"@xmlns:xsi\":\"http://www.w3.org/2001/XMLSchema-instance\","
           "\"@xsi:nil\":\"true\"}}");
    expect(state, WITH(.drop_attributes = true), "<a " XSI " xsi:nil='true'/>", "{\"a\":null}");
}

static void shows_namespaces_as_told(void **state)
{
    const char *xml = "<a xmlns='d' xmlns:p='u'><p:b xmlns:p='v' xmlns='' p:x='1'/></a>";

    expect(state, WITH(.xmlns_decl = TG_XML_DECLARATIONS_DROP, .ns_separator = T("$")), xml,
           "{\"a\":{\"p$b\":{\"@p$x\":\"1\"}}}");
    expect(state, WITH(.namespaces = TG_XML_BADGERFISH), xml,
           "{\"a\":{\"@xmlns\":{\"$\":\"d\",\"p\":\"u\"},"
           "\"p:b\":{\"@xmlns\":{\"p\":\"v\",\"$\":\"\"},\"@p:x\":\"1\"}}}");
}

static void reads_escaped_names_back(void **state)
{
    expect(state, WITH(.unescape_names = true),
           "<_x_><a_x0020_b _x005F_x0020_='1'/><_x0001F600_/><_xD800_/><_x12_/></_x_>",
           "{\"\":{\"a b\":{\"@_x0020_\":\"1\"},\"\xf0\x9f\x98\x80\":\"\",\"_xD800_\":\"\","
           "\"_x12_\":\"\"}}");
    /* An escaped colon is one again, but where a name with a prefix would come of it. */
    expect(state, WITH(.unescape_names = true), "<a><xml_x003A__xF05F_/><xml:_xF05F_/></a>",
           "{\"a\":{\"xml:\xef\x81\x9f\":\"\",\"xml:_xF05F_\":\"\"}}");
    /* Nor does a declaration or a reserved prefix. */
    expect(state, WITH(.unescape_names = true), "<a xmlns:_x0078_ml='D' _x0078_mlns='not one'/>",
           "{\"a\":{\"@xmlns:_x0078_ml\":\"D\",\"@_x0078_mlns\":\"not one\"}}");
    expect(state, WITH(.unescape_names = true),
           "<_x0078_mlfoo xmlns:_x0078_mlns='D' _x0078_mlns:b_x0020_='1' xml:a_x0020_='2'/>",
           "{\"xmlfoo\":{\"@xmlns:_x0078_mlns\":\"D\",\"@_x0078_mlns:b \":\"1\","
           "\"@xml:a \":\"2\"}}");
    /* Two attributes stay two: an array could not be written as one. */
    expect(state, WITH(.unescape_names = true), "<a b='1' _x0062_='2'><c _x0062_='3'/></a>",
           "{\"a\":{\"@b\":\"1\",\"@_x0062_\":\"2\",\"c\":{\"@b\":\"3\"}}}");
    expect(state, WITH(.unescape_names = true), "<a><b_x003A_c/><b_x003A_1/><b_x003A_/></a>",
           "{\"a\":{\"b_x003A_c\":\"\",\"b:1\":\"\",\"b:\":\"\"}}");
}

static void knows_the_presets(void **state)
{
    struct tg_xml_options o;

    assert_false(tg_xml_preset(T("badger"), &o));
    assert_true(tg_xml_preset(T("badgerfish"), &o));
    expect(state, o, "<alice>bob</alice>", "{\"alice\":{\"$\":\"bob\"}}");
    expect(state, o, "<alice><bob>charlie</bob><bob>david</bob></alice>",
           "{\"alice\":{\"bob\":[{\"$\":\"charlie\"},{\"$\":\"david\"}]}}");
    expect(state, o, "<alice charlie='david'>bob</alice>",
           "{\"alice\":{\"@charlie\":\"david\",\"$\":\"bob\"}}");
    expect(state, o,
           "<alice xmlns='http://some-namespace' xmlns:charlie='http://some-other-namespace'>"
           "<bob>david</bob><charlie:edgar>frank</charlie:edgar></alice>",
           "{\"alice\":{\"@xmlns\":{\"$\":\"http://some-namespace\",\"charlie\":"
           "\"http://some-other-namespace\"},\"bob\":{\"@xmlns\":{\"$\":\"http://some-namespace\","
           "\"charlie\":\"http://some-other-namespace\"},\"$\":\"david\"},\"charlie:edgar\":"
           "{\"@xmlns\":{\"$\":\"http://some-namespace\",\"charlie\":"
           "\"http://some-other-namespace\"},\"$\":\"frank\"}}}");
    assert_true(tg_xml_preset(T("parker"), &o));
    expect(state, o, "<root>test</root>", "\"test\"");
    expect(state, o, "<root><age>12</age><height>1.73</height></root>",
           "{\"age\":12,\"height\":1.73}");
    expect(state, o, "<root><checked>True</checked><answer>FALSE</answer></root>",
           "{\"checked\":true,\"answer\":false}");
    expect(state, o, "<root><nil/><empty></empty></root>", "{\"nil\":null,\"empty\":null}");
    expect(state, o, "<root><item>1</item><item>2</item><item>three</item></root>",
           "[1,2,\"three\"]");
    expect(state, o,
           "<root version='1.0'>testing<!--comment--><element test='true'>1</element></root>",
           "{\"element\":1}");
    expect(state, o,
           "<root xmlns:ding='http://zanstra.com/ding'><ding:dong>binnen</ding:dong></root>",
           "{\"ding:dong\":\"binnen\"}");
    assert_true(tg_xml_preset(T("gdata"), &o));
    expect(state, o, "<p xmlns:g='u' id='1'><g:x>t</g:x></p>",
           "{\"p\":{\"xmlns$g\":\"u\",\"id\":\"1\",\"g$x\":{\"$t\":\"t\"}}}");
    assert_true(tg_xml_preset(T("abdera"), &o));
    expect(state, o, "<p x='1'>text</p>",
           "{\"p\":{\"attributes\":{\"x\":1},\"children\":[\"text\"]}}");
    expect(state, o, "<p x='1'><a>2</a><b/></p>",
           "{\"p\":{\"attributes\":{\"x\":1},\"children\":[{\"a\":2,\"b\":{}}]}}");
    assert_true(tg_xml_preset(T("jsonml"), &o));
    expect(state, o, "<a href='x'>see <b>this</b></a>",
           "[\"a\",{\"href\":\"x\"},\"see \",[\"b\",\"this\"]]");
    assert_true(tg_xml_preset(T("xml2js"), &o));
    expect(state, o, "<a x='1'> t <b>u</b></a>",
           "{\"a\":{\"$\":{\"x\":\"1\"},\"b\":[\"u\"],\"_\":\" t \"}}");
    assert_true(tg_xml_preset(T("apigee"), &o));
    expect(state, o, "<a x='1'><b>NULL</b><c/>t</a>",
           "{\"a\":{\"@x\":\"1\",\"b\":null,\"c\":null,\"#text\":\"t\"}}");
    assert_true(tg_xml_preset(T("aws"), &o));
    expect(state, o, "<R xmlns='u'><Users><member>1</member></Users></R>",
           "{\"R\":{\"Users\":[\"1\"]}}");
}

static void holds_its_limits(void **state)
{
    expect_error(state, WITH(.text_always = true, .limits.output = 10), "<a>\n<b>xxxxxxx</b></a>",
                 "xml: line 2, column 1: more than 10 bytes of JSON (limit output)");
    expect(state, WITH(.text_always = true, .limits.output = 22), "<a>123</a>",
           "{\"a\":{\"#text\":\"123\"}}");
    expect_error(state, WITH(.text_always = true, .limits.output = 21), "<a>123</a>",
                 "xml: line 1, column 1: more than 21 bytes of JSON (limit output)");
}

static char *nest(size_t levels)
{
    char *xml = malloc(levels * 7 + 1), *p = xml;

    for (size_t i = 0; i < levels; i++, p += 3)
        memcpy(p, "<a>", 3);
    for (size_t i = 0; i < levels; i++, p += 4)
        memcpy(p, "</a>", 4);
    *p = '\0';
    return xml;
}

static void holds_the_depth_of_values(void **state)
{
    struct tg_xml_options options = {.text_always = true, .limits.depth = 5000};
    struct tg_buffer out = {0};
    struct tg_parse_error error;

    for (size_t levels = TG_XML_SHAPE_DEPTH; levels <= TG_XML_SHAPE_DEPTH + 1; levels++) {
        char *xml = nest(levels);
        out.len = 0;
        bool good = tg_xml_to_json(*state, tg_text_of(xml), &options, &out, &error);
        assert_int_equal(levels == TG_XML_SHAPE_DEPTH, good);
        if (!good)
            assert_string_equal("depth", error.limit);
        free(xml);
    }
    tg_buffer_dispose(&out);
}

/* The same document by both ways, with options that both have. */
static void is_the_same_as_the_single_pass(void **state)
{
    static const char *const documents[] = {
        "<a/>",
        "<a>x</a>",
        "<a> x <b/> y <b>1</b><c/><b> 2 </b> z </a>",
        "<a " XSI "><b xsi:nil='true'/><b xsi:nil='1'> </b><c xsi:nil='true' x='1'/></a>",
        "<p:a xmlns:p='u' xmlns='v' p:x='1' x='2'><p:b/><b/><c xmlns=''>\"&lt;</c></p:a>",
        "<a><b><c/><d/><c/></b><b><c/></b><x/><b/></a>",
        "<a><![CDATA[ x ]]>&#32;<!-- y --></a>",
        "<a>&#9;\xc3\xa9\r\n<b>\r</b></a>",
        "<r><x>1</x><y>2</y><x>3</x><y>4</y><z><x/></z><x><y/><x/><y/></x></r>",
    };
    static const struct tg_text paths[] = {{"//b", 3}, {"/a", 2}, {"/r/z/x", 6}};

    for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++) {
        for (unsigned bits = 0; bits < 12; bits++) {
            struct tg_xml_options options = {
                .namespaces = (bits & 1) != 0 ? TG_XML_STRIP : TG_XML_KEEP,
                .empty = (enum tg_xml_empty)(bits >> 2),
                .force_array = {paths, (bits & 2) != 0 ? 3 : 0},
            };
            struct tg_buffer a = {0}, b = {0};
            struct tg_parse_error error;
            struct tg_text text = tg_text_of(documents[i]);
            assert_true(tg_xml_to_json(*state, text, &options, &a, &error));
            assert_true(tg_xml_to_json_by_tree(*state, text, &options, &b, &error));
            tg_buffer_put(&a, '\0');
            tg_buffer_put(&b, '\0');
            assert_string_equal(a.base, b.base);
            tg_buffer_dispose(&a);
            tg_buffer_dispose(&b);
        }
    }
}

static void reads_escaped_prefixes_back(void **state)
{
    const struct tg_xml_options options =
        WITH(.unescape_names = true, .namespaces = TG_XML_BADGERFISH, .text_key = T("$"));

    expect(state, options, "<a xmlns:_x005F_x_='D'/>", "{\"a\":{\"@xmlns\":{\"_x_\":\"D\"}}}");
    /* As they stand, where two would become one, or one the default's key or none. */
    expect(state, options, "<a xmlns:_x_='D'/>", "{\"a\":{\"@xmlns\":{\"_x_\":\"D\"}}}");
    expect(state, options, "<a xmlns:b='D' xmlns:_x0062_='E'/>",
           "{\"a\":{\"@xmlns\":{\"b\":\"D\",\"_x0062_\":\"E\"}}}");
    expect(state, options, "<a xmlns='D' xmlns:_x0024_='E'/>",
           "{\"a\":{\"@xmlns\":{\"$\":\"D\",\"_x0024_\":\"E\"}}}");
    expect(state, options, "<a xmlns:_x0078_ml='D'/>",
           "{\"a\":{\"@xmlns\":{\"_x0078_ml\":\"D\"}}}");
}

/* A name has the prefix that is declared, whatever else stays escaped in the element; and a
 * document where two prefixes would become one keeps both, wherever they are declared. */
static void prefixes_are_those_of_their_declarations(void **state)
{
    const struct tg_xml_options options = WITH(.unescape_names = true);

    expect(state, options, "<a xmlns:_x0062_='F' _x0063_='1' c='2'><_x0062_:d/></a>",
           "{\"a\":{\"@xmlns:b\":\"F\",\"@_x0063_\":\"1\",\"@c\":\"2\",\"b:d\":\"\"}}");
    expect(state, options, "<_x0062_:a xmlns:_x0062_='F' _x0062_:c='' _x0062_:_x0063_='x'/>",
           "{\"b:a\":{\"@xmlns:b\":\"F\",\"@b:c\":\"\",\"@b:_x0063_\":\"x\"}}");
    expect(state, options,
           "<_x0062_:a_x003A_c xmlns:_x0062_='F'><_x0062_:_x0031_/></_x0062_:a_x003A_c>",
           "{\"b:a_x003A_c\":{\"@xmlns:b\":\"F\",\"b:_x0031_\":\"\"}}");
    expect(state, options, "<_x0031_:a xmlns:_x0031_='F'/>",
           "{\"_x0031_:a\":{\"@xmlns:_x0031_\":\"F\"}}");
    expect(state, options, "<a xmlns:_x0062_='F'><_x0062_:c xmlns:b='G' _x0064_='1'/></a>",
           "{\"a\":{\"@xmlns:_x0062_\":\"F\",\"_x0062_:c\":{\"@xmlns:b\":\"G\",\"@d\":\"1\"}}}");
    expect(state, WITH(.unescape_names = true, .namespaces = TG_XML_BADGERFISH, .text_key = T("$")),
           "<a xmlns:_x0062_='F'><c xmlns:_x_='D'/></a>",
           "{\"a\":{\"@xmlns\":{\"b\":\"F\"},\"c\":{\"@xmlns\":{\"_x_\":\"D\",\"b\":\"F\"}}}}");
}

static void keeps_no_memory_of_errors(void **state)
{
    expect_error(state, WITH(.text_always = true), "<a><b>x</b></c>",
                 "xml: line 1, column 12: expected </a>");
    expect(state, WITH(.text_always = true), "<a>x</a>", "{\"a\":{\"#text\":\"x\"}}");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(names_attributes_as_told),
        CASE(never_has_a_key_twice),
        CASE(names_text_as_told),
        CASE(trims_as_told),
        CASE(reads_numbers_as_told),
        CASE(reads_booleans_and_null_as_told),
        CASE(types_what_paths_name),
        CASE(keeps_the_order_of_mixed_content),
        CASE(shows_comments_and_instructions),
        CASE(collapses_lists),
        CASE(leaves_out_what_is_around),
        CASE(says_nil_as_told),
        CASE(shows_namespaces_as_told),
        CASE(reads_escaped_names_back),
        CASE(reads_escaped_prefixes_back),
        CASE(prefixes_are_those_of_their_declarations),
        CASE(knows_the_presets),
        CASE(holds_its_limits),
        CASE(holds_the_depth_of_values),
        CASE(is_the_same_as_the_single_pass),
        CASE(keeps_no_memory_of_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
