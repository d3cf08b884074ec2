#include "gate/caching.h"

#include "gate/cache_http.h"
#include "gate/cache_key.h"
#include "gate/cache_look.h"
#include "gate/cache_tap.h"
#include "tier/keep.h"

uint64_t tg_caching_now(const struct tg_inbound *inbound)
{
    return tg_timers_now(&inbound->worker->timers);
}

int64_t tg_caching_wall_ms(const struct tg_inbound *inbound)
{
    return (int64_t)(tg_timers_wall(&inbound->worker->timers) * 1e3);
}

void tg_caching_count(struct tg_caching *caching, enum tg_cache_event event)
{
    caching->event = event;
    tg_tally(&caching->inbound->worker->traffic.cache[event], 1);
}

void tg_caching_drop(struct tg_caching *caching)
{
    if (caching->entry != NULL)
        tg_entry_release(caching->entry);
    caching->entry = NULL;
    caching->has = false;
}

enum tg_cached tg_caching_answer(struct tg_caching *caching, enum tg_cache_event event)
{
    uint64_t now = tg_caching_now(caching->inbound), until = caching->entry->is.fresh_ms;

    caching->has = true;
    caching->status.has_ttl = true;
    caching->status.ttl =
        until >= now ? (int64_t)((until - now) / 1000) : -(int64_t)((now - until + 999) / 1000);
    if (caching->entry->is.by_http && until <= now)
        caching->status.ttl =
            tg_cache_ttl(&caching->entry->is.rules, tg_caching_wall_ms(caching->inbound));
    if (event == TG_EVENT_STALE && caching->status.ttl > 0) {
        caching->status.ttl = 0; /* by a soft purge, before its time */
        caching->status.detail = TG_TEXT("purged");
    }
    tg_caching_count(caching, event);
    return TG_CACHED_HAS;
}

void tg_caching_set_key(struct tg_caching *caching, const char *base, size_t len)
{
    h2o_mem_pool_t *pool = &caching->inbound->request.run.pool;

    caching->key = tg_text(h2o_strdup(pool, base, len).base, len);
    caching->hash = tg_cache_hash(caching->inbound->worker->gate->cache, caching->key);
}

enum tg_cached tg_caching_pass_by(struct tg_caching *caching, enum tg_cache_fwd why)
{
    caching->status.fwd = why;
    caching->key = tg_text("", 0);
    tg_caching_count(caching, TG_EVENT_BYPASS);
    return TG_CACHED_NOT;
}

/* ---- whether the cache has anything to do with the request */

static bool has_field(const struct tg_request *request, struct tg_text name)
{
    return tg_fields_find(request->fields, name) != NULL;
}

/* What answers one with credentials is for nobody else, unless the policy says how it is told
 * apart, or that it need not be. */
static bool is_private(const struct tg_request *request, const struct tg_cache_policy *policy)
{
    if (policy->shared)
        return false;
    return (!policy->keys_authorization && has_field(request, TG_TEXT("authorization"))) ||
           (!policy->keys_cookies && has_field(request, TG_TEXT("cookie")));
}

static bool has_method(const struct tg_request *request, const struct tg_cache_policy *policy)
{
    struct tg_text method = tg_text(request->method.base, request->method.len);

    for (size_t i = 0; i < policy->method_count; i++)
        if (tg_text_is(method, policy->methods[i]))
            return true;
    return false;
}

enum tg_cached tg_caching_begin(struct tg_inbound *inbound,
                                void (*proceed)(struct tg_inbound *inbound))
{
    const struct tg_cache_policy *policy = inbound->route->cache;
    struct tg_request *request = &inbound->request;
    struct tg_buffer *key = &inbound->worker->key;
    struct tg_caching *caching = h2o_mem_alloc_pool(&request->run.pool, sizeof(*caching));

    *caching = (struct tg_caching){
        .inbound = inbound,
        .policy = policy,
        .proceed = proceed,
        .key = {"", 0},
        .share = {.link = inbound->worker->tier},
    };
    inbound->caching = caching;
    if (!has_method(request, policy))
        return tg_caching_pass_by(caching, TG_FWD_METHOD);
    if (is_private(request, policy))
        return tg_caching_pass_by(caching, TG_FWD_BYPASS);
    tg_buffer_clear(key, 65536);
    key->limit = TG_CACHE_KEY_MOST;
    key->full = false;
    if (!tg_cache_key_write(inbound, policy, key))
        return tg_caching_pass_by(caching, TG_FWD_BYPASS);
    tg_caching_set_key(caching, key->base, key->len);
    caching->primary = caching->key;
    return tg_cache_look(caching);
}

