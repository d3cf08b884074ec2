#include "http/cache_status.h"

#include <stdio.h>

#include "http/text.h"

static void expect(struct tg_cache_status status, const char *wanted)
{
    struct tg_buffer out = {0};

    tg_cache_status_write(&out, TG_TEXT("tidegate"), &status);
    assert_text(tg_text(out.base, out.len), wanted);
    tg_buffer_dispose(&out);
}

static void rfc9211_2_1_a_hit(void **state)
{
    (void)state;
    expect((struct tg_cache_status){.has_ttl = true, .ttl = 376}, "tidegate; hit; ttl=376");
    expect((struct tg_cache_status){.has_ttl = true, .ttl = -412}, "tidegate; hit; ttl=-412");
    expect((struct tg_cache_status){.has_ttl = true}, "tidegate; hit; ttl=0");
    expect((struct tg_cache_status){.has_ttl = true, .ttl = INT64_MIN},
           "tidegate; hit; ttl=-9223372036854775808");
}

static void rfc9211_2_2_forwarded(void **state)
{
    (void)state;
    static const struct {
        enum tg_cache_fwd fwd;
        const char *text;
    } cases[] = {
        {TG_FWD_BYPASS, "tidegate; fwd=bypass"},       {TG_FWD_METHOD, "tidegate; fwd=method"},
        {TG_FWD_URI_MISS, "tidegate; fwd=uri-miss"},   {TG_FWD_MISS, "tidegate; fwd=miss"},
        {TG_FWD_VARY_MISS, "tidegate; fwd=vary-miss"}, {TG_FWD_REQUEST, "tidegate; fwd=request"},
        {TG_FWD_STALE, "tidegate; fwd=stale"},         {TG_FWD_PARTIAL, "tidegate; fwd=partial"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        expect((struct tg_cache_status){.fwd = cases[i].fwd}, cases[i].text);
    expect((struct tg_cache_status){.fwd = TG_FWD_STALE,
                                    .fwd_status = 304,
                                    .has_ttl = true,
                                    .ttl = 5,
                                    .stored = true,
                                    .collapsed = true},
           "tidegate; fwd=stale; fwd-status=304; ttl=5; stored; collapsed");
}

static void rfc9211_2_7_the_key_is_a_string(void **state)
{
    (void)state;
    char key[TG_CACHE_STATUS_KEY + 1], wanted[TG_CACHE_STATUS_KEY + 64];

    expect((struct tg_cache_status){.key = TG_TEXT("GET \"x\"")},
           "tidegate; hit; key=\"GET \\\"x\\\"\"");
    memset(key, 'k', sizeof(key));
    snprintf(wanted, sizeof(wanted), "tidegate; hit; key=\"%.*s\"", TG_CACHE_STATUS_KEY, key);
    expect((struct tg_cache_status){.key = {key, sizeof(key)}}, wanted);
}

static void rfc9211_2_8_detail_is_a_token_or_a_string(void **state)
{
    (void)state;
    expect((struct tg_cache_status){.fwd = TG_FWD_URI_MISS, .detail = TG_TEXT("no-store")},
           "tidegate; fwd=uri-miss; detail=no-store");
    expect((struct tg_cache_status){.fwd = TG_FWD_URI_MISS, .detail = TG_TEXT("too big")},
           "tidegate; fwd=uri-miss; detail=\"too big\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9211_2_1_a_hit),
        cmocka_unit_test(rfc9211_2_2_forwarded),
        cmocka_unit_test(rfc9211_2_7_the_key_is_a_string),
        cmocka_unit_test(rfc9211_2_8_detail_is_a_token_or_a_string),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
