#include "http/cache_rules.h"

#include "http/list.h"

bool tg_cache_is_heuristic(unsigned status)
{
    switch (status) {
    case 200:
    case 203:
    case 204:
    case 206:
    case 300:
    case 301:
    case 308:
    case 404:
    case 405:
    case 410:
    case 414:
    case 501:
        return true;
    default:
        return false;
    }
}

/* The date in the first field of that name; TG_NO_DATE also when it is broken. */
static int64_t date_in(struct tg_headers headers, struct tg_text name, int64_t now)
{
    const struct tg_header *header = tg_headers_first(headers, name);

    return header != NULL ? tg_http_date_read(tg_list_trim(header->value), now) : TG_NO_DATE;
}

static uint32_t bounded(int64_t seconds)
{
    return seconds < 0 ? 0 : seconds < TG_DELTA_MAX ? (uint32_t)seconds : TG_DELTA_MAX;
}

/* The first member of the first Age, without parameters, which it cannot have; what is no number is
 * as if it were not there. */
static uint32_t age_in(struct tg_headers headers)
{
    const struct tg_header *header = tg_headers_first(headers, TG_TEXT("age"));
    struct tg_text rest, first;
    uint32_t age;

    if (header == NULL)
        return 0;
    rest = header->value;
    first = tg_list_take(&rest, ',');
    first = tg_list_take(&first, ';');
    return tg_delta_read(first, &age) ? age : 0;
}

/* RFC 9111, 4.2.3: the age that it had when it came. The part of a second that Date cannot say is
 * not counted. */
static int64_t initial_age_ms(struct tg_headers response, int64_t date, int64_t request_ms,
                              int64_t response_ms)
{
    int64_t apparent = response_ms / 1000 - date;
    int64_t delay = response_ms > request_ms ? response_ms - request_ms : 0;
    int64_t corrected = (int64_t)age_in(response) * 1000 + delay;

    apparent = (int64_t)bounded(apparent) * 1000;
    return apparent > corrected ? apparent : corrected;
}

/* RFC 9111, 4.2.1, in the order of a shared cache; false when the backend said nothing. */
static bool explicit_lifetime(struct tg_headers response, const struct tg_cache_control *control,
                              int64_t date, uint32_t *lifetime)
{
    if ((control->present & TG_CC_S_MAXAGE) != 0) {
        *lifetime = control->s_maxage;
        return true;
    }
    if ((control->present & TG_CC_MAX_AGE) != 0) {
        *lifetime = control->max_age;
        return true;
    }
    if ((control->present & TG_CC_TARGETED) != 0 ||
        tg_headers_first(response, TG_TEXT("expires")) == NULL)
        return false;
    int64_t expires = date_in(response, TG_TEXT("expires"), date);
    *lifetime = expires == TG_NO_DATE ? 0 : bounded(expires - date);
    return true;
}

/* RFC 9111, 4.2.2 */
static uint32_t guess(const struct tg_cache_rules *rules)
{
    if (rules->last_modified == TG_NO_DATE || rules->last_modified >= rules->date)
        return 0;
    int64_t part = (rules->date - rules->last_modified) * TG_HEURISTIC_PERCENT / 100;
    return part < TG_HEURISTIC_MAX ? (uint32_t)part : TG_HEURISTIC_MAX;
}

static uint32_t flags_of(const struct tg_cache_control *control)
{
    const uint32_t revalidate = TG_CC_MUST_REVALIDATE | TG_CC_PROXY_REVALIDATE | TG_CC_NO_CACHE;
    uint32_t flags = 0;

    if ((control->present & TG_CC_NO_CACHE) != 0)
        flags |= TG_RULE_VALIDATE;
    if ((control->present & (revalidate | TG_CC_S_MAXAGE)) != 0)
        flags |= TG_RULE_NO_STALE;
    if ((control->present & TG_CC_IMMUTABLE) != 0)
        flags |= TG_RULE_IMMUTABLE;
    if ((control->present & TG_CC_TARGETED) != 0)
        flags |= TG_RULE_TARGETED;
    return flags;
}

/* must-revalidate and its like allow no staleness at all. s-maxage implies that too, but a backend
 * which also writes stale-while-revalidate or stale-if-error means these. */
static void read_staleness(struct tg_cache_rules *rules, const struct tg_cache_control *control)
{
    if ((control->present & (TG_CC_MUST_REVALIDATE | TG_CC_PROXY_REVALIDATE | TG_CC_NO_CACHE)) != 0)
        return;
    rules->swr = control->stale_while_revalidate;
    rules->sie = control->stale_if_error;
}

struct tg_cache_rules tg_cache_rules_read(unsigned status, struct tg_headers response,
                                          const struct tg_cache_control *control,
                                          int64_t request_ms, int64_t response_ms)
{
    struct tg_cache_rules rules = {.flags = flags_of(control)};

    rules.date = date_in(response, TG_TEXT("date"), response_ms / 1000);
    if (rules.date == TG_NO_DATE)
        rules.date = response_ms / 1000;
    rules.last_modified = date_in(response, TG_TEXT("last-modified"), response_ms / 1000);
    rules.born_ms = response_ms - initial_age_ms(response, rules.date, request_ms, response_ms);
    if (explicit_lifetime(response, control, rules.date, &rules.lifetime)) {
        rules.flags |= TG_RULE_EXPLICIT;
    } else if (tg_cache_is_heuristic(status) || (control->present & TG_CC_PUBLIC) != 0) {
        rules.lifetime = guess(&rules);
        rules.flags |= TG_RULE_HEURISTIC;
    }
    read_staleness(&rules, control);
    return rules;
}

uint32_t tg_cache_age(const struct tg_cache_rules *rules, int64_t now_ms)
{
    return bounded(tg_cache_age_ms(rules, now_ms) / 1000);
}

int64_t tg_cache_ttl(const struct tg_cache_rules *rules, int64_t now_ms)
{
    int64_t left = (int64_t)rules->lifetime * 1000 - tg_cache_age_ms(rules, now_ms);

    return left > 0 ? (left + 999) / 1000 : left / 1000;
}

int64_t tg_cache_useful_until_ms(const struct tg_cache_rules *rules)
{
    uint32_t stale = rules->swr > rules->sie ? rules->swr : rules->sie;

    return rules->born_ms + ((int64_t)rules->lifetime + stale) * 1000;
}
