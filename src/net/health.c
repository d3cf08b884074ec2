#include "net/health.h"

static uint64_t until_of(const struct tg_health *health)
{
    return atomic_load_explicit(&health->until_ms, memory_order_relaxed);
}

enum tg_health_state tg_health_state(const struct tg_health *health, uint64_t now_ms)
{
    uint64_t until_ms = until_of(health);

    if (until_ms == 0)
        return TG_HEALTH_WELL;
    if (now_ms < until_ms || atomic_load_explicit(&health->probing, memory_order_relaxed))
        return TG_HEALTH_OUT;
    return TG_HEALTH_DUE;
}

bool tg_health_probe(struct tg_health *health, uint64_t now_ms)
{
    if (atomic_exchange(&health->probing, true))
        return false;
    uint64_t until_ms = until_of(health); /* another probe may just have decided */
    if (until_ms != 0 && now_ms >= until_ms)
        return true;
    atomic_store(&health->probing, false);
    return false;
}

/* Nearly always there is nothing to write, so that threads don't take the line from each other. */
void tg_health_good(struct tg_health *health)
{
    if (atomic_load_explicit(&health->failures, memory_order_relaxed) == 0 && until_of(health) == 0)
        return;
    atomic_store(&health->failures, 0);
    atomic_store(&health->times, 0);
    atomic_store(&health->until_ms, 0);
    atomic_store(&health->probing, false);
}

static uint64_t time_out_ms(const struct tg_eject *eject, uint32_t times)
{
    uint64_t ms = (uint64_t)eject->time_ms << (times < 20 ? times : 20);

    return ms < eject->most_ms ? ms : eject->most_ms;
}

static void leave_out(struct tg_health *health, const struct tg_eject *eject, uint64_t now_ms)
{
    uint32_t times = atomic_fetch_add(&health->times, 1);

    atomic_fetch_add(&health->ejections, 1);
    atomic_store(&health->until_ms, now_ms + time_out_ms(eject, times));
}

/* Calls that began before it was left out may fail after that: they change nothing. */
void tg_health_bad(struct tg_health *health, const struct tg_eject *eject, uint64_t now_ms,
                   bool probe)
{
    uint32_t failures = atomic_fetch_add(&health->failures, 1) + 1;

    if (probe) {
        leave_out(health, eject, now_ms);
        atomic_store(&health->probing, false);
    } else if (eject->failures != 0 && failures == eject->failures && until_of(health) == 0) {
        leave_out(health, eject, now_ms);
    }
}

void tg_health_unknown(struct tg_health *health)
{
    atomic_store(&health->probing, false);
}

bool tg_health_is_out(const struct tg_health *health)
{
    return until_of(health) != 0;
}

uint64_t tg_health_ejections(const struct tg_health *health)
{
    return atomic_load_explicit(&health->ejections, memory_order_relaxed);
}
