#include "gate/cache_look.h"

#include "gate/cache_http.h"
#include "gate/cache_keep.h"
#include "gate/cache_refresh.h"
#include "tier/find.h"

/* In the order of a request: tg_cache_look → on_found, on_news. */
static void on_found(struct tg_share *share, enum tg_tier_found found, struct tg_entry *entry);
static void on_news(struct tg_waiter *waiter);

static const struct tg_tier_asker asker = {.judge = tg_cache_judge_found, .on_end = on_found};

static struct tg_gate *gate_of(const struct tg_caching *caching)
{
    return caching->inbound->worker->gate;
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
    tg_caching_set_key(caching, key.base, key.len);
    tg_buffer_dispose(&key);
    tg_caching_drop(caching);
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
        tg_caching_drop(caching);
    tg_caching_count(caching, caching->entry != NULL ? TG_EVENT_REVALIDATED : TG_EVENT_BYPASS);
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
        tg_caching_drop(caching);
        caching->entry = found;
        tg_flight_land(caching->flight, found);
        caching->flight = NULL;
        return tg_caching_answer(caching, TG_EVENT_HIT);
    }
    if (found != NULL)
        tg_entry_release(found);
    if (asks_tier(caching) &&
        tg_tier_find(&caching->share, &asker, caching->key, &caching->inbound->request.run.pool))
        return TG_CACHED_WAIT;
    tg_caching_count(caching,
                     caching->status.fwd == TG_FWD_STALE ? TG_EVENT_REVALIDATED : TG_EVENT_MISS);
    return TG_CACHED_NOT;
}

/* The same by the rules of HTTP: what the entry, if there is one, says of itself and the request
 * of what it takes. */
static enum tg_cached look_by_http(struct tg_caching *caching, bool soft)
{
    switch (tg_cache_http_use(caching, soft)) {
    case TG_CACHE_SERVE:
        return tg_caching_answer(caching,
                                 caching->entry->is.fresh_ms > tg_caching_now(caching->inbound)
                                     ? TG_EVENT_HIT
                                     : TG_EVENT_STALE);
    case TG_CACHE_SERVE_REFRESH:
        if (atomic_load(&caching->entry->retry_ms) <= tg_caching_now(caching->inbound))
            tg_cache_refresh(caching);
        return tg_caching_answer(caching, TG_EVENT_STALE);
    case TG_CACHE_STALE:
        if (caching->entry != NULL)
            caching->status.fwd = TG_FWD_STALE;
        break;
    case TG_CACHE_ASKED:
        caching->status.fwd = TG_FWD_REQUEST;
        break;
    case TG_CACHE_UNAVAILABLE:
        tg_caching_drop(caching);
        caching->unavailable = true;
        caching->status.detail = TG_TEXT("only-if-cached");
        return tg_caching_pass_by(caching, TG_FWD_URI_MISS);
    }
    if (!tg_cache_http_wants_part(caching))
        return join(caching);
    tg_caching_drop(caching);
    return tg_caching_pass_by(caching, TG_FWD_PARTIAL);
}

enum tg_cached tg_cache_look(struct tg_caching *caching)
{
    uint64_t now = tg_caching_now(caching->inbound);
    bool soft = false;

    tg_share_mark(&caching->share, gate_of(caching)->cache);
    caching->asked_ms = tg_caching_wall_ms(caching->inbound);
    caching->status = (struct tg_cache_status){.fwd = TG_FWD_NONE};
    if (find(caching, &soft)) {
        struct tg_entry *entry = caching->entry;
        bool fresh = !soft && entry->is.fresh_ms > now;
        caching->status.fwd = TG_FWD_NONE;
        if (entry->is.kind == TG_ENTRY_PASS && fresh) {
            tg_caching_drop(caching);
            caching->status.fwd = TG_FWD_URI_MISS;
            tg_caching_count(caching, TG_EVENT_BYPASS);
            return TG_CACHED_NOT;
        }
        if (entry->is.by_http)
            return look_by_http(caching, soft);
        if (entry->is.kind == TG_ENTRY_RESPONSE && fresh)
            return tg_caching_answer(caching, TG_EVENT_HIT);
        if (entry->is.kind == TG_ENTRY_RESPONSE && is_of_use(caching, now))
            return tg_caching_answer(caching, TG_EVENT_STALE);
        caching->status.fwd = TG_FWD_STALE;
        if (entry->is.kind != TG_ENTRY_RESPONSE || entry->is.sick_ms <= now ||
            entry->is.sick_ms <= entry->is.fresh_ms)
            tg_caching_drop(caching);
    }
    if (caching->policy->http && caching->entry == NULL)
        return look_by_http(caching, false);
    return join(caching);
}

