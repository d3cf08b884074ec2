#include "http/upgrade.h"

#include "unit.h"

static void tunnels_what_carries_no_http(void **state)
{
    static const char *const may[] = {"websocket", "WebSocket", "echo/1", "a, b/2", "spdy/3.1"};
    static const char *const may_not[] = {
        "",         " ",       ",",           "h2c",     "H2C", "h2",
        "HTTP/2.0", "http",    "HTTP/1.1",    "TLS/1.0", "tls", "websocket, h2c",
        "h2c, a",   "a,tls/1", "\"h2c\"",     "a b",     "a/",  "/1",
        "a/b/c",    "h2c;q=1", "websocket;x", "a\x80"};

    (void)state;
    for (size_t i = 0; i < sizeof(may) / sizeof(*may); i++)
        assert_true(tg_upgrade_may_tunnel(tg_text_of(may[i])));
    for (size_t i = 0; i < sizeof(may_not) / sizeof(*may_not); i++)
        assert_false(tg_upgrade_may_tunnel(tg_text_of(may_not[i])));
}

static void switches_to_what_was_asked_for(void **state)
{
    (void)state;
    assert_true(tg_upgrade_is_asked(TG_TEXT("WebSocket"), TG_TEXT("websocket")));
    assert_true(tg_upgrade_is_asked(TG_TEXT("b/2"), TG_TEXT("a, b/2")));
    assert_true(tg_upgrade_is_asked(TG_TEXT("b, a"), TG_TEXT("a, b")));
    assert_false(tg_upgrade_is_asked(TG_TEXT(""), TG_TEXT("websocket")));
    assert_false(tg_upgrade_is_asked(TG_TEXT("h2c"), TG_TEXT("websocket")));
    assert_false(tg_upgrade_is_asked(TG_TEXT("a, h2c"), TG_TEXT("a")));
    assert_false(tg_upgrade_is_asked(TG_TEXT("a"), TG_TEXT("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tunnels_what_carries_no_http),
        cmocka_unit_test(switches_to_what_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
