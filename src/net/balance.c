#include "net/balance.h"

#include <assert.h>

#include "net/inside.h"

static uint64_t now_of(const struct tg_backend *backend)
{
    return tg_timers_now(backend->net->timers);
}

static bool was_tried(const struct tg_choice *choice, size_t place)
{
    return (choice->tried >> place & 1) != 0;
}

static enum tg_health_state state_of(const struct tg_backend *backend, size_t place,
                                     uint64_t now_ms)
{
    return tg_health_state(&backend->config->shared->health[place], now_ms);
}

/* The next one in turn that is well; with `least`, the one of them with the fewest calls. */
static size_t choose_well(const struct tg_backend *backend, const struct tg_choice *choice)
{
    size_t count = backend->config->address_count, best = count;
    uint64_t now_ms = now_of(backend);

    for (size_t i = 0; i < count; i++) {
        size_t place = (choice->turn + i) % count;
        if (was_tried(choice, place) || state_of(backend, place, now_ms) != TG_HEALTH_WELL)
            continue;
        if (!backend->config->least)
            return place;
        if (best == count || backend->origins[place].under_way < backend->origins[best].under_way)
            best = place;
    }
    return best;
}

/* One that has been due for so long that now_ms is past it. */
static size_t choose_due(const struct tg_backend *backend, const struct tg_choice *choice,
                         uint64_t now_ms)
{
    size_t count = backend->config->address_count;

    for (size_t i = 0; i < count; i++) {
        size_t place = (choice->turn + i) % count;
        if (!was_tried(choice, place) && state_of(backend, place, now_ms) == TG_HEALTH_DUE &&
            tg_health_probe(&backend->config->shared->health[place], now_ms))
            return place;
    }
    return count;
}

static bool take(struct tg_backend *backend, struct tg_choice *choice, size_t place, bool probe)
{
    struct tg_origin *origin = &backend->origins[place];

    choice->tried |= (uint64_t)1 << place;
    choice->place = place;
    choice->probe = probe;
    tg_account_set(&origin->account->under_way, ++origin->under_way);
    tg_account_add(&origin->account->requests, 1);
    return true;
}

bool tg_balance_choose(struct tg_backend *backend, struct tg_choice *choice, bool repeatable)
{
    size_t count = backend->config->address_count;

    if (!choice->begun)
        choice->turn = backend->turn++ % count;
    choice->begun = true;
    size_t well = choose_well(backend, choice);
    uint64_t grace_ms = repeatable || well == count ? 0 : TG_PROBE_GRACE_MS;
    size_t due = choose_due(backend, choice, now_of(backend) - grace_ms);
    if (due != count)
        return take(backend, choice, due, true);
    return well != count && take(backend, choice, well, false);
}

bool tg_balance_has_more(const struct tg_backend *backend, const struct tg_choice *choice)
{
    return choose_well(backend, choice) != backend->config->address_count;
}

/* What came of no fault of the address: a lack of ours, or a limit of ours. */
static bool says_nothing(const char *code)
{
    return strcmp(code, "busy") == 0 || strcmp(code, "body_too_large") == 0;
}

static struct tg_health *leave(struct tg_backend *backend, struct tg_choice *choice)
{
    struct tg_origin *origin = &backend->origins[choice->place];

    assert(origin->under_way != 0);
    tg_account_set(&origin->account->under_way, --origin->under_way);
    return &backend->config->shared->health[choice->place];
}

void tg_balance_end(struct tg_backend *backend, struct tg_choice *choice, const char *code)
{
    struct tg_health *health = leave(backend, choice);

    if (code == NULL)
        tg_health_good(health);
    else if (!says_nothing(code))
        tg_health_bad(health, &backend->config->eject, now_of(backend), choice->probe);
    else if (choice->probe)
        tg_health_unknown(health);
    choice->probe = false;
}

void tg_balance_give_up(struct tg_backend *backend, struct tg_choice *choice)
{
    struct tg_health *health = leave(backend, choice);

    if (choice->probe)
        tg_health_unknown(health);
    choice->probe = false;
}

void tg_balance_earn(struct tg_backend *backend)
{
    uint32_t tokens = backend->retry_tokens + backend->config->retry_budget;

    backend->retry_tokens = tokens < TG_RETRY_TOKENS_MOST ? tokens : TG_RETRY_TOKENS_MOST;
}

bool tg_balance_spend(struct tg_backend *backend)
{
    if (backend->retry_tokens < TG_RETRY_TOKEN || backend->config->retry_budget == 0)
        return false;
    backend->retry_tokens -= TG_RETRY_TOKEN;
    return true;
}
