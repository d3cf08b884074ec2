#include "http/cache_store.h"

#include "http/hop.h"
#include "http/list.h"
#include "http/vary.h"

static bool is_understood_method(const struct tg_cache_candidate *candidate)
{
    return tg_text_is(candidate->method, TG_TEXT("GET")) ||
           tg_text_is(candidate->method, TG_TEXT("HEAD")) ||
           (tg_text_is(candidate->method, TG_TEXT("POST")) && candidate->names_self);
}

/* Codes whose rules for caches are known: those of RFC 9110 and 308. */
static bool is_understood_status(unsigned status)
{
    switch (status) {
    case 402:
    case 418:
        return false;
    case 308:
    case 421:
    case 422:
    case 426:
        return true;
    default:
        return (status >= 200 && status <= 205) || (status >= 300 && status <= 303) ||
               status == 307 || (status >= 400 && status <= 417) ||
               (status >= 500 && status <= 505);
    }
}

/* Not final, a part, an answer to a condition, or one that RFC 6585 says no cache may store. */
static bool is_never_stored(unsigned status)
{
    switch (status) {
    case 206:
    case 304:
    case 428:
    case 429:
    case 431:
    case 511:
        return true;
    default:
        return status < 200 || status > 999;
    }
}

/* RFC 9111, 5.2.2.3: who understands the status passes over the no-store beside must-understand. */
static bool forbids_storing(const struct tg_cache_control *control, unsigned status)
{
    if ((control->present & TG_CC_MUST_UNDERSTAND) != 0)
        return !is_understood_status(status);
    return (control->present & TG_CC_NO_STORE) != 0;
}

/* RFC 9111, 3.5 */
static bool forbids_sharing(const struct tg_cache_candidate *candidate,
                            const struct tg_cache_control *control)
{
    const uint32_t allowing = TG_CC_MUST_REVALIDATE | TG_CC_PUBLIC | TG_CC_S_MAXAGE;

    return tg_headers_first(candidate->request, TG_TEXT("authorization")) != NULL &&
           (control->present & allowing) == 0;
}

static bool varies_by_anything(struct tg_headers response)
{
    struct tg_buffer names = {.limit = TG_VARY_MOST};
    bool anything = tg_vary_read(response, &names) == TG_VARY_ANYTHING;

    tg_buffer_dispose(&names);
    return anything;
}

/* A Set-Cookie that is not stored sets nobody's cookie. */
static bool forbids_cookie(const struct tg_cache_candidate *candidate,
                           const struct tg_cache_control *control,
                           const struct tg_cache_rules *rules)
{
    const uint32_t shared = TG_CC_PUBLIC | TG_CC_S_MAXAGE | TG_CC_TARGETED;
    const struct tg_text name = TG_TEXT("set-cookie");

    if (tg_headers_first(candidate->response, name) == NULL ||
        !tg_cache_keeps(candidate->response, name))
        return false;
    switch (candidate->set_cookie) {
    case TG_SET_COOKIE_SHARED:
        return (control->present & shared) == 0;
    case TG_SET_COOKIE_EXPLICIT:
        return (rules->flags & TG_RULE_EXPLICIT) == 0;
    case TG_SET_COOKIE_NEVER:
        return true;
    }
    return true;
}

static bool has_validator(struct tg_headers response, const struct tg_cache_rules *rules)
{
    return rules->last_modified != TG_NO_DATE ||
           tg_headers_first(response, TG_TEXT("etag")) != NULL;
}

/* Who sends a cookie may be given an answer of his own by a backend that never thought of caches.
 */
static void withdraw_guess(const struct tg_cache_candidate *candidate,
                           const struct tg_cache_control *control, struct tg_cache_rules *rules)
{
    if ((rules->flags & TG_RULE_HEURISTIC) == 0 || (control->present & TG_CC_PUBLIC) != 0 ||
        tg_headers_first(candidate->request, TG_TEXT("cookie")) == NULL)
        return;
    rules->lifetime = 0;
    rules->flags &= ~(uint32_t)TG_RULE_HEURISTIC;
}

const char *tg_cache_refuses(const struct tg_cache_candidate *candidate,
                             struct tg_cache_rules *rules)
{
    struct tg_cache_control asked =
        tg_cache_control_read(candidate->request, TG_TEXT("cache-control"));
    struct tg_cache_control control = tg_cache_control_response(candidate->response);

    if (!is_understood_method(candidate))
        return "method";
    if (!candidate->complete)
        return "incomplete";
    if (is_never_stored(candidate->status))
        return "status";
    if ((asked.present & TG_CC_NO_STORE) != 0)
        return "request-no-store";
    if (forbids_storing(&control, candidate->status))
        return "no-store";
    if ((control.present & TG_CC_PRIVATE) != 0)
        return "private";
    if (forbids_sharing(candidate, &control))
        return "authorization";
    if (varies_by_anything(candidate->response))
        return "vary";

    *rules = tg_cache_rules_read(candidate->status, candidate->response, &control,
                                 candidate->request_ms, candidate->response_ms);
    withdraw_guess(candidate, &control, rules);
    if (forbids_cookie(candidate, &control, rules))
        return "set-cookie";
    bool is_post = tg_text_is(candidate->method, TG_TEXT("POST"));
    if (is_post && (rules->flags & TG_RULE_EXPLICIT) == 0)
        return "not-fresh";
    if (rules->lifetime == 0 && rules->swr == 0 && rules->sie == 0 &&
        !has_validator(candidate->response, rules))
        return "not-fresh";
    return NULL;
}

bool tg_cache_keeps(struct tg_headers response, struct tg_text name)
{
    const struct tg_header *header;
    size_t at = 0;

    if (tg_hop_is(name) || tg_text_is_nocase(name, TG_TEXT("age")))
        return false;
    while ((header = tg_headers_next(response, TG_TEXT("connection"), &at)) != NULL)
        if (tg_hop_names(header->value, name))
            return false;
    at = 0;
    while ((header = tg_headers_next(response, TG_TEXT("cache-control"), &at)) != NULL)
        if (tg_cache_control_names(header->value, name))
            return false;
    return true;
}
