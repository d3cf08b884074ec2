#include "gate/caching.h"

#include "base/clock.h"
#include "gate/cache_http.h"
#include "gate/cache_key.h"
#include "gate/cache_refresh.h"
#include "gate/cache_tap.h"
#include "gate/tier_find.h"
#include "gate/tier_keep.h"

/* In the order of a request: tg_caching_begin → on_found, on_news → tg_caching_take →
 * tg_caching_end. */
static void on_found(struct tg_caching *caching, enum tg_tier_found found, struct tg_entry *entry);
static void on_news(struct tg_waiter *waiter);

static struct tg_gate *gate_of(const struct tg_caching *caching)
{
    return caching->inbound->worker->gate;
}

uint64_t tg_caching_now(const struct tg_inbound *inbound)
{
    return tg_timers_now(&inbound->worker->timers);
}

int64_t tg_caching_wall_ms(const struct tg_inbound *inbound)
{
    return (int64_t)(tg_timers_wall(&inbound->worker->timers) * 1e3);
}

void tg_caching_mark(struct tg_caching *caching)
{
    caching->shared_epoch = tg_tier_epoch(caching->inbound->worker);
    caching->epoch = tg_cache_epoch(gate_of(caching)->cache);
}

static void count(struct tg_caching *caching, enum tg_cache_event event)
{
    caching->event = event;
    tg_tally(&caching->inbound->worker->traffic.cache[event], 1);
}

