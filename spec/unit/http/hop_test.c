#include "http/hop.h"

#include "unit.h"

static void knows_what_goes_no_further(void **state)
{
    (void)state;
    static const char *const dropped[] = {"connection",
                                          "Keep-Alive",
                                          "TE",
                                          "Trailer",
                                          "transfer-encoding",
                                          "Upgrade",
                                          "proxy-x",
                                          "Content-Length",
                                          "Proxy-Connection",
                                          ""};
    static const char *const passed[] = {"accept", "content-type", "cookie", "proxy",
                                         "tea",    "user-agent",   "x"};

    for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped); i++)
        assert_true(tg_hop_is(tg_text_of(dropped[i])));
    for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++)
        assert_false(tg_hop_is(tg_text_of(passed[i])));
}

static void finds_a_name_in_a_list(void **state)
{
    (void)state;
    struct tg_text list = TG_TEXT("close ,\tX-One,,x-two ");

    assert_true(tg_hop_names(list, TG_TEXT("x-one")));
    assert_true(tg_hop_names(list, TG_TEXT("X-Two")));
    assert_true(tg_hop_names(list, TG_TEXT("close")));
    assert_false(tg_hop_names(list, TG_TEXT("x")));
    assert_false(tg_hop_names(TG_TEXT(""), TG_TEXT("x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_goes_no_further),
        cmocka_unit_test(finds_a_name_in_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
