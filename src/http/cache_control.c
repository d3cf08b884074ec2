#include "http/cache_control.h"

#include "http/list.h"
#include "http/structured.h"

struct known {
    struct tg_text name;
    uint32_t directive;
};

/* Those with a time; `delta_of` says where it is kept. */
static const struct known timed[] = {
    {{"max-age", 7}, TG_CC_MAX_AGE},
    {{"s-maxage", 8}, TG_CC_S_MAXAGE},
    {{"max-stale", 9}, TG_CC_MAX_STALE},
    {{"min-fresh", 9}, TG_CC_MIN_FRESH},
    {{"stale-while-revalidate", 22}, TG_CC_STALE_WHILE_REVALIDATE},
    {{"stale-if-error", 14}, TG_CC_STALE_IF_ERROR},
    {{NULL, 0}, 0},
};

static const struct known plain[] = {
    {{"no-store", 8}, TG_CC_NO_STORE},
    {{"no-cache", 8}, TG_CC_NO_CACHE},
    {{"private", 7}, TG_CC_PRIVATE},
    {{"public", 6}, TG_CC_PUBLIC},
    {{"must-revalidate", 15}, TG_CC_MUST_REVALIDATE},
    {{"proxy-revalidate", 16}, TG_CC_PROXY_REVALIDATE},
    {{"must-understand", 15}, TG_CC_MUST_UNDERSTAND},
    {{"only-if-cached", 14}, TG_CC_ONLY_IF_CACHED},
    {{"immutable", 9}, TG_CC_IMMUTABLE},
    {{NULL, 0}, 0},
};

static uint32_t find(const struct known *known, struct tg_text name)
{
    for (; known->directive != 0; known++)
        if (tg_text_is_nocase(known->name, name))
            return known->directive;
    return 0;
}

static uint32_t *delta_of(struct tg_cache_control *control, uint32_t directive)
{
    switch (directive) {
    case TG_CC_MAX_AGE:
        return &control->max_age;
    case TG_CC_S_MAXAGE:
        return &control->s_maxage;
    case TG_CC_MAX_STALE:
        return &control->max_stale;
    case TG_CC_MIN_FRESH:
        return &control->min_fresh;
    case TG_CC_STALE_WHILE_REVALIDATE:
        return &control->stale_while_revalidate;
    default:
        return &control->stale_if_error;
    }
}

bool tg_delta_read(struct tg_text text, uint32_t *delta)
{
    uint64_t value = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        if (value < TG_DELTA_MAX)
            value = value * 10 + (uint64_t)(text.base[i] - '0');
    }
    *delta = value < TG_DELTA_MAX ? (uint32_t)value : TG_DELTA_MAX;
    return text.len != 0;
}

/* A member of the list: a name, and perhaps '=' and a value; `exact` when nothing stands between.
 */
struct member {
    struct tg_text name;
    struct tg_text value;
    bool has_value;
    bool exact;
};

static bool take(struct tg_text *rest, struct member *member)
{
    struct tg_text whole;

    if (!tg_list_next(rest, &whole))
        return false;
    const char *equals = memchr(whole.base, '=', whole.len);
    if (equals == NULL) {
        *member = (struct member){.name = whole, .exact = true};
        return true;
    }
    size_t before = (size_t)(equals - whole.base);
    struct tg_text name = tg_text(whole.base, before);
    struct tg_text value = tg_text(equals + 1, whole.len - before - 1);
    *member = (struct member){tg_list_trim(name), tg_list_trim(value), true, true};
    member->exact = member->name.len == name.len && member->value.len == value.len;
    return true;
}

static void add_timed(struct tg_cache_control *control, uint32_t directive,
                      const struct member *member)
{
    uint32_t *delta = delta_of(control, directive);
    struct tg_text text = member->value;

    if ((control->present & directive) != 0)
        return;
    control->present |= directive;
    if (directive == TG_CC_MAX_STALE && !member->has_value) {
        *delta = TG_DELTA_MAX;
        return;
    }
    tg_list_unquote(&text);
    if (!member->exact || !tg_delta_read(text, delta))
        *delta = directive == TG_CC_MIN_FRESH ? TG_DELTA_MAX : 0;
}

/* Whether the value names fields; one name may do without quotes. */
static bool has_fields(struct tg_text value)
{
    struct tg_text name;

    if (value.len != 0 && value.base[0] == '"' && !tg_list_unquote(&value))
        return false;
    return tg_list_next(&value, &name);
}

static void add_plain(struct tg_cache_control *control, uint32_t directive,
                      const struct member *member)
{
    bool some = member->has_value && has_fields(member->value);

    if (directive == TG_CC_NO_CACHE && some)
        directive = TG_CC_NO_CACHE_FIELDS;
    else if (directive == TG_CC_PRIVATE && some)
        directive = TG_CC_PRIVATE_FIELDS;
    control->present |= directive;
}

void tg_cache_control_add(struct tg_cache_control *control, struct tg_text value)
{
    struct member member;
    uint32_t directive;

    while (take(&value, &member)) {
        if ((directive = find(timed, member.name)) != 0)
            add_timed(control, directive, &member);
        else if ((directive = find(plain, member.name)) != 0)
            add_plain(control, directive, &member);
    }
}

struct tg_cache_control tg_cache_control_read(struct tg_headers headers, struct tg_text name)
{
    struct tg_cache_control control = {0};
    const struct tg_header *header;
    size_t at = 0;

    while ((header = tg_headers_next(headers, name, &at)) != NULL)
        tg_cache_control_add(&control, header->value);
    return control;
}

/* A targeted directive has the type that RFC 9213, 2.1 gives it, or it is not there. Those that
 * forbid something hold with whatever value but false. */
static void add_targeted(struct tg_cache_control *control, const struct tg_sf_member *member)
{
    uint32_t directive = find(timed, member->key);

    if (directive != 0) {
        if (member->type != TG_SF_INTEGER)
            return;
        uint32_t *delta = delta_of(control, directive);
        int64_t value = member->integer < 0 ? 0 : member->integer;
        *delta = value < TG_DELTA_MAX ? (uint32_t)value : TG_DELTA_MAX;
    } else {
        directive = find(plain, member->key);
        if (member->type == TG_SF_BOOLEAN && member->integer == 0)
            return;
    }
    control->present |= directive;
}

static bool read_targeted(struct tg_headers headers, struct tg_cache_control *control)
{
    const struct tg_text name = TG_TEXT("cdn-cache-control");
    const struct tg_header *header;
    bool any = false;
    size_t at = 0;

    while ((header = tg_headers_next(headers, name, &at)) != NULL) {
        struct tg_sf_member member;
        struct tg_text rest = header->value;
        enum tg_sf_next next;
        while ((next = tg_sf_dictionary_next(&rest, &member)) == TG_SF_MEMBER) {
            add_targeted(control, &member);
            any = true;
        }
        if (next == TG_SF_BROKEN)
            return false;
    }
    control->present |= TG_CC_TARGETED;
    return any;
}

struct tg_cache_control tg_cache_control_response(struct tg_headers headers)
{
    struct tg_cache_control control = {0};

    if (read_targeted(headers, &control))
        return control;
    return tg_cache_control_read(headers, TG_TEXT("cache-control"));
}

bool tg_cache_control_names(struct tg_text value, struct tg_text name)
{
    struct member member;

    while (take(&value, &member)) {
        uint32_t directive = find(plain, member.name);
        if (directive != TG_CC_NO_CACHE && directive != TG_CC_PRIVATE)
            continue;
        tg_list_unquote(&member.value);
        if (tg_list_names(member.value, name))
            return true;
    }
    return false;
}