static void drop_entry(struct tg_caching *caching)
{
    if (caching->entry != NULL)
        tg_entry_release(caching->entry);
    caching->entry = NULL;
    caching->has = false;
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

static enum tg_cached pass_by(struct tg_caching *caching, enum tg_cache_fwd why)
{
    caching->status.fwd = why;
    caching->key = tg_text("", 0);
    count(caching, TG_EVENT_BYPASS);
    return TG_CACHED_NOT;
}

/* ---- looking up */

static enum tg_cached has(struct tg_caching *caching, enum tg_cache_event event)
{
    uint64_t now = tg_caching_now(caching->inbound), until = caching->entry->is.fresh_ms;

    caching->has = true;
    caching->status.has_ttl = true;
    caching->status.ttl =
        until >= now ? (int64_t)((until - now) / 1000) : -(int64_t)((now - until + 999) / 1000);
    if (caching->entry->is.by_http && until <= now)
        caching->status.ttl =
            tg_cache_ttl(&caching->entry->is.rules, tg_caching_wall_ms(caching->inbound));
    count(caching, event);
    return TG_CACHED_HAS;
}

static void set_key(struct tg_caching *caching, const char *base, size_t len)
{
    h2o_mem_pool_t *pool = &caching->inbound->request.run.pool;

    caching->key = tg_text(h2o_strdup(pool, base, len).base, len);
    caching->hash = tg_cache_hash(gate_of(caching)->cache, caching->key);
}

/* The entry says by which fields of requests the answers differ: the key gets their values. */
static void extend_key(struct tg_caching *caching)
{
    const struct tg_request *request = &caching->inbound->request;
    struct tg_headers headers = {(const struct tg_header *)request->fields.list,
                                 request->fields.count};
    struct tg_buffer key = {.limit = 0};

    tg_buffer_append(&key, caching->key.base, caching->key.len);
    tg_cache_vary_key(caching->entry, headers, &key);
    set_key(caching, key.base, key.len);
    tg_buffer_dispose(&key);
    drop_entry(caching);
}

/* Finds what is under the key, through the entry that names the variants. */
static bool find(struct tg_caching *caching, bool *soft)
{
    struct tg_cache *cache = gate_of(caching)->cache;

    caching->status.fwd = TG_FWD_URI_MISS;
    caching->entry = tg_cache_get(cache, caching->key, caching->hash, soft);
    if (caching->entry != NULL && caching->entry->is.kind == TG_ENTRY_VARY) {
        extend_key(caching);
        caching->status.fwd = TG_FWD_VARY_MISS;
        caching->entry = tg_cache_get(cache, caching->key, caching->hash, soft);
    }
    return caching->entry != NULL;
}

/* Whether the entry answers, though it is stale; a fresh one is fetched for later. */
static bool is_of_use(struct tg_caching *caching, uint64_t now)
{
    struct tg_entry *entry = caching->entry;
    bool resting = atomic_load(&entry->retry_ms) > now;

    if (entry->is.stale_ms > entry->is.fresh_ms && entry->is.stale_ms > now) {
        if (!resting)
            tg_cache_refresh(caching);
        return true;
    }
    return resting && entry->is.sick_ms > now;
}

static bool is_get(const struct tg_caching *caching)
{
    h2o_iovec_t method = caching->inbound->request.method;

    return !h2o_memis(method.base, method.len, H2O_STRLIT("HEAD"));
}

/* Once a key, and not when the client wants it from the backend. */
static bool asks_tier(struct tg_caching *caching)
{
    bool asks = caching->status.fwd != TG_FWD_REQUEST &&
                !(caching->asked_redis && caching->asked_hash == caching->hash);

    caching->asked_redis = true;
    caching->asked_hash = caching->hash;
    return asks;
}

/* What answers HEAD is not kept, but may say that what is stored is still right. */
static enum tg_cached pass_head(struct tg_caching *caching)
{
    if (caching->entry != NULL && !caching->entry->is.by_http)
        drop_entry(caching);
    count(caching, caching->entry != NULL ? TG_EVENT_REVALIDATED : TG_EVENT_BYPASS);
    return TG_CACHED_NOT;
}

/* Asks those who make the same answer; whoever leads looks once more, for the one before may have
 * kept it meanwhile. */
static enum tg_cached join(struct tg_caching *caching)
{
    struct tg_gate *gate = gate_of(caching);
    bool soft;

    if (!is_get(caching))
        return pass_head(caching);
    caching->waiter.on_news = on_news;
    caching->flight = tg_flight_join(gate->flights, caching->key, caching->hash,
                                     &caching->inbound->worker->inbox, &caching->waiter);
    if (caching->flight == NULL)
        return TG_CACHED_WAIT;
    struct tg_entry *found = tg_cache_get(gate->cache, caching->key, caching->hash, &soft);
    bool is_new = found != NULL && caching->status.fwd != TG_FWD_REQUEST &&
                  found->is.kind == TG_ENTRY_RESPONSE && !soft &&
                  found->is.fresh_ms > tg_caching_now(caching->inbound);
    if (is_new) {
        drop_entry(caching);
        caching->entry = found;
        tg_flight_land(caching->flight, found);
        caching->flight = NULL;
        return has(caching, TG_EVENT_HIT);
    }
    if (found != NULL)
        tg_entry_release(found);
    if (asks_tier(caching) && tg_tier_find(caching, on_found))
        return TG_CACHED_WAIT;
    count(caching, caching->status.fwd == TG_FWD_STALE ? TG_EVENT_REVALIDATED : TG_EVENT_MISS);
    return TG_CACHED_NOT;
}

/* The same by the rules of HTTP: what the entry, if there is one, says of itself and the request
 * of what it takes. */
static enum tg_cached look_by_http(struct tg_caching *caching, bool soft)
{
    switch (tg_cache_http_use(caching, soft)) {
    case TG_CACHE_SERVE:
        return has(caching, caching->entry->is.fresh_ms > tg_caching_now(caching->inbound)
                                ? TG_EVENT_HIT
                                : TG_EVENT_STALE);
    case TG_CACHE_SERVE_REFRESH:
        if (atomic_load(&caching->entry->retry_ms) <= tg_caching_now(caching->inbound))
            tg_cache_refresh(caching);
        return has(caching, TG_EVENT_STALE);
    case TG_CACHE_STALE:
        if (caching->entry != NULL)
            caching->status.fwd = TG_FWD_STALE;
        break;
    case TG_CACHE_ASKED:
        caching->status.fwd = TG_FWD_REQUEST;
        break;
    case TG_CACHE_UNAVAILABLE:
        drop_entry(caching);
        caching->unavailable = true;
        caching->status.detail = TG_TEXT("only-if-cached");
        return pass_by(caching, TG_FWD_URI_MISS);
    }
    if (!tg_cache_http_wants_part(caching))
        return join(caching);
    drop_entry(caching);
    return pass_by(caching, TG_FWD_PARTIAL);
}

static enum tg_cached look(struct tg_caching *caching)
{
    uint64_t now = tg_caching_now(caching->inbound);
    bool soft = false;

    tg_caching_mark(caching);
    caching->asked_ms = tg_caching_wall_ms(caching->inbound);
    caching->status = (struct tg_cache_status){.fwd = TG_FWD_NONE};
    if (find(caching, &soft)) {
        struct tg_entry *entry = caching->entry;
        bool fresh = !soft && entry->is.fresh_ms > now;
        caching->status.fwd = TG_FWD_NONE;
        if (entry->is.kind == TG_ENTRY_PASS && fresh) {
            drop_entry(caching);
            caching->status.fwd = TG_FWD_URI_MISS;
            count(caching, TG_EVENT_BYPASS);
            return TG_CACHED_NOT;
        }
        if (entry->is.by_http)
            return look_by_http(caching, soft);
        if (entry->is.kind == TG_ENTRY_RESPONSE && fresh)
            return has(caching, TG_EVENT_HIT);
        if (entry->is.kind == TG_ENTRY_RESPONSE && is_of_use(caching, now))
            return has(caching, TG_EVENT_STALE);
        caching->status.fwd = TG_FWD_STALE;
        if (entry->is.kind != TG_ENTRY_RESPONSE || entry->is.sick_ms <= now ||
            entry->is.sick_ms <= entry->is.fresh_ms)
            drop_entry(caching);
    }
    if (caching->policy->http && caching->entry == NULL)
        return look_by_http(caching, false);
    return join(caching);
}

enum tg_cached tg_caching_begin(struct tg_inbound *inbound,
                                void (*proceed)(struct tg_inbound *inbound))
{
    const struct tg_cache_policy *policy = inbound->route->cache;
    struct tg_request *request = &inbound->request;
    struct tg_buffer *key = &inbound->worker->key;
    struct tg_caching *caching = h2o_mem_alloc_pool(&request->run.pool, sizeof(*caching));

    *caching = (struct tg_caching){
        .inbound = inbound, .policy = policy, .proceed = proceed, .key = {"", 0}};
    inbound->caching = caching;
    if (!has_method(request, policy))
        return pass_by(caching, TG_FWD_METHOD);
    if (is_private(request, policy))
        return pass_by(caching, TG_FWD_BYPASS);
    tg_buffer_clear(key, 65536);
    key->limit = TG_CACHE_KEY_MOST;
    key->full = false;
    if (!tg_cache_key_write(inbound, policy, key))
        return pass_by(caching, TG_FWD_BYPASS);
    set_key(caching, key->base, key->len);
    caching->primary = caching->key;
    return look(caching);
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
                                   .refreshes = true};
    inbound->caching = caching;
    tg_caching_mark(caching);
    set_key(caching, from->primary.base, from->primary.len);
    caching->primary = caching->key;
    set_key(caching, from->key.base, from->key.len);
    count(caching, TG_EVENT_REVALIDATED);
}

