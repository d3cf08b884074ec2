#include "codec/xml_records.h"
#include "unit.h"

static bool take(void *context, struct tg_text document, struct tg_parse_error *error)
{
    struct tg_buffer *taken = context;

    (void)error;
    tg_buffer_append(taken, document.base, document.len);
    tg_buffer_put(taken, '|');
    return true;
}

/* The records of the document, cut into pieces of n bytes. */
static void expect(const char *document, const char *path, size_t n, const char *want)
{
    struct tg_buffer taken = {0};
    struct tg_parse_error error = {0};
    struct tg_xml_options options = {0};
    struct tg_xml_records *records =
        tg_xml_records_create(tg_text_of(path), &options, take, &taken);
    struct tg_text rest = tg_text_of(document);
    bool good = true;

    while (good && rest.len != 0) {
        size_t piece = rest.len < n ? rest.len : n;
        good = tg_xml_records_feed(records, tg_text(rest.base, piece), &error);
        rest = tg_text(rest.base + piece, rest.len - piece);
    }
    good = good && tg_xml_records_end(records, &error);
    tg_buffer_put(&taken, '\0');
    assert_string_equal(good ? taken.base : error.text, want);
    tg_buffer_dispose(&taken);
    tg_xml_records_destroy(records);
}

static void gives_the_same_however_it_is_cut(void **state)
{
    (void)state;
    static const char document[] =
        "<?xml version='1.0'?><!-- > --><a xmlns:p='urn:p' t='>'>x<![CDATA[<b>]]><b n='/>'><b/></b>"
        "<?b <b> ?><p:b><b xmlns:p='urn:q'>2</b></p:b></a>\n<!-- end -->";
    for (size_t n = 1; n < sizeof(document); n++)
        expect(document, "//b", n,
               "<b xmlns:p=\"urn:p\" n='/>'><b/></b>|<b xmlns:p='urn:q'>2</b>|");
}

static void knows_the_path(void **state)
{
    (void)state;
    static const char document[] = "<a><b><c>1</c></b><c>2</c><d><b><c>3</c></b></d></a>";
    expect(document, "/a/c", 5, "<c>2</c>|");
    expect(document, "/a/b/c", 5, "<c>1</c>|");
    expect(document, "//b/c", 5, "<c>1</c>|<c>3</c>|");
    expect(document, "/a", 5, "<a><b><c>1</c></b><c>2</c><d><b><c>3</c></b></d></a>|");
    expect(document, "/c", 5, "");
    expect(document, "/x/a/c", 5, "");
}

static void forgets_what_was_declared_in_elements_that_ended(void **state)
{
    (void)state;
    expect("<a><x xmlns:p='1'><y xmlns:p='2'><b/></y><b/></x><z xmlns:q='3'/><b/></a>", "//b", 7,
           "<b xmlns:p=\"2\"/>|<b xmlns:p=\"1\"/>|<b/>|");
    expect("<a xmlns='1'><x xmlns=''><b c=\"x xmlns='2'\"/></x></a>", "//b", 7,
           "<b xmlns=\"\" c=\"x xmlns='2'\"/>|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_same_however_it_is_cut),
        cmocka_unit_test(knows_the_path),
        cmocka_unit_test(forgets_what_was_declared_in_elements_that_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
