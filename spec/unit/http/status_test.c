#include "http/status.h"

#include "unit.h"

static void knows_the_phrases(void **state)
{
    (void)state;
    assert_string_equal(tg_status_reason(200), "OK");
    assert_string_equal(tg_status_reason(404), "Not Found");
    assert_string_equal(tg_status_reason(429), "Too Many Requests");
    assert_string_equal(tg_status_reason(499), "Client Closed Request");
    assert_string_equal(tg_status_reason(511), "Network Authentication Required");
}

static void has_an_answer_for_every_number(void **state)
{
    (void)state;
    assert_string_equal(tg_status_reason(299), "Success");
    assert_string_equal(tg_status_reason(430), "Client Error");
    assert_string_equal(tg_status_reason(599), "Server Error");
    assert_string_equal(tg_status_reason(600), "Unknown");
    assert_string_equal(tg_status_reason(99), "Unknown");
    assert_string_equal(tg_status_reason(-1), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_phrases),
        cmocka_unit_test(has_an_answer_for_every_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