/* ---- the second level */

/* What was found is in the memory now, and answers as if it had always been there. */
static enum tg_cached take_found(struct tg_caching *caching, struct tg_entry *entry)
{
    struct tg_flight *flight = caching->flight;

    caching->flight = NULL;
    if (entry->is.kind == TG_ENTRY_PASS)
        tg_flight_scatter(flight);
    else
        tg_flight_land(flight, entry);
    drop_entry(caching);
    enum tg_cached result = look(caching);
    if (result == TG_CACHED_HAS)
        caching->status.detail = TG_TEXT("redis");
    return result;
}

/* A stale one helps if it comes to the worst, or to be told that it is still right. */
static void take_reserve(struct tg_caching *caching, struct tg_entry *entry)
{
    caching->status.fwd = TG_FWD_STALE;
    if (entry->is.by_http || entry->is.sick_ms > tg_caching_now(caching->inbound)) {
        drop_entry(caching);
        caching->entry = entry;
    } else {
        tg_entry_release(entry);
    }
}

static void on_found(struct tg_caching *caching, enum tg_tier_found found, struct tg_entry *entry)
{
    enum tg_cached result = TG_CACHED_NOT;
    bool fits = entry != NULL && tg_cache_put(gate_of(caching)->cache, entry);

    if (fits && found == TG_TIER_FOUND_ANSWER) {
        result = take_found(caching, entry);
        tg_entry_release(entry);
    } else {
        if (fits)
            take_reserve(caching, entry);
        else if (entry != NULL)
            tg_entry_release(entry);
        caching->asked_ms = tg_caching_wall_ms(caching->inbound);
        count(caching, caching->status.fwd == TG_FWD_STALE ? TG_EVENT_REVALIDATED : TG_EVENT_MISS);
    }
    if (result != TG_CACHED_WAIT)
        caching->proceed(caching->inbound);
}

/* ---- waiting */

/* What another request has made: an answer, or the names of the fields by which answers differ. */
static enum tg_cached take_landed(struct tg_caching *caching, struct tg_entry *entry)
{
    drop_entry(caching);
    caching->entry = entry;
    if (entry->is.kind == TG_ENTRY_VARY) {
        drop_entry(caching);
        set_key(caching, caching->primary.base, caching->primary.len);
        return look(caching);
    }
    caching->status = (struct tg_cache_status){.fwd = TG_FWD_NONE};
    enum tg_cached result = has(caching, TG_EVENT_COLLAPSED);
    caching->status.collapsed = true;
    return result;
}

static void on_news(struct tg_waiter *waiter)
{
    struct tg_caching *caching = H2O_STRUCT_FROM_MEMBER(struct tg_caching, waiter, waiter);
    enum tg_cached result = TG_CACHED_NOT;

    switch (waiter->news) {
    case TG_FLIGHT_LANDED:
        result = take_landed(caching, waiter->entry);
        break;
    case TG_FLIGHT_LEAD:
        caching->flight = waiter->flight;
        caching->asked_ms = tg_caching_wall_ms(caching->inbound);
        tg_caching_mark(caching);
        count(caching, TG_EVENT_MISS);
        break;
    case TG_FLIGHT_ALONE:
        tg_caching_mark(caching);
        count(caching, TG_EVENT_BYPASS);
        break;
    }
    if (result != TG_CACHED_WAIT)
        caching->proceed(caching->inbound);
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
    tg_tier_unlock(caching);
    if (!stands_in) {
        if (flight != NULL)
            tg_flight_fail(flight);
        return false;
    }
    atomic_store(&caching->entry->retry_ms, tg_caching_now(inbound) + caching->policy->retry_ms);
    if (flight != NULL)
        tg_flight_land(flight, caching->entry);
    struct tg_cache_status was = caching->status;
    has(caching, TG_EVENT_STALE);
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
    drop_entry(caching);
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
        has(caching, TG_EVENT_REVALIDATED);
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
    tg_tier_find_cancel(inbound->caching);
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
    tg_tier_unlock(caching);
    drop_entry(caching);
}