void tg_caching_adopt(struct tg_inbound *inbound, const struct tg_caching *from,
                      struct tg_flight *flight)
{
    struct tg_caching *caching = h2o_mem_alloc_pool(&inbound->request.run.pool, sizeof(*caching));

    *caching = (struct tg_caching){.inbound = inbound,
                                   .policy = from->policy,
                                   .hash = from->hash,
                                   .flight = flight,
                                   .entry = tg_entry_hold(from->entry),
                                   .asked_ms = tg_caching_wall_ms(inbound),
                                   .share = {.link = inbound->worker->tier, .refreshes = true}};
    inbound->caching = caching;
    tg_share_mark(&caching->share, inbound->worker->gate->cache);
    tg_caching_set_key(caching, from->primary.base, from->primary.len);
    caching->primary = caching->key;
    tg_caching_set_key(caching, from->key.base, from->key.len);
    tg_caching_count(caching, TG_EVENT_REVALIDATED);
}

/* ---- what was made */

static bool is_of_use_to_fail(const struct tg_caching *caching)
{
    if (caching->entry->is.by_http)
        return tg_cache_http_stands_in(caching);
    return caching->entry->is.sick_ms > tg_caching_now(caching->inbound);
}

bool tg_caching_fail(struct tg_inbound *inbound, int status)
{
    struct tg_caching *caching = inbound->caching;

    if (caching == NULL)
        return false;
    caching->status.fwd_status = (unsigned)status;
    bool stands_in = caching->entry != NULL && !caching->has && is_of_use_to_fail(caching);
    struct tg_flight *flight = caching->flight;
    caching->flight = NULL;
    tg_tier_unlock(&caching->share);
    if (!stands_in) {
        if (flight != NULL)
            tg_flight_fail(flight);
        return false;
    }
    atomic_store(&caching->entry->retry_ms, tg_caching_now(inbound) + caching->policy->retry_ms);
    if (flight != NULL)
        tg_flight_land(flight, caching->entry);
    struct tg_cache_status was = caching->status;
    tg_caching_answer(caching, TG_EVENT_STALE);
    caching->status.fwd = TG_FWD_STALE;
    caching->status.fwd_status = was.fwd_status;
    return true;
}

bool tg_caching_must_repeat(struct tg_inbound *inbound)
{
    struct tg_caching *caching = inbound->caching;

    if (caching == NULL || !caching->policy->http || caching->entry == NULL || caching->has ||
        inbound->request.response.status != 304 || tg_cache_http_is_for(caching))
        return false;
    tg_caching_drop(caching);
    return true;
}

bool tg_caching_take(struct tg_inbound *inbound)
{
    struct tg_caching *caching = inbound->caching;

    if (caching->policy->http)
        tg_cache_http_invalidate(caching);
    int status = inbound->request.response.status;
    if (caching->policy->http && tg_cache_http_freshen(caching)) {
        struct tg_cache_status was = caching->status;
        tg_caching_answer(caching, TG_EVENT_REVALIDATED);
        caching->status.fwd = was.fwd;
        caching->status.fwd_status = (unsigned)status;
        caching->status.stored = was.stored;
        return false;
    }
    switch (caching->policy->http ? tg_cache_http_judge(caching) : tg_cache_judge(caching)) {
    case TG_CACHE_FAILS:
        return !tg_caching_fail(inbound, inbound->request.response.status);
    case TG_CACHE_PASSES:
        tg_cache_pass(caching);
        break;
    case TG_CACHE_KEEPS:
        if (inbound->request.response.source != NULL)
            tg_cache_tap_start(caching);
        else
            tg_cache_keep(caching, inbound->request.response.body);
        break;
    }
    return true;
}

void tg_caching_leave(struct tg_inbound *inbound)
{
    if (inbound->caching == NULL)
        return;
    tg_tier_find_cancel(&inbound->caching->share);
    tg_waiter_cancel(&inbound->caching->waiter);
}

void tg_caching_end(struct tg_inbound *inbound)
{
    struct tg_caching *caching = inbound->caching;

    if (caching == NULL)
        return;
    tg_caching_leave(inbound);
    if (caching->tap != NULL)
        tg_cache_tap_end(caching->tap);
    if (caching->flight != NULL)
        tg_flight_yield(caching->flight);
    caching->flight = NULL;
    tg_tier_unlock(&caching->share);
    tg_caching_drop(caching);
}