/* ---- the second level */

static bool is_answer_by_http(struct tg_caching *caching, struct tg_entry *entry, bool soft)
{
    struct tg_entry *before = caching->entry;

    caching->entry = entry;
    enum tg_cache_use use = tg_cache_http_use(caching, soft);
    caching->entry = before;
    return use == TG_CACHE_SERVE || (use == TG_CACHE_SERVE_REFRESH && !caching->share.refreshes);
}

enum tg_tier_worth tg_cache_judge_found(struct tg_share *share, struct tg_entry *entry, bool soft)
{
    struct tg_caching *caching = H2O_STRUCT_FROM_MEMBER(struct tg_caching, share, share);
    uint64_t now = tg_caching_now(caching->inbound);

    switch (entry->is.kind) {
    case TG_ENTRY_VARY:
        return TG_TIER_WORTH_ANSWER;
    case TG_ENTRY_PASS:
        return entry->is.fresh_ms > now ? TG_TIER_WORTH_ANSWER : TG_TIER_WORTH_NOTHING;
    case TG_ENTRY_VALUE:
        return TG_TIER_WORTH_NOTHING;
    case TG_ENTRY_RESPONSE:
        if (!entry->is.by_http)
            return tg_tier_worth(share, entry, soft, now);
        return is_answer_by_http(caching, entry, soft) ? TG_TIER_WORTH_ANSWER
                                                       : TG_TIER_WORTH_RESERVE;
    }
    return TG_TIER_WORTH_NOTHING;
}

/* What was found is in the memory now, and answers as if it had always been there. */
static enum tg_cached take_found(struct tg_caching *caching, struct tg_entry *entry)
{
    struct tg_flight *flight = caching->flight;

    caching->flight = NULL;
    if (entry->is.kind == TG_ENTRY_PASS)
        tg_flight_scatter(flight);
    else
        tg_flight_land(flight, entry);
    tg_caching_drop(caching);
    enum tg_cached result = tg_cache_look(caching);
    if (result == TG_CACHED_HAS)
        caching->status.detail = TG_TEXT("redis");
    return result;
}

/* A stale one helps if it comes to the worst, or to be told that it is still right. */
static void take_reserve(struct tg_caching *caching, struct tg_entry *entry)
{
    caching->status.fwd = TG_FWD_STALE;
    if (entry->is.by_http || entry->is.sick_ms > tg_caching_now(caching->inbound)) {
        tg_caching_drop(caching);
        caching->entry = entry;
    } else {
        tg_entry_release(entry);
    }
}

static void on_found(struct tg_share *share, enum tg_tier_found found, struct tg_entry *entry)
{
    struct tg_caching *caching = H2O_STRUCT_FROM_MEMBER(struct tg_caching, share, share);
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
        tg_caching_count(caching, caching->status.fwd == TG_FWD_STALE ? TG_EVENT_REVALIDATED
                                                                      : TG_EVENT_MISS);
    }
    if (result != TG_CACHED_WAIT)
        caching->proceed(caching->inbound);
}

/* ---- waiting */

/* What another request has made: an answer, or the names of the fields by which answers differ. */
static enum tg_cached take_landed(struct tg_caching *caching, struct tg_entry *entry)
{
    tg_caching_drop(caching);
    caching->entry = entry;
    if (entry->is.kind == TG_ENTRY_VARY) {
        tg_caching_drop(caching);
        tg_caching_set_key(caching, caching->primary.base, caching->primary.len);
        return tg_cache_look(caching);
    }
    caching->status = (struct tg_cache_status){.fwd = TG_FWD_NONE};
    enum tg_cached result = tg_caching_answer(caching, TG_EVENT_COLLAPSED);
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
        tg_share_mark(&caching->share, gate_of(caching)->cache);
        tg_caching_count(caching, TG_EVENT_MISS);
        break;
    case TG_FLIGHT_ALONE:
        tg_share_mark(&caching->share, gate_of(caching)->cache);
        tg_caching_count(caching, TG_EVENT_BYPASS);
        break;
    }
    if (result != TG_CACHED_WAIT)
        caching->proceed(caching->inbound);
}
