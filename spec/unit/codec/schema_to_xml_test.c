#include "codec/schema.h"
#include "codec/xml_scan.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

/* What a single pass takes is the same XML as by nodes; what it gives up, nodes do or explain. */

static const char schema_text[] =
    "<x:schema xmlns:x='http://www.w3.org/2001/XMLSchema' xmlns='urn:a' targetNamespace='urn:a'"
    "  elementFormDefault='qualified'>"
    " <x:element name='order'><x:complexType>"
    "  <x:sequence>"
    "   <x:element name='who' type='x:string' minOccurs='0'/>"
    "   <x:element name='line' type='line' minOccurs='0' maxOccurs='3'/>"
    "   <x:choice minOccurs='0'><x:element name='note' type='x:string'/>"
    "    <x:element name='total' type='money'/></x:choice>"
    "   <x:element name='both' type='both' minOccurs='0'/>"
    "   <x:element name='mixture' type='mixture' minOccurs='0'/>"
    "   <x:element name='fixed' type='x:string' fixed='&lt;f&gt;' minOccurs='0'/>"
    "   <x:element name='a_name_that_is_longer_than_two_blocks' type='x:int' minOccurs='0'/>"
    "   <x:element name='order' type='line' nillable='true' minOccurs='0'/>"
    "   <x:element name='due' type='due' nillable='true' minOccurs='0'/>"
    "   <x:any namespace='##other' processContents='skip' minOccurs='0'/>"
    "  </x:sequence>"
    "  <x:attribute name='id' type='x:int' use='required'/>"
    "  <x:attribute name='on' type='x:date'/>"
    "  <x:attribute name='is' type='x:boolean'/>"
    " </x:complexType></x:element>"
    " <x:element name='text' type='x:string'/>"
    " <x:complexType name='line'><x:sequence><x:element name='sku' type='x:string'/>"
    "  <x:element name='n' type='x:positiveInteger'/>"
    "  <x:element name='at' type='x:time' minOccurs='0' maxOccurs='unbounded'/></x:sequence>"
    " </x:complexType>"
    " <x:complexType name='gift'><x:complexContent><x:extension base='line'>"
    "  <x:attribute name='for' type='x:string'/></x:extension></x:complexContent></x:complexType>"
    " <x:complexType name='money'><x:simpleContent><x:extension base='x:decimal'>"
    "  <x:attribute name='in' type='x:string'/></x:extension></x:simpleContent></x:complexType>"
    " <x:complexType name='due'><x:attribute name='by' use='required'/></x:complexType>"
    " <x:complexType name='both'><x:all><x:element name='p' type='x:string'/>"
    "  <x:element name='q' type='x:int' minOccurs='0'/></x:all></x:complexType>"
    " <x:complexType name='mixture'><x:choice minOccurs='0' maxOccurs='unbounded'>"
    "  <x:element name='u' type='x:string'/><x:element name='v' type='x:int'/></x:choice>"
    " </x:complexType>"
    " <x:element name='many'><x:complexType><x:sequence>"; /* forty members follow */

struct kit {
    struct tg_schema *schema;
    struct tg_buffer scratch;
    struct tg_schema_tools tools;
};

static bool read_text(void *self, const char *path, struct tg_buffer *out, const char **why)
{
    (void)self;
    (void)path;
    *why = "";
    tg_buffer_append(out, schema_text, sizeof(schema_text) - 1);
    for (int i = 0; i < 40; i++)
        tg_buffer_printf(out, "<x:element name='m%02d' type='x:int'/>", i);
    return tg_buffer_printf(out, "</x:sequence></x:complexType></x:element></x:schema>");
}

static int set_up(void **state)
{
    static const struct tg_schema_source source = {read_text, NULL};
    struct kit *kit = calloc(1, sizeof(*kit));
    struct tg_schema_error error;

    kit->schema = tg_schema_create(&source, "a.xsd", NULL, 0, &error);
    if (kit->schema == NULL)
        fail_msg("%s", error.text);
    assert_null(tg_schema_refusal(kit->schema));
    kit->tools = (struct tg_schema_tools){tg_xml_create(), &kit->scratch, (size_t)1 << 28};
    *state = kit;
    return 0;
}

