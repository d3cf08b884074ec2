#include "script/value_path.h"
#include "unit.h"

static void is_put_together_from_its_end(void **state)
{
    (void)state;
    struct tg_value_path path = {0};
    tg_value_path_key(&path, TG_TEXT("fn"));
    tg_value_path_item(&path, 3);
    tg_value_path_key(&path, TG_TEXT("items"));
    assert_string_equal(".items[3].fn", path.text);
    assert_int_equal(12, tg_value_path_len(&path));
}

static void quotes_keys_that_are_no_words(void **state)
{
    (void)state;
    struct tg_value_path path = {0};
    tg_value_path_key(&path, TG_TEXT("1a"));
    tg_value_path_key(&path, TG_TEXT("\xc3\xa9"));
    tg_value_path_key(&path, TG_TEXT("_a1"));
    tg_value_path_key(&path, TG_TEXT(""));
    assert_string_equal("[\"\"]._a1[\"\xc3\xa9\"][\"1a\"]", path.text);
}

static void only_counts_keys_that_can_not_be_shown(void **state)
{
    (void)state;
    struct tg_value_path path = {0};
    tg_value_path_key(&path, TG_TEXT("\xff"));
    tg_value_path_key(&path, TG_TEXT("01234567890123456789012345678901234567890"));
    assert_string_equal("[a key of 41 bytes][a key of 1 bytes]", path.text);
    tg_value_path_key(&path, TG_TEXT("a123456789012345678901234567890123456789"));
    assert_int_equal('.', path.text[0]);
}

static void keeps_its_beginning_when_it_is_long(void **state)
{
    (void)state;
    struct tg_value_path path = {0};
    for (int i = 0; i < 29; i++)
        tg_value_path_key(&path, TG_TEXT("abc"));
    tg_value_path_key(&path, TG_TEXT("ab"));
    assert_int_equal(119, strlen(path.text));
    assert_false(path.cut);
    tg_value_path_key(&path, TG_TEXT("first"));
    assert_true(path.cut);
    assert_memory_equal(".first.ab.abc", path.text, 13);
    assert_int_equal(119, strlen(path.text));
}

static void never_ends_in_half_a_character(void **state)
{
    (void)state;
    struct tg_value_path path = {0};
    for (int i = 0; i < 40; i++)
        tg_value_path_key(&path, TG_TEXT("\xe2\x82\xac"));
    assert_true(path.cut);
    for (size_t i = 0; i < 4; i++) {
        tg_value_path_key(&path, TG_TEXT("x"));
        size_t len = tg_value_path_len(&path);
        assert_in_range(len, 117, 119);
        assert_int_not_equal('\xe2', path.text[len - 1]);
        assert_int_not_equal('\x82', path.text[len - 1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_put_together_from_its_end),
        cmocka_unit_test(quotes_keys_that_are_no_words),
        cmocka_unit_test(only_counts_keys_that_can_not_be_shown),
        cmocka_unit_test(keeps_its_beginning_when_it_is_long),
        cmocka_unit_test(never_ends_in_half_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
