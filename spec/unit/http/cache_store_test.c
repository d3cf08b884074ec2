#include "http/cache_store.h"

#include "http/head.h"

#define CAME INT64_C(784111777500) /* Sun, 06 Nov 1994 08:49:37.500 GMT */

static struct tg_cache_candidate candidate_of(struct tg_headers request, struct tg_headers response)
{
    return (struct tg_cache_candidate){
        .method = TG_TEXT("GET"),
        .request = request,
        .status = 200,
        .response = response,
        .complete = true,
        .request_ms = CAME,
        .response_ms = CAME,
    };
}

static const char *refusal(const struct tg_cache_candidate *candidate)
{
    struct tg_cache_rules rules;
    const char *reason = tg_cache_refuses(candidate, &rules);

    return reason != NULL ? reason : "stored";
}

/* What becomes of a 200 to a GET. */
static const char *answer(const char *request, const char *response)
{
    struct tg_cache_candidate candidate = candidate_of(HEAD(request), HEAD(response));

    return refusal(&candidate);
}

static const char *answer_status(unsigned status, const char *response)
{
    struct tg_cache_candidate candidate = candidate_of(HEAD(""), HEAD(response));

    candidate.status = status;
    return refusal(&candidate);
}

static void rfc9111_3_the_method_is_understood(void **state)
{
    (void)state;
    struct tg_cache_candidate candidate =
        candidate_of(HEAD(""), HEAD("Cache-Control: max-age=5, public"));

    assert_string_equal(refusal(&candidate), "stored");
    candidate.method = TG_TEXT("HEAD");
    assert_string_equal(refusal(&candidate), "stored");
    static const char *const others[] = {"PUT", "DELETE", "OPTIONS", "get", "M-SEARCH", "POST"};
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        candidate.method = tg_text_of(others[i]);
        assert_string_equal(refusal(&candidate), "method");
    }
}

static void rfc9110_9_3_3_a_post_that_names_itself_and_its_lifetime(void **state)
{
    (void)state;
    struct tg_cache_candidate candidate =
        candidate_of(HEAD(""), HEAD("Cache-Control: max-age=5\nContent-Location: /a"));

    candidate.method = TG_TEXT("POST");
    candidate.names_self = true;
    assert_string_equal(refusal(&candidate), "stored");
    candidate.response = HEAD("Last-Modified: Sun, 06 Nov 1993 08:49:37 GMT");
    assert_string_equal(refusal(&candidate), "not-fresh");
}

static void rfc9111_3_the_status_is_final(void **state)
{
    (void)state;
    static const unsigned never[] = {100, 103, 199, 206, 304, 428, 429, 431, 511};
    static const unsigned any[] = {200, 201, 204, 299, 301, 302, 303, 307, 308, 400, 403,
                                   404, 410, 418, 451, 499, 500, 502, 503, 504, 599};

    for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
        assert_string_equal(answer_status(never[i], "Cache-Control: max-age=5"), "status");
    for (size_t i = 0; i < sizeof(any) / sizeof(*any); i++)
        assert_string_equal(answer_status(any[i], "Cache-Control: max-age=5"), "stored");
}

static void rfc9111_3_3_incomplete_responses_are_not_stored(void **state)
{
    (void)state;
    struct tg_cache_candidate candidate = candidate_of(HEAD(""), HEAD("Cache-Control: max-age=5"));

    candidate.complete = false;
    assert_string_equal(refusal(&candidate), "incomplete");
}

static void rfc9111_5_2_2_5_no_store(void **state)
{
    (void)state;
    assert_string_equal(answer("", "Cache-Control: No-StOrE, max-age=5"), "no-store");
    assert_string_equal(answer("", "Cache-Control: max-age=5\nCache-Control: no-store"),
                        "no-store");
    assert_string_equal(answer("", "Cache-Control: x=\"no-store\", max-age=5"), "stored");
    assert_string_equal(answer("", "Pragma: no-cache\nCache-Control: max-age=5"), "stored");
}

static void rfc9111_5_2_2_3_must_understand(void **state)
{
    (void)state;
    static const char *const head = "Cache-Control: max-age=5, must-understand, no-store";

    assert_string_equal(answer_status(200, head), "stored");
    assert_string_equal(answer_status(404, head), "stored");
    assert_string_equal(answer_status(599, head), "no-store");
    assert_string_equal(answer_status(299, head), "no-store");
    assert_string_equal(answer_status(599, "Cache-Control: max-age=5, must-understand"),
                        "no-store");
}