static int tear_down(void **state)
{
    struct kit *kit = *state;

    tg_schema_destroy(kit->schema);
    tg_xml_destroy(kit->tools.scanner);
    tg_buffer_dispose(&kit->scratch);
    free(kit);
    return 0;
}

/* What came out, or the message, as a text of its own; nothing may be read behind the input. */
static char *convert(struct kit *kit, enum tg_schema_way way, const char *json,
                     const struct tg_xml_limits *limits, bool *good)
{
    struct tg_buffer out = {.limit = 0};
    struct tg_parse_error error;
    const char *code;
    struct tg_text text = tg_text_of(json);
    char *exact = malloc(text.len != 0 ? text.len : 1);

    memcpy(exact, text.base, text.len);
    text.base = exact;
    *good =
        tg_schema_to_xml_by(way, kit->schema, &kit->tools, NULL, text, limits, &out, &error, &code);
    char *said = *good ? strndup(out.base, out.len) : strdup(error.text);
    free(exact);
    tg_buffer_dispose(&out);
    return said;
}

/* Any way gives the same as nodes do; `pass`: a single pass does it alone. */
static void check(void **state, const char *json, const struct tg_xml_limits *limits, bool pass,
                  bool wants, const char *wanted)
{
    bool good, by_nodes, by_pass;
    char *said = convert(*state, TG_SCHEMA_ANY_WAY, json, limits, &good);
    char *nodes = convert(*state, TG_SCHEMA_BY_NODES, json, limits, &by_nodes);
    char *passed = convert(*state, TG_SCHEMA_IN_A_PASS, json, limits, &by_pass);

    if (by_pass != pass)
        fail_msg("%s a pass: %s", pass ? "not in" : "in", json);
    assert_int_equal(wants, good);
    assert_int_equal(wants, by_nodes);
    assert_string_equal(nodes, said);
    if (by_pass)
        assert_string_equal(nodes, passed);
    if (wanted != NULL)
        assert_string_equal(wanted, said);
    free(said);
    free(nodes);
    free(passed);
}

static const struct tg_xml_limits usual;

static void expect(void **state, const char *json, const char *xml)
{
    check(state, json, &usual, true, true, xml);
}

static void expect_refusal(void **state, const char *json, const char *message)
{
    check(state, json, &usual, false, false, message);
}

static void writes_members_as_they_come(void **state)
{
    expect(state, "{\"order\":{\"@id\":7}}", "<n1:order xmlns:n1=\"urn:a\" id=\"7\"></n1:order>");
    expect(state,
           "{\"order\":{\"@id\":7,\"@on\":\"2024-02-29\",\"@is\":true,\"who\":\"A & <B>\","
           "\"line\":[{\"sku\":\"a\",\"n\":1},{\"sku\":\"b\",\"n\":\"2\",\"at\":[\"10:00:00\"]}],"
           "\"total\":{\"@in\":\"\\\"E\\\"\",\"#text\":1.50}}}",
           "<n1:order xmlns:n1=\"urn:a\" id=\"7\" on=\"2024-02-29\" is=\"true\">"
           "<n1:who>A &amp; &lt;B&gt;</n1:who>"
           "<n1:line><n1:sku>a</n1:sku><n1:n>1</n1:n></n1:line>"
           "<n1:line><n1:sku>b</n1:sku><n1:n>2</n1:n><n1:at>10:00:00</n1:at></n1:line>"
           "<n1:total in=\"&quot;E&quot;\">1.50</n1:total></n1:order>");
}

