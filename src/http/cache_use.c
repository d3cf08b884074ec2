#include "http/cache_use.h"

#include "http/list.h"

static bool is(const struct tg_header *header, struct tg_text name)
{
    return tg_text_is_nocase(header->name, name);
}

static void read_one(struct tg_cache_request *request, const struct tg_header *header,
                     bool *has_control, bool *is_pragma)
{
    switch (header->name.len) {
    case 5:
        if (is(header, TG_TEXT("range")))
            request->has |= TG_ASKS_RANGE;
        break;
    case 6:
        if (is(header, TG_TEXT("pragma")))
            *is_pragma |= tg_list_names(header->value, TG_TEXT("no-cache"));
        else if (is(header, TG_TEXT("cookie")))
            request->has |= TG_ASKS_COOKIE;
        break;
    case 8:
        if (is(header, TG_TEXT("if-match")))
            request->has |= TG_ASKS_CONDITION;
        break;
    case 13:
        if (is(header, TG_TEXT("cache-control"))) {
            tg_cache_control_add(&request->control, header->value);
            *has_control = true;
        } else if (is(header, TG_TEXT("if-none-match"))) {
            request->has |= TG_ASKS_CONDITION;
        } else if (is(header, TG_TEXT("authorization"))) {
            request->has |= TG_ASKS_AUTHORIZED;
        }
        break;
    case 17:
        if (is(header, TG_TEXT("if-modified-since")))
            request->has |= TG_ASKS_CONDITION;
        break;
    case 19:
        if (is(header, TG_TEXT("if-unmodified-since")))
            request->has |= TG_ASKS_CONDITION;
        break;
    }
}

struct tg_cache_request tg_cache_request_read(struct tg_headers headers)
{
    struct tg_cache_request request = {0};
    bool has_control = false, is_pragma = false;

    for (size_t i = 0; i < headers.count; i++)
        read_one(&request, &headers.list[i], &has_control, &is_pragma);
    if (is_pragma && !has_control)
        request.control.present |= TG_CC_NO_CACHE;
    return request;
}

static int64_t ms(uint32_t seconds)
{
    return (int64_t)seconds * 1000;
}

/* Whether the client wants it younger or fresher than it is. A reload (max-age=0) does not make an
 * immutable response be asked for, no-cache does (RFC 8246, 2). */
static bool is_refused(const struct tg_cache_rules *rules, const struct tg_cache_control *control,
                       int64_t age, bool fresh)
{
    if ((control->present & (TG_CC_NO_CACHE | TG_CC_NO_CACHE_FIELDS)) != 0)
        return true;
    if ((control->present & TG_CC_MIN_FRESH) != 0 &&
        ms(rules->lifetime) - age < ms(control->min_fresh))
        return true;
    if (fresh && (rules->flags & TG_RULE_IMMUTABLE) != 0)
        return false;
    return (control->present & TG_CC_MAX_AGE) != 0 && age >= ms(control->max_age);
}

/* Whether the client takes it though it is stale by so many milliseconds. */
static bool is_taken_stale(const struct tg_cache_rules *rules,
                           const struct tg_cache_control *control, int64_t stale)
{
    return (control->present & TG_CC_MAX_STALE) != 0 && (rules->flags & TG_RULE_NO_STALE) == 0 &&
           stale <= ms(control->max_stale);
}

static enum tg_cache_use use(const struct tg_cache_rules *rules,
                             const struct tg_cache_control *control, int64_t now_ms)
{
    int64_t age = tg_cache_age_ms(rules, now_ms);
    int64_t stale = age - ms(rules->lifetime);

    if ((rules->flags & TG_RULE_VALIDATE) != 0)
        return TG_CACHE_STALE;
    if (is_refused(rules, control, age, stale < 0))
        return TG_CACHE_ASKED;
    if (stale < 0 || is_taken_stale(rules, control, stale))
        return TG_CACHE_SERVE;
    return stale < ms(rules->swr) ? TG_CACHE_SERVE_REFRESH : TG_CACHE_STALE;
}

enum tg_cache_use tg_cache_use(const struct tg_cache_rules *rules,
                               const struct tg_cache_request *request, int64_t now_ms)
{
    enum tg_cache_use how = use(rules, &request->control, now_ms);

    if (tg_cache_only_stored(request) && (how == TG_CACHE_STALE || how == TG_CACHE_ASKED))
        return TG_CACHE_UNAVAILABLE;
    return how;
}

bool tg_cache_use_on_error(const struct tg_cache_rules *rules,
                           const struct tg_cache_request *request, uint32_t grace, int64_t now_ms)
{
    int64_t stale = tg_cache_age_ms(rules, now_ms) - ms(rules->lifetime);

    if ((rules->flags & TG_RULE_VALIDATE) != 0)
        return false;
    if (stale < 0 || stale < ms(rules->sie))
        return true;
    if ((rules->flags & TG_RULE_NO_STALE) != 0)
        return false;
    return stale < ms(grace) || ((request->control.present & TG_CC_STALE_IF_ERROR) != 0 &&
                                 stale < ms(request->control.stale_if_error));
}
