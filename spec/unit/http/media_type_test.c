#include "http/media_type.h"
#include "unit.h"

static void expect(const char *type, const char *want)
{
    struct tg_text got = tg_media_type_parameter(tg_text_of(type), TG_TEXT("charset"));

    if (!tg_text_is(got, tg_text_of(want)))
        fail_msg("%s: %.*s", type, (int)got.len, got.base);
}

static void finds_the_parameter(void **state)
{
    (void)state;
    expect("text/xml", "");
    expect("", "");
    assert_int_equal(0, tg_media_type_parameter(tg_text(NULL, 0), TG_TEXT("charset")).len);
    expect(";", "");
    expect("charset=x", "");
    expect("text/xml; charset=utf-8", "utf-8");
    expect("text/xml ;a=1; CharSet = \"ISO-8859-1\" ;b", "ISO-8859-1");
    expect("text/xml; a=\";charset=x\"; charset=y", "y");
    expect("text/xml; a=\"\\\";charset=x\"; charset=y", "y");
    expect("text/xml; charset=", "");
    expect("text/xml; charset=\"", "\"");
    expect("text/xml; xcharset=y", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_the_parameter)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
