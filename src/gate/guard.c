#include "gate/guard.h"

struct sum {
    uint64_t answered, failed;
};

static void add(struct sum *sum, const struct tg_edition *edition, unsigned workers, size_t route)
{
    for (unsigned i = 0; i < workers; i++) {
        const struct tg_outcome *outcome = tg_edition_outcome(edition, i, route);
        sum->answered += atomic_load_explicit(&outcome->answered, memory_order_relaxed);
        sum->failed += atomic_load_explicit(&outcome->failed, memory_order_relaxed);
    }
}

static bool has_changed(const struct tg_edition *now, const struct tg_edition *before, size_t route)
{
    size_t old = now->ancestors[route];

    return old == TG_NO_ROUTE ||
           memcmp(now->prints[route], before->prints[old], sizeof(now->prints[route])) != 0;
}

static double share(const struct sum *sum)
{
    return sum->answered != 0 ? (double)sum->failed / (double)sum->answered : 0;
}

bool tg_guard_trips(const struct tg_edition *now, const struct tg_edition *before, unsigned workers,
                    double errors)
{
    struct sum sum = {0, 0}, sum_before = {0, 0};
    size_t count = now->site->route_count;
    bool all = true;

    for (size_t i = 0; i < count && all; i++)
        all = !has_changed(now, before, i);
    for (size_t i = 0; i < count; i++) {
        if (!all && !has_changed(now, before, i))
            continue;
        add(&sum, now, workers, i);
        if (now->ancestors[i] != TG_NO_ROUTE)
            add(&sum_before, before, workers, now->ancestors[i]);
    }
    return sum.answered >= TG_GUARD_REQUESTS && share(&sum) > share(&sum_before) + errors;
}