static void puts_them_in_order(void **state)
{
    static const char xml[] =
        "<n1:order xmlns:n1=\"urn:a\" id=\"7\" is=\"false\"><n1:who>A</n1:who>"
        "<n1:line><n1:sku>a</n1:sku><n1:n>1</n1:n></n1:line>"
        "<n1:note>n</n1:note></n1:order>";

    expect(state,
           "{\"order\":{\"note\":\"n\",\"line\":[{\"n\":1,\"sku\":\"a\"}],\"who\":\"A\","
           "\"@is\":false,\"@id\":7}}",
           xml);
    expect(state,
           "{ \"order\" : { \"@is\" : false , \"who\" : \"A\" , \"@id\" : 7 , \"line\" : [ { "
           "\"n\" : 1 , \"sku\" : \"a\" } ] , \"note\" : \"n\" } }\n",
           xml);
    expect(state, "{\"order\":{\"both\":{\"q\":1,\"p\":\"x\"},\"@id\":1}}", NULL);
    expect(state, "{\"order\":{\"total\":{\"#text\":1,\"@in\":\"E\"},\"@id\":1}}",
           "<n1:order xmlns:n1=\"urn:a\" id=\"1\"><n1:total in=\"E\">1</n1:total></n1:order>");
}

/* More of them than are sorted one by one. */
static void puts_many_in_order(void **state)
{
    char json[4000], xml[4000];
    int n = snprintf(json, sizeof(json), "{\"many\":{");
    int m = snprintf(xml, sizeof(xml), "<n1:many xmlns:n1=\"urn:a\">");

    for (int i = 0; i < 40; i++) {
        n += snprintf(json + n, sizeof(json) - (size_t)n, "%s\"m%02d\":%d", i != 0 ? "," : "",
                      i * 7 % 40, i * 7 % 40);
        m += snprintf(xml + m, sizeof(xml) - (size_t)m, "<n1:m%02d>%d</n1:m%02d>", i, i, i);
    }
    snprintf(json + n, sizeof(json) - (size_t)n, "}}");
    snprintf(xml + m, sizeof(xml) - (size_t)m, "</n1:many>");
    expect(state, json, xml);
}

static void leaves_parts_to_nodes(void **state)
{
    expect(state, "{\"order\":{\"@id\":1,\"mixture\":{\"v\":[1,2],\"u\":[\"x\"]}}}",
           "<n1:order xmlns:n1=\"urn:a\" id=\"1\"><n1:mixture><n1:u>x</n1:u><n1:v>1</n1:v>"
           "<n1:v>2</n1:v></n1:mixture></n1:order>");
    expect(state, "{\"order\":{\"@id\":1,\"fixed\":\"<f>\",\"order\":null}}", NULL);
    expect(state,
           "{\"order\":{\"@id\":1,\"order\":{\"@xsi:type\":\"gift\",\"sku\":\"a\",\"n\":1}}}",
           NULL);
    expect(state,
           "{\"order\":{\"@id\":1,\"order\":{\"sku\":\"a\",\"@xsi:type\":\"gift\",\"n\":1}}}",
           NULL);
    expect(state, "{\"order\":{\"@id\":1,\"order\":{\"@xsi:nil\":true}}}", NULL);
    expect(state, "{\"order\":{\"who\":\"x\",\"\\u0040id\":1,\"\\u006eote\":\"n\"}}", NULL);
    expect(state, "{\"order\":{\"@id\":1,\"#any\":[\"<z xmlns='urn:z'/>\"]}}", NULL);
    expect(state, "{\"order\":{\"@id\":1,\"a_name_that_is_longer_than_two_blocks\":-0}}", NULL);
}

static void takes_texts_of_any_length(void **state)
{
    static const char *const pieces[] = {"x", "\xc3\xa9", "<", "\\n", "\\u0041", "&\\r"};
    char json[2000];

    for (size_t which = 0; which < sizeof(pieces) / sizeof(*pieces); which++)
        for (size_t times = 0; times < 70; times++) {
            int n = snprintf(json, sizeof(json), "{\"order\":{\"@id\":1,\"who\":\"");
            for (size_t i = 0; i < times; i++)
                n += snprintf(json + n, sizeof(json) - (size_t)n, "%s", pieces[which]);
            snprintf(json + n, sizeof(json) - (size_t)n, "\"}}");
            expect(state, json, NULL);
        }
}