static void rfc9111_5_2_1_5_the_request_says_no_store(void **state)
{
    (void)state;
    assert_string_equal(answer("Cache-Control: no-store", "Cache-Control: max-age=5"),
                        "request-no-store");
}

static void rfc9111_5_2_2_7_private(void **state)
{
    (void)state;
    assert_string_equal(answer("", "Cache-Control: private, max-age=5"), "private");
    assert_string_equal(answer("", "Cache-Control: private, s-maxage=5, public"), "private");
    assert_string_equal(answer("", "Cache-Control: private=\"x-user\", max-age=5"), "stored");
    assert_string_equal(answer("", "Cache-Control: private=\"\", max-age=5"), "private");
    assert_string_equal(answer("", "Cache-Control: private=\"x-user, max-age=5"), "private");
}

static void rfc9111_3_5_requests_with_authorization(void **state)
{
    (void)state;
    static const char *const request = "Authorization: Basic eDp5";

    assert_string_equal(answer(request, "Cache-Control: max-age=5"), "authorization");
    assert_string_equal(answer(request, "Expires: Sun, 06 Nov 1994 09:49:37 GMT"), "authorization");
    assert_string_equal(answer(request, "Cache-Control: max-age=5, public"), "stored");
    assert_string_equal(answer(request, "Cache-Control: max-age=5, must-revalidate"), "stored");
    assert_string_equal(answer(request, "Cache-Control: s-maxage=5"), "stored");
    assert_string_equal(answer(request, "Cache-Control: max-age=5, proxy-revalidate"),
                        "authorization");
    assert_string_equal(answer(request, "Cache-Control: max-age=5, no-cache\nETag: \"a\""),
                        "authorization");
    assert_string_equal(answer(request, "Cache-Control: public\nCDN-Cache-Control: max-age=5"),
                        "authorization");
}

static void rfc9111_4_1_vary_by_anything(void **state)
{
    (void)state;
    assert_string_equal(answer("", "Cache-Control: max-age=5\nVary: *"), "vary");
    assert_string_equal(answer("", "Cache-Control: max-age=5\nVary: Foo\nVary: , *"), "vary");
    assert_string_equal(answer("", "Cache-Control: max-age=5\nVary: Foo, Bar"), "stored");
}

static void rfc9111_3_without_lifetime_and_validator_it_is_of_no_use(void **state)
{
    (void)state;
    assert_string_equal(answer("", ""), "not-fresh");
    assert_string_equal(answer("", "Cache-Control: max-age=0"), "not-fresh");
    assert_string_equal(answer("", "Cache-Control: max-age=0\nETag: \"a\""), "stored");
    assert_string_equal(answer("", "Cache-Control: max-age=0, stale-if-error=9"), "stored");
    assert_string_equal(answer("", "ETag: \"a\""), "stored");
    assert_string_equal(answer("", "Last-Modified: Sun, 06 Nov 1993 08:49:37 GMT"), "stored");
    assert_string_equal(answer("", "Expires: 0"), "not-fresh");
    assert_string_equal(answer_status(302, ""), "not-fresh");
}

static const char *cookie_answer(enum tg_set_cookie policy, const char *response)
{
    struct tg_cache_candidate candidate = candidate_of(HEAD(""), HEAD(response));

    candidate.set_cookie = policy;
    return refusal(&candidate);
}

