#include "gate/traffic.h"

static const struct {
    const char *name;
    int status;
} reasons[TG_REFUSED_COUNT] = {
    [TG_REFUSED_MALFORMED] = {"malformed", 400},
    [TG_REFUSED_HEAD] = {"head", 431},
    [TG_REFUSED_FIELDS] = {"fields", 431},
    [TG_REFUSED_URL] = {"url", 414},
    [TG_REFUSED_BODY] = {"body", 413},
    [TG_REFUSED_BODIES] = {"bodies", 503},
    [TG_REFUSED_EXPECTATION] = {"expectation", 417},
    [TG_REFUSED_SLOW_HEAD] = {"slow_head", 408},
    [TG_REFUSED_SLOW_BODY] = {"slow_body", 408},
    [TG_REFUSED_SLOW_READER] = {"slow_reader", 0},
    [TG_REFUSED_ROOM] = {"room", 0},
};

const char *tg_cache_event_name(enum tg_cache_event event)
{
    static const char *const names[TG_EVENTS] = {"bypass",      "hit",       "miss", "stale",
                                                 "revalidated", "collapsed", "store"};

    return names[event];
}

const char *tg_refused_name(enum tg_refused reason)
{
    return reasons[reason].name;
}

int tg_refused_status(enum tg_refused reason)
{
    return reasons[reason].status;
}

enum tg_refused tg_refused_of_status(int status)
{
    return status == 413   ? TG_REFUSED_BODY
           : status == 417 ? TG_REFUSED_EXPECTATION
                           : TG_REFUSED_MALFORMED;
}

static size_t step_of(uint64_t duration_us)
{
    size_t step = duration_us == 0 ? 0 : 64 - (size_t)__builtin_clzll(duration_us);

    return step < TG_LATENCY_STEPS ? step : TG_LATENCY_STEPS - 1;
}

void tg_traffic_request(struct tg_traffic *traffic, int status, uint64_t bytes_out,
                        uint64_t duration_us)
{
    tg_tally(&traffic->requests, 1);
    tg_tally(&traffic->bytes_out, bytes_out);
    tg_tally(&traffic->latency_us, duration_us);
    tg_tally(&traffic->latency[step_of(duration_us)], 1);
    if (status == 499)
        tg_tally(&traffic->gone, 1);
    if (status >= 100 && status < 600)
        tg_tally(&traffic->by_class[status / 100], 1);
}

void tg_traffic_add(struct tg_traffic *sum, const struct tg_traffic *from)
{
    const tg_counter *counters = (const tg_counter *)from;
    tg_counter *sums = (tg_counter *)sum;

    for (size_t i = 0; i < sizeof(*from) / sizeof(tg_counter); i++)
        tg_tally(&sums[i], atomic_load_explicit(&counters[i], memory_order_relaxed));
}

uint64_t tg_traffic_latency(const struct tg_traffic *traffic, double share)
{
    uint64_t all = 0, seen = 0;

    for (size_t i = 0; i < TG_LATENCY_STEPS; i++)
        all += traffic->latency[i];
    for (size_t i = 0; i < TG_LATENCY_STEPS; i++) {
        seen += traffic->latency[i];
        if (all != 0 && (double)seen >= share * (double)all)
            return (uint64_t)1 << i;
    }
    return 0;
}
