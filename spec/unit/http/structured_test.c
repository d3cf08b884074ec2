#include "http/structured.h"

#include "http/text.h"

static void expect(struct tg_text *rest, const char *key, enum tg_sf_type type, int64_t integer,
                   const char *text)
{
    struct tg_sf_member member;

    assert_int_equal(tg_sf_dictionary_next(rest, &member), TG_SF_MEMBER);
    assert_text(member.key, key);
    assert_int_equal(member.type, type);
    assert_int_equal(member.integer, integer);
    assert_text(member.text, text);
}

static enum tg_sf_next last(const char *text)
{
    struct tg_text rest = tg_text_of(text);
    struct tg_sf_member member;
    enum tg_sf_next next;

    while ((next = tg_sf_dictionary_next(&rest, &member)) == TG_SF_MEMBER)
        ;
    return next;
}

static void rfc8941_4_2_2_reads_members_of_every_type(void **state)
{
    (void)state;
    struct tg_text rest =
        TG_TEXT("  a=1 ,\tb=-12.5, c=\"x\\\"y\", d=tok/en:*;p;q=2, e=:aGk=:, f=?0,"
                " g, *h=(1 \"2\";x a), i;p=1  ");
    struct tg_sf_member member;

    expect(&rest, "a", TG_SF_INTEGER, 1, "1");
    expect(&rest, "b", TG_SF_DECIMAL, -12, "-12.5");
    expect(&rest, "c", TG_SF_STRING, 0, "\"x\\\"y\"");
    expect(&rest, "d", TG_SF_TOKEN, 0, "tok/en:*");
    expect(&rest, "e", TG_SF_BYTES, 0, ":aGk=:");
    expect(&rest, "f", TG_SF_BOOLEAN, 0, "?0");
    expect(&rest, "g", TG_SF_BOOLEAN, 1, "");
    expect(&rest, "*h", TG_SF_INNER_LIST, 0, "(1 \"2\";x a)");
    expect(&rest, "i", TG_SF_BOOLEAN, 1, "");
    assert_int_equal(tg_sf_dictionary_next(&rest, &member), TG_SF_END);
    assert_int_equal(last(""), TG_SF_END);
    assert_int_equal(last("   "), TG_SF_END);
}

static void rfc8941_3_3_numbers_have_15_digits_at_most(void **state)
{
    (void)state;
    struct tg_text rest = TG_TEXT("a=999999999999999, b=-999999999999999");

    expect(&rest, "a", TG_SF_INTEGER, INT64_C(999999999999999), "999999999999999");
    expect(&rest, "b", TG_SF_INTEGER, INT64_C(-999999999999999), "-999999999999999");
    assert_int_equal(last("a=1000000000000000"), TG_SF_BROKEN);
    assert_int_equal(last("a=123456789012.123"), TG_SF_END);
    assert_int_equal(last("a=1234567890123.1"), TG_SF_BROKEN);
    assert_int_equal(last("a=1.1234"), TG_SF_BROKEN);
}

static void rfc8941_4_2_one_mistake_breaks_the_field(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "A=1",   "a=1, &", "a=",      "a=1,",       "a=1,,b", "a =1",           "a= 1",
        "a=1 b", "a=\"x",  "a=\"\\x", "a=\"\x7f\"", "a=:x",   "a=:!:",          "a=?2",
        "a=?",   "a=(1",   "a=(1,2)", "a=(1\"2\")", "a;",     "a;=1",           "a;b=",
        "a=1.",  "a=-",    "a=--1",   "=1",         ",a",     "a=\"\xc3\xa4\"", "-a",
        "\ta",   "a=(1;)", "a=1;A",
    };

    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
        if (last(broken[i]) != TG_SF_BROKEN)
            fail_msg("was taken: %s", broken[i]);
}

static void knows_tokens(void **state)
{
    (void)state;
    assert_true(tg_sf_is_token(TG_TEXT("uri-miss")));
    assert_true(tg_sf_is_token(TG_TEXT("*a:b/c")));
    assert_false(tg_sf_is_token(TG_TEXT("1a")));
    assert_false(tg_sf_is_token(TG_TEXT("a b")));
    assert_false(tg_sf_is_token(TG_TEXT("")));
}

static void writes_strings_of_ascii_only(void **state)
{
    (void)state;
    struct tg_buffer out = {0};

    tg_sf_put_string(&out, TG_TEXT("a\"b\\c\n\xc3~"));
    assert_text(tg_text(out.base, out.len), "\"a\\\"b\\\\c??~\"");
    tg_buffer_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc8941_4_2_2_reads_members_of_every_type),
        cmocka_unit_test(rfc8941_3_3_numbers_have_15_digits_at_most),
        cmocka_unit_test(rfc8941_4_2_one_mistake_breaks_the_field),
        cmocka_unit_test(knows_tokens),
        cmocka_unit_test(writes_strings_of_ascii_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
