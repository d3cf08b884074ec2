#include "codec/xml_paths.h"
#include "unit.h"

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

static void knows_a_path_from_what_is_none(void **state)
{
    (void)state;
    const char *const good[] = {"/order", "//item", "/order/item", "//a/b/c", "/x:a"};
    const char *const bad[] = {"", "/", "//", "order", "/a/", "/a//b", "///a", "a/b"};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_true(tg_xml_path_is_valid(tg_text_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(tg_xml_path_is_valid(tg_text_of(bad[i])));
}

/* The places of the elements, counted from 0, that one of the paths meets. */
static void expect_matches(struct tg_xml *xml, const char *document, bool strip,
                           const char *const *paths, size_t count, uint32_t want)
{
    struct tg_text texts[4];
    struct tg_xml_options options = {.force_array = {texts, count}};
    enum tg_xml_event event;
    uint32_t got = 0;
    unsigned element = 0;

    for (size_t i = 0; i < count; i++)
        texts[i] = tg_text_of(paths[i]);
    assert_true(tg_xml_begin(xml, tg_text_of(document), &options.limits));
    tg_xml_paths_begin(xml, &options);
    while ((event = tg_xml_next(xml)) != TG_XML_DONE) {
        assert_int_not_equal(TG_XML_ERROR, event);
        if (event != TG_XML_START)
            continue;
        struct tg_xml_name *key = strip ? xml->name->local : xml->name;
        got |= (uint32_t)tg_xml_paths_match(xml, key, strip) << element++;
    }
    assert_int_equal(want, got);
}

static void meets_elements_from_the_root_or_at_any_depth(void **state)
{
    const char *document = "<a><b><c/></b><c><b/></c></a>"; /* a b c c b */
    expect_matches(*state, document, false, (const char *[]){"/a"}, 1, 0x01);
    expect_matches(*state, document, false, (const char *[]){"/b"}, 1, 0);
    expect_matches(*state, document, false, (const char *[]){"//b"}, 1, 0x12);
    expect_matches(*state, document, false, (const char *[]){"/a/b"}, 1, 0x02);
    expect_matches(*state, document, false, (const char *[]){"//b/c"}, 1, 0x04);
    expect_matches(*state, document, false, (const char *[]){"/a/b/c"}, 1, 0x04);
    expect_matches(*state, document, false, (const char *[]){"/b/c"}, 1, 0);
    expect_matches(*state, document, false, (const char *[]){"//x/a/b"}, 1, 0);
}

static void meets_several_paths_with_one_last_name(void **state)
{
    const char *document = "<a><b><c/></b><c><b/></c></a>";
    expect_matches(*state, document, false, (const char *[]){"/a/c", "//b/c", "//c/b", "//1"}, 4,
                   0x1c);
}

static void forgets_the_paths_of_the_document_before(void **state)
{
    expect_matches(*state, "<a/>", false, (const char *[]){"/a"}, 1, 1);
    expect_matches(*state, "<a/>", false, NULL, 0, 0);
}

static void reads_keys_as_they_are_written(void **state)
{
    const char *document = "<x:a xmlns:x='urn:x'><x:b/></x:a>";
    expect_matches(*state, document, false, (const char *[]){"//b"}, 1, 0);
    expect_matches(*state, document, false, (const char *[]){"/x:a/x:b"}, 1, 2);
    expect_matches(*state, document, true, (const char *[]){"/a/b"}, 1, 2);
    expect_matches(*state, document, true, (const char *[]){"//x:b"}, 1, 0);
}

static void a_path_makes_no_name_of_what_is_none(void **state)
{
    struct tg_xml *xml = *state;
    expect_matches(xml, "<a/>", false, (const char *[]){"/1x", "//-"}, 2, 0);
    struct tg_xml_limits limits = {0};
    assert_true(tg_xml_begin(xml, TG_TEXT("<1x/>"), &limits));
    assert_int_equal(TG_XML_ERROR, tg_xml_next(xml));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(knows_a_path_from_what_is_none),
        TEST(meets_elements_from_the_root_or_at_any_depth),
        TEST(meets_several_paths_with_one_last_name),
        TEST(forgets_the_paths_of_the_document_before),
        TEST(reads_keys_as_they_are_written),
        TEST(a_path_makes_no_name_of_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
