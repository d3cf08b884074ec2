#include "base/base64.h"
#include "unit.h"

static const struct tg_base64 standard = {.pad = true}, url = {.url = true};

static void expect_both(struct tg_text bytes, struct tg_base64 form, const char *text)
{
    struct tg_buffer out = {0};

    tg_base64_encode(&out, bytes, form);
    assert_true(tg_text_is(tg_text(out.base, out.len), tg_text_of(text)));
    tg_buffer_clear(&out, 1024);
    assert_null(tg_base64_decode(&out, tg_text_of(text), form));
    assert_true(tg_text_is(tg_text(out.base, out.len), bytes));
    tg_buffer_dispose(&out);
}

/* RFC 4648, section 10. */
static void encodes_and_decodes_the_vectors(void **state)
{
    (void)state;
    expect_both(TG_TEXT(""), standard, "");
    expect_both(TG_TEXT("f"), standard, "Zg==");
    expect_both(TG_TEXT("fo"), standard, "Zm8=");
    expect_both(TG_TEXT("foo"), standard, "Zm9v");
    expect_both(TG_TEXT("foob"), standard, "Zm9vYg==");
    expect_both(TG_TEXT("fooba"), standard, "Zm9vYmE=");
    expect_both(TG_TEXT("foobar"), standard, "Zm9vYmFy");
    expect_both(TG_TEXT("f"), url, "Zg");
    expect_both(TG_TEXT("fo"), url, "Zm8");
    expect_both(TG_TEXT("\xff\xef\xfe\0"), standard, "/+/+AA==");
    expect_both(TG_TEXT("\xff\xef\xfe\0"), url, "_-_-AA");
}

static void comes_back_for_every_length(void **state)
{
    (void)state;
    char bytes[256];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 89 + 7);
    for (size_t n = 0; n <= sizeof(bytes); n++) {
        struct tg_buffer text = {0}, back = {0};
        tg_base64_encode(&text, tg_text(bytes, n), standard);
        assert_int_equal(text.len, (n + 2) / 3 * 4);
        assert_null(tg_base64_decode(&back, tg_text(text.base, text.len), standard));
        assert_true(tg_text_is(tg_text(back.base, back.len), tg_text(bytes, n)));
        tg_buffer_dispose(&text);
        tg_buffer_dispose(&back);
    }
}

static void expect_refused(const char *text, struct tg_base64 form)
{
    struct tg_buffer out = {0};

    assert_non_null(tg_base64_decode(&out, tg_text_of(text), form));
    assert_int_equal(out.len, 0);
    tg_buffer_dispose(&out);
}

static void refuses_what_is_not_canonical(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Zg",    "Zg=",    "Zg===", "Z",    "Zm9v=", "Zm9v====", "=",     "====",
        "Zm 9v", "Zm9v\n", "Zh==",  "Zm9=", "Z=g=",  "Zg==Zg==", "Zm9v!", "-_-_"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        expect_refused(bad[i], standard);
}

static void takes_padding_or_none_when_safe_for_urls(void **state)
{
    (void)state;
    struct tg_buffer out = {0};

    assert_null(tg_base64_decode(&out, TG_TEXT("Zg=="), url));
    assert_int_equal(out.len, 1);
    tg_buffer_dispose(&out);
    expect_refused("Zg=", url);
    expect_refused("Zh", url);
    expect_refused("/+/+", url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_and_decodes_the_vectors),
        cmocka_unit_test(comes_back_for_every_length),
        cmocka_unit_test(refuses_what_is_not_canonical),
        cmocka_unit_test(takes_padding_or_none_when_safe_for_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
