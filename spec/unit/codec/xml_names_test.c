#include "codec/xml_names.h"
#include "unit.h"

#include <stdio.h>

static void gives_one_object_for_one_text(void **state)
{
    (void)state;
    struct tg_xml_names names;
    bool added;
    tg_xml_names_init(&names);
    struct tg_xml_name *a = tg_xml_names_intern(&names, TG_TEXT("order"), &added);
    assert_true(added);
    struct tg_xml_name *b = tg_xml_names_intern(&names, TG_TEXT("orders"), &added);
    assert_true(added);
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(a, tg_xml_names_intern(&names, TG_TEXT("order"), &added));
    assert_false(added);
    assert_memory_equal(",\"order\": ", a->json, 10);
    tg_xml_names_dispose(&names);
}

static void finds_thousands_of_names_of_all_lengths(void **state)
{
    (void)state;
    struct tg_xml_names names;
    struct tg_xml_name *seen[3000];
    char text[80];
    bool added;
    tg_xml_names_init(&names);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3000; i++) {
            int len = snprintf(text, sizeof(text), "n%d%.*s", i, i % 50,
                               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
            struct tg_xml_name *name =
                tg_xml_names_intern(&names, tg_text(text, (size_t)len), &added);
            assert_int_equal(round == 0, added);
            if (round == 0)
                seen[i] = name;
            assert_ptr_equal(seen[i], name);
            assert_true(tg_text_is(tg_text(text, (size_t)len), tg_xml_name_text(name)));
        }
    }
    tg_xml_names_clear(&names);
    assert_int_equal(0, names.count);
    tg_xml_names_intern(&names, TG_TEXT("n1"), &added);
    assert_true(added);
    tg_xml_names_dispose(&names);
}

static void hashes_by_a_seed_of_each_table(void **state)
{
    (void)state;
    struct tg_xml_names a, b;
    tg_xml_names_init(&a);
    tg_xml_names_init(&b);
    assert_true(tg_xml_names_hash(&a, TG_TEXT("name")) != tg_xml_names_hash(&b, TG_TEXT("name")));
    assert_true(tg_xml_names_hash(&a, TG_TEXT("a name of many bytes")) !=
                tg_xml_names_hash(&b, TG_TEXT("a name of many bytes")));
    tg_xml_names_dispose(&a);
    tg_xml_names_dispose(&b);
}

static void tells_whether_a_name_stands_somewhere(void **state)
{
    (void)state;
    struct tg_xml_names names;
    bool added;
    tg_xml_names_init(&names);
    struct tg_xml_name *name = tg_xml_names_intern(&names, TG_TEXT("item"), &added);
    assert_true(tg_xml_name_is_at(name, "item>..........................."));
    assert_false(tg_xml_name_is_at(name, "itex>..........................."));
    name = tg_xml_names_intern(&names, TG_TEXT("sixteen-bytes-ok"), &added);
    assert_true(tg_xml_name_is_at(name, "sixteen-bytes-ok>..............."));
    assert_false(tg_xml_name_is_at(name, "sixteen-bytes-oh>..............."));
    name = tg_xml_names_intern(&names, TG_TEXT("seventeen-bytes-x"), &added);
    assert_false(tg_xml_name_is_at(name, "seventeen-bytes-x>..............."));
    tg_xml_names_dispose(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_one_object_for_one_text),
        cmocka_unit_test(finds_thousands_of_names_of_all_lengths),
        cmocka_unit_test(hashes_by_a_seed_of_each_table),
        cmocka_unit_test(tells_whether_a_name_stands_somewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