static void rfc9111_7_3_set_cookie_as_the_site_says(void **state)
{
    (void)state;
    static const char *const fresh = "Set-Cookie: a=b\nCache-Control: max-age=5";
    static const char *const open = "Set-Cookie: a=b\nCache-Control: max-age=5, public";
    static const char *const shared = "Set-Cookie: a=b\nCache-Control: s-maxage=5";
    static const char *const targeted = "Set-Cookie: a=b\nCDN-Cache-Control: max-age=5";
    static const char *const guessed =
        "Set-Cookie: a=b\nLast-Modified: Sun, 06 Nov 1993 08:49:37 GMT";
    static const char *const dropped = "Set-Cookie: a=b\n"
                                       "Cache-Control: max-age=5, no-cache=\"set-cookie\"";

    assert_string_equal(cookie_answer(TG_SET_COOKIE_SHARED, fresh), "set-cookie");
    assert_string_equal(cookie_answer(TG_SET_COOKIE_SHARED, guessed), "set-cookie");
    assert_string_equal(cookie_answer(TG_SET_COOKIE_SHARED, open), "stored");
    assert_string_equal(cookie_answer(TG_SET_COOKIE_SHARED, shared), "stored");
    assert_string_equal(cookie_answer(TG_SET_COOKIE_SHARED, targeted), "stored");
    assert_string_equal(cookie_answer(TG_SET_COOKIE_SHARED, dropped), "stored");
    assert_string_equal(cookie_answer(TG_SET_COOKIE_EXPLICIT, fresh), "stored");
    assert_string_equal(cookie_answer(TG_SET_COOKIE_EXPLICIT, guessed), "set-cookie");
    assert_string_equal(cookie_answer(TG_SET_COOKIE_NEVER, open), "set-cookie");
    assert_string_equal(cookie_answer(TG_SET_COOKIE_NEVER, dropped), "stored");
}

static void no_lifetime_is_guessed_for_who_sends_a_cookie(void **state)
{
    (void)state;
    static const char *const since = "Last-Modified: Sun, 06 Nov 1993 08:49:37 GMT";
    struct tg_cache_candidate candidate = candidate_of(HEAD("Cookie: a=b"), HEAD(since));
    struct tg_cache_rules rules;

    assert_null(tg_cache_refuses(&candidate, &rules));
    assert_int_equal(rules.lifetime, 0);
    candidate.request = HEAD("");
    assert_null(tg_cache_refuses(&candidate, &rules));
    assert_int_equal(rules.lifetime, TG_HEURISTIC_MAX);
    assert_string_equal(answer("Cookie: a=b", "Cache-Control: max-age=5"), "stored");
}

static void rfc9111_3_1_fields_that_are_stored(void **state)
{
    (void)state;
    struct tg_headers response =
        HEAD("Connection: a, B\nConnection: c\nCache-Control: no-cache=\"d, e\"\n"
             "Cache-Control: private=\"Set-Cookie\", x=\"f\"");
    static const char *const dropped[] = {
        "A",
        "b",
        "C",
        "d",
        "E",
        "set-cookie",
        "connection",
        "Keep-Alive",
        "TE",
        "Upgrade",
        "Transfer-Encoding",
        "Proxy-Authenticate",
        "Proxy-Authentication-Info",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Age",
    };
    static const char *const kept[] = {
        "f",       "Content-Type", "Content-Encoding", "Content-Range", "ETag", "Cache-Control",
        "Expires", "Date",         "Set-Cookie2",      "Test-Header",   "Vary", "Content-MD5",
        "Via",
    };

    for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped); i++)
        if (tg_cache_keeps(response, tg_text_of(dropped[i])))
            fail_msg("kept: %s", dropped[i]);
    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
        if (!tg_cache_keeps(response, tg_text_of(kept[i])))
            fail_msg("dropped: %s", kept[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9111_3_the_method_is_understood),
        cmocka_unit_test(rfc9110_9_3_3_a_post_that_names_itself_and_its_lifetime),
        cmocka_unit_test(rfc9111_3_the_status_is_final),
        cmocka_unit_test(rfc9111_3_3_incomplete_responses_are_not_stored),
        cmocka_unit_test(rfc9111_5_2_2_5_no_store),
        cmocka_unit_test(rfc9111_5_2_2_3_must_understand),
        cmocka_unit_test(rfc9111_5_2_1_5_the_request_says_no_store),
        cmocka_unit_test(rfc9111_5_2_2_7_private),
        cmocka_unit_test(rfc9111_3_5_requests_with_authorization),
        cmocka_unit_test(rfc9111_4_1_vary_by_anything),
        cmocka_unit_test(rfc9111_3_without_lifetime_and_validator_it_is_of_no_use),
        cmocka_unit_test(rfc9111_7_3_set_cookie_as_the_site_says),
        cmocka_unit_test(no_lifetime_is_guessed_for_who_sends_a_cookie),
        cmocka_unit_test(rfc9111_3_1_fields_that_are_stored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