static void explains_what_is_wrong(void **state)
{
    expect_refusal(state, "{\"order\":{}}", "json: .order.@id: it is missing");
    expect_refusal(state, "{\"order\":{\"@id\":1,\"note\":\"n\",\"total\":{\"#text\":1}}}",
                   "json: .order.total: more of it than the schema allows beside the others");
    expect_refusal(state, "{\"order\":{\"@id\":1,\"line\":[{\"sku\":\"a\",\"n\":0}]}}",
                   "json: .order.line[0].n: \"0\" is too small for xs:positiveInteger");
    expect_refusal(state, "{\"order\":{\"@id\":1,\"who\":\"a\",\"line\":[],\"who\":\"b\"}}",
                   "json: .order.who: the member is there twice");
    expect_refusal(state, "{\"order\":{\"@id\":1,\"line\":[],\"line\":[{\"sku\":\"a\",\"n\":1}]}}",
                   "json: .order.line: the member is there twice");
    expect_refusal(state, "{\"order\":{\"@id\":1,\"@id\":1}}",
                   "json: .order.@id: the member is there twice");
    expect_refusal(state, "{\"order\":{\"who\":\"a\",\"@id\":1,\"what\":1}}",
                   "json: .order.what: the schema has no such member");
    expect_refusal(state, "{\"order\":{\"@id\":1,\"both\":{\"q\":1}}}",
                   "json: .order.both.p: it is missing");
    expect_refusal(state, "{\"order\":{\"@id\":1,\"who\":[\"a\"]}}",
                   "json: .order.who: an array, but the schema wants one value");
    expect_refusal(state, "{\"order\":{\"@id\":1,\"note\":null}}",
                   "json: .order.note: null, but the element is not nillable");
    expect_refusal(state, "{\"order\":{\"@id\":1,\"due\":null}}",
                   "json: .order.due: null, but '@by' is required");
    /* What is no JSON comes first, wherever it stands. */
    expect_refusal(state, "{\"order\":{\"what\":1,\"@id\":01}}",
                   "json: line 1, column 26: a number that begins with 0");
    expect_refusal(state, "{\"order\":{\"@id\":1}", NULL);
    expect_refusal(state, "{\"order\":{\"@id\":1}}}", NULL);
    expect_refusal(state, "{\"order\":{\"@id\":1,}}", NULL);
    expect_refusal(state, "{\"order\":{\"@id\":1,\"line\":[{\"sku\":\"a\",\"n\":1},]}}", NULL);
    expect_refusal(state, "{\"order\":{\"@id\":1,\"line\":[", NULL);
    expect_refusal(state, "\"\\u000", NULL);
    expect_refusal(state, "", NULL);
}

/* Each limit, at what is just enough and at one less. */
static void keeps_limits(void **state)
{
    static const char json[] =
        "{\"order\":{\"@id\":1,\"line\":[{\"sku\":\"a\",\"n\":1}],\"note\":\"n\"}}";

    check(state, json, &(struct tg_xml_limits){.elements = 5}, true, true, NULL);
    check(state, json, &(struct tg_xml_limits){.elements = 4}, false, false,
          "json: .order.note: more than 4 (limit elements)");
    check(state, json, &(struct tg_xml_limits){.depth = 4}, true, true, NULL);
    check(state, json, &(struct tg_xml_limits){.depth = 3}, false, false, NULL);
    check(state, json, &(struct tg_xml_limits){.output = 116}, true, true, NULL);
    check(state, json, &(struct tg_xml_limits){.output = 115}, false, false,
          "json: more than 115 (limit output)");
    check(state, json, &(struct tg_xml_limits){.input = sizeof(json) - 1}, true, true, NULL);
    check(state, json, &(struct tg_xml_limits){.input = sizeof(json) - 2}, false, false, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_members_as_they_come),
        cmocka_unit_test(puts_them_in_order),
        cmocka_unit_test(puts_many_in_order),
        cmocka_unit_test(leaves_parts_to_nodes),
        cmocka_unit_test(takes_texts_of_any_length),
        cmocka_unit_test(explains_what_is_wrong),
        cmocka_unit_test(keeps_limits),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
