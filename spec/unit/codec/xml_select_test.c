#include "codec/xml_select.h"
#include "codec/xml_document.h"
#include "codec/xml_options.h"
#include "codec/xml_select_path.h"
#include "codec/xml_to_json.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static const struct tg_options_pair pairs[] = {
    {{"s", 1}, {"urn:s", 5}}, {{"d", 1}, {"urn:d", 5}}, {{"other", 5}, {"urn:o", 5}}};

static struct tg_xml_options options_of(const char *select)
{
    return (struct tg_xml_options){.select = tg_text_of(select), .select_namespaces = {pairs, 3}};
}

/* The JSON of what the expression gives, or the error. The text dies at the next call. */
static const char *json_of(const char *select, const char *document)
{
    static char json[4096];
    struct tg_xml_options options = options_of(select);
    struct tg_xml *xml = tg_xml_create();
    struct tg_buffer out = {0};
    struct tg_parse_error error;
    bool good = tg_xml_to_json(xml, tg_text_of(document), &options, &out, &error);

    snprintf(json, sizeof(json), "%.*s", good ? (int)out.len : (int)strlen(error.text),
             good ? out.base : error.text);
    tg_buffer_dispose(&out);
    tg_xml_destroy(xml);
    return json;
}

static const char document[] = "<s:E xmlns:s='urn:s' xmlns='urn:d'><x xmlns=''><y>1</y></x>"
                               "<s:B><order id='1'><item>a &amp; b</item></order></s:B>"
                               "<s:B><order id='2'/><p:q xmlns:p='urn:o'>z</p:q></s:B></s:E>";

static int by_byte(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

/* The order of declarations is free; all else of these texts is in one order. */
static void are_same_members(char *a, char *b)
{
    qsort(a, strlen(a), 1, by_byte);
    qsort(b, strlen(b), 1, by_byte);
    assert_string_equal(a, b);
}

/* Whether the path is one for the scanner alone, and what it gives is what the tree gives. */
static void is_by_path(const char *select)
{
    struct tg_xml_options options = options_of(select);
    struct tg_xml *xml = tg_xml_create();
    struct tg_buffer out = {0};
    struct tg_parse_error error = {0};
    char doubled[256], by_path[4096], by_tree[4096];
    enum tg_xml_select outcome =
        tg_xml_select_path(xml, tg_text_of(document), &options, &out, &error);

    assert_int_not_equal(TG_XML_SELECT_OTHER, outcome);
    snprintf(by_path, sizeof(by_path), "%s", json_of(select, document));
    /* The same expression in another form goes by the tree. */
    snprintf(doubled, sizeof(doubled), "(%s)", select);
    snprintf(by_tree, sizeof(by_tree), "%s", json_of(doubled, document));
    are_same_members(by_tree, by_path);
    tg_buffer_dispose(&out);
    tg_xml_destroy(xml);
}

static void a_path_of_names_gives_what_the_tree_gives(void **state)
{
    static const char *const paths[] = {"/s:E",           "/*",
                                        "/s:E/s:B",       "/s:E/s:B/d:order",
                                        "/*/*/d:order",   "/s:E/x",
                                        "/s:E/x/y",       "/s:E/*",
                                        "/*/*/*",         "/s:*/s:*",
                                        "/s:E/d:x",       "/s:E/x/d:y",
                                        "/*/s:B/other:q", "/E",
                                        "/s:E/s:B/order", "/*/*/*/*",
                                        "/*/*/*/*/*",     "/s:E/s:B/other:*",
                                        "/s:E/s:B/d:*/*", "/d:E/s:B",
                                        "/*/*/d:order",   "/*/s:B/d:item"};

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
        is_by_path(paths[i]);
}

static void the_namespaces_in_force_are_declared(void **state)
{
    (void)state;
    assert_string_equal("{\"order\": {\"@xmlns\":\"urn:d\",\"@xmlns:s\":\"urn:s\",\"@id\":\"1\","
                        "\"item\": \"a & b\"}}",
                        json_of("/s:E/s:B/d:order", document));
}

static void what_is_no_path_of_names_goes_by_the_tree(void **state)
{
    static const char *const others[] = {"//y",           "/s:E/s:B[1]", "s:E",      "/s:E/@id",
                                         "/s:E/x/text()", "/child::*",   "/*/x/..",  "/ *",
                                         "/none:E",       "/",           "/*|/*",    "/*/",
                                         "/s:E//y",       "/s:E/.",      "/*/x/*:y", ""};
    struct tg_xml *xml = tg_xml_create();

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        struct tg_xml_options options = options_of(others[i]);
        struct tg_buffer out = {0};
        struct tg_parse_error error;
        assert_int_equal(TG_XML_SELECT_OTHER,
                         tg_xml_select_path(xml, tg_text_of(document), &options, &out, &error));
    }
    tg_xml_destroy(xml);
}

static void a_path_has_as_many_steps_as_there_is_room_for(void **state)
{
    char path[80] = "", nested[512] = "";
    struct tg_buffer out = {0};
    struct tg_parse_error error;
    struct tg_xml *xml = tg_xml_create();

    (void)state;
    for (int i = 0; i < 33; i++)
        strcat(nested, "<a>");
    for (int i = 0; i < 33; i++)
        strcat(nested, "</a>");
    for (int i = 0; i < 32; i++)
        strcat(path, "/a");
    struct tg_xml_options options = options_of(path);
    assert_int_equal(TG_XML_SELECT_FOUND,
                     tg_xml_select_path(xml, tg_text_of(nested), &options, &out, &error));
    assert_string_equal("{\"a\": {\"a\": \"\"}}", json_of(path, nested));
    strcat(path, "/a");
    options.select = tg_text_of(path);
    assert_int_equal(TG_XML_SELECT_OTHER,
                     tg_xml_select_path(xml, tg_text_of(nested), &options, &out, &error));
    assert_string_equal("{\"a\": \"\"}", json_of(path, nested));
    tg_buffer_dispose(&out);
    tg_xml_destroy(xml);
}

static void the_rest_of_the_document_is_read_too(void **state)
{
    (void)state;
    assert_string_equal("xml: line 1, column 15: expected </c>", json_of("/a/b", "<a><b>1</b><c"
                                                                                 "></a>"
                                                                                 "</c>"));
    assert_string_equal("xml: line 1, column 1: select gives no element of it",
                        json_of("/a/c", "<a><b/></a>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_of_names_gives_what_the_tree_gives),
        cmocka_unit_test(the_namespaces_in_force_are_declared),
        cmocka_unit_test(what_is_no_path_of_names_goes_by_the_tree),
        cmocka_unit_test(a_path_has_as_many_steps_as_there_is_room_for),
        cmocka_unit_test(the_rest_of_the_document_is_read_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
