#include "codec/uri.h"
#include "unit.h"

static void accepts_what_names_namespaces(void **state)
{
    (void)state;
    const char *const good[] = {
        "",
        "urn:example:orders:2",
        "http://www.w3.org/2001/XMLSchema-instance",
        "http://user@host:8080/a/b;c?d=e&f#g",
        "http://[::1]:80/",
        "//host/path",
        "../up",
        "a/b:c",
        "#fragment",
        "?query",
        "mailto:a@b",
        "tag:x,2024:y%20z",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_true(tg_uri_is_reference(tg_text_of(good[i])));
}

static void refuses_what_is_no_reference(void **state)
{
    (void)state;
    const char *const bad[] = {
        "a b",         "http://a b/",  "urn:{x}",    "%zz",  "%4",       "1a:b",
        "http://h:/x", "http://[::1/", "http://h:x", "a\"b", "\xc3\xa9", "http://h#a#b",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(tg_uri_is_reference(tg_text_of(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_names_namespaces),
        cmocka_unit_test(refuses_what_is_no_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
