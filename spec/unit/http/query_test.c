#include "http/query.h"

#include "http/text.h"

static void expect_pair(struct tg_text *rest, const char *name, const char *value)
{
    struct tg_query_pair pair;
    char space[64];

    assert_true(tg_query_next(rest, &pair));
    assert_text(tg_text(space, tg_query_decode(pair.name, space)), name);
    assert_text(tg_text(space, tg_query_decode(pair.value, space)), value);
}

static void reads_pairs_in_order(void **state)
{
    (void)state;
    struct tg_text rest = TG_TEXT("city=K%C3%B6ln&q=a+b&flag&x=1=2&=v");
    struct tg_query_pair pair;

    expect_pair(&rest, "city", "K\xc3\xb6ln");
    expect_pair(&rest, "q", "a b");
    expect_pair(&rest, "flag", "");
    expect_pair(&rest, "x", "1=2");
    expect_pair(&rest, "", "v");
    assert_false(tg_query_next(&rest, &pair));
}

static void passes_over_empty_pairs(void **state)
{
    (void)state;
    struct tg_text rest = TG_TEXT("&&a=1&&&b=2&");
    struct tg_query_pair pair;

    expect_pair(&rest, "a", "1");
    expect_pair(&rest, "b", "2");
    assert_false(tg_query_next(&rest, &pair));
    rest = tg_text(NULL, 0);
    assert_false(tg_query_next(&rest, &pair));
}

static void keeps_a_broken_escape_as_written(void **state)
{
    (void)state;
    struct tg_text rest = TG_TEXT("a=%zz&b=%4&c=%&d=%4%41");

    expect_pair(&rest, "a", "%zz");
    expect_pair(&rest, "b", "%4");
    expect_pair(&rest, "c", "%");
    expect_pair(&rest, "d", "%4A");
}

static void leaves_the_source_alone_and_decodes_in_place_when_asked(void **state)
{
    (void)state;
    char text[] = "a%20b+c";
    struct tg_text raw = {text, strlen(text)};
    char space[16];

    assert_int_equal(tg_query_decode(raw, space), 5);
    assert_string_equal(text, "a%20b+c");
    assert_text(tg_text(text, tg_query_decode(raw, text)), "a b c");
}

static void encodes_all_but_the_unreserved(void **state)
{
    (void)state;
    struct tg_buffer out = {0};

    tg_query_encode(&out, TG_TEXT("aZ09-._~ &=+%/\xc3\xb6"));
    assert_text(tg_text(out.base, out.len), "aZ09-._~%20%26%3D%2B%25%2F%C3%B6");
    tg_buffer_dispose(&out);
}

static void decoding_undoes_encoding_of_every_byte(void **state)
{
    (void)state;
    char all[256], back[3 * 256];
    struct tg_buffer out = {0};

    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    tg_query_encode(&out, tg_text(all, sizeof(all)));
    assert_int_equal(tg_query_decode(tg_text(out.base, out.len), back), sizeof(all));
    assert_memory_equal(back, all, sizeof(all));
    tg_buffer_dispose(&out);
}

static void writes_one_form_of_any_length(void **state)
{
    char raw[257];

    (void)state;
    memset(raw, 'a', sizeof(raw));
    for (size_t len = 255; len <= sizeof(raw); len++) {
        struct tg_buffer out = {.limit = 0};
        tg_query_normalise(&out, tg_text(raw, len));
        assert_int_equal(out.len, len);
        assert_memory_equal(out.base, raw, len);
        tg_buffer_dispose(&out);
    }
    struct tg_buffer out = {.limit = 0};
    tg_query_normalise(&out, TG_TEXT("a+b%2Dc%2f"));
    assert_text(tg_text(out.base, out.len), "a%20b-c%2F");
    tg_buffer_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_pairs_in_order),
        cmocka_unit_test(passes_over_empty_pairs),
        cmocka_unit_test(keeps_a_broken_escape_as_written),
        cmocka_unit_test(leaves_the_source_alone_and_decodes_in_place_when_asked),
        cmocka_unit_test(encodes_all_but_the_unreserved),
        cmocka_unit_test(decoding_undoes_encoding_of_every_byte),
        cmocka_unit_test(writes_one_form_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
