#include "gate/cache_http.h"

#include "gate/cache_fields.h"
#include "tier/keep.h"
#include "http/cache_control.h"
#include "http/list.h"
#include "http/vary.h"
#include "store/cache_url.h"

static struct tg_text text_of(h2o_iovec_t v)
{
    return tg_text(v.base, v.len);
}

static struct tg_headers headers_of(struct tg_fields fields)
{
    return (struct tg_headers){(const struct tg_header *)fields.list, fields.count};
}

static struct tg_response *response_of(const struct tg_caching *caching)
{
    return &caching->inbound->request.response;
}

/* ---- variants */

/* Variants that belong to another list of names are never found: the list is in their keys. */
void tg_cache_vary_key(const struct tg_entry *entry, struct tg_headers request,
                       struct tg_buffer *key)
{
    uint32_t len = (uint32_t)entry->is.body.len;

    tg_buffer_append(key, &len, sizeof(len));
    tg_buffer_append(key, entry->is.body.base, entry->is.body.len);
    tg_vary_key(entry->is.body, request, key);
}

static bool is_keyed(const struct tg_cache_policy *policy, struct tg_text name)
{
    for (size_t i = 0; i < policy->part_count; i++)
        if (policy->parts[i].kind == TG_KEY_HEADER && tg_text_is(policy->parts[i].name, name))
            return true;
    return false;
}

/* The fields that Vary names, but for those that are in the key anyway. */
static enum tg_vary read_variants(const struct tg_caching *caching, struct tg_buffer *names)
{
    struct tg_buffer all = {.limit = TG_VARY_MOST};
    enum tg_vary vary = tg_vary_read(headers_of(response_of(caching)->fields), &all);
    struct tg_text rest = tg_text(all.base, all.len), name;

    while (vary == TG_VARY_FIELDS && tg_list_next(&rest, &name)) {
        if (is_keyed(caching->policy, name))
            continue;
        if (names->len != 0)
            tg_buffer_put(names, ',');
        tg_buffer_append(names, name.base, name.len);
    }
    tg_buffer_dispose(&all);
    return vary;
}

/* The entry that names the fields: the one that is there already if it names the same ones. The
 * caller holds it. */
static struct tg_entry *find_variants(struct tg_caching *caching, struct tg_text names)
{
    struct tg_cache *cache = caching->inbound->worker->gate->cache;
    const struct tg_request *request = &caching->inbound->request;
    uint64_t tags[TG_CACHE_URL_TAGS];
    struct tg_entry_recipe recipe = {
        .kind = TG_ENTRY_VARY,
        .key = caching->primary,
        .url = text_of(request->path),
        .body = names,
        .tags = tags,
        .tag_count = TG_CACHE_URL_TAGS,
        .epoch = caching->share.epoch,
        .stored_ms = tg_caching_now(caching->inbound),
        .fresh_ms = UINT64_MAX,
    };
    bool soft;
    struct tg_entry *there =
        tg_cache_get(cache, recipe.key, tg_cache_hash(cache, recipe.key), &soft);

    if (there != NULL && there->is.kind == TG_ENTRY_VARY && tg_text_is(there->is.body, names))
        return there;
    if (there != NULL)
        tg_entry_release(there);
    tg_cache_url_tags(cache, text_of(request->authority), text_of(request->path),
                      text_of(request->query), tags);
    there = tg_entry_create(&recipe);
    tg_cache_put(cache, there);
    return there;
}

/* ---- whether it is kept */

/* The response itself forbids it. */
static bool is_forbidden(const struct tg_caching *caching)
{
    const struct tg_response *response = response_of(caching);
    struct tg_headers headers = headers_of(response->fields);
    uint32_t forbids = TG_CC_NO_STORE | TG_CC_PRIVATE | TG_CC_NO_CACHE;

    if (tg_headers_first(headers, TG_TEXT("set-cookie")) != NULL)
        return true;
    if (response->status == 206 || tg_headers_first(headers, TG_TEXT("content-range")) != NULL)
        return true;
    return !response->cache.said && (tg_cache_control_response(headers).present & forbids) != 0;
}

/* How long it is fresh; false: nobody has said. What its parts say bounds what the route says. */
static bool find_ttl(const struct tg_caching *caching, uint64_t *ttl_ms)
{
    const struct tg_response_cache *own = &response_of(caching)->cache;
    const struct tg_parts *parts = &caching->inbound->request.parts;
    const struct tg_cache_policy *policy = caching->policy;

    if (own->has_ttl) {
        *ttl_ms = own->ttl_ms;
        return true;
    }
    if (!policy->has_ttl && (parts->count == 0 || parts->uncached))
        return false;
    *ttl_ms = policy->has_ttl ? policy->ttl_ms : parts->least_ms;
    if (parts->count != 0 && parts->least_ms < *ttl_ms)
        *ttl_ms = parts->least_ms;
    return true;
}

static bool varies_by_all(const struct tg_caching *caching)
{
    struct tg_buffer names = {.limit = 0};
    enum tg_vary vary = read_variants(caching, &names);

    tg_buffer_dispose(&names);
    return vary == TG_VARY_ANYTHING;
}

static bool is_get(const struct tg_caching *caching)
{
    return !tg_text_is(text_of(caching->inbound->request.method), TG_TEXT("HEAD"));
}

enum tg_cache_verdict tg_cache_judge(struct tg_caching *caching)
{
    const struct tg_response *response = response_of(caching);
    uint64_t ttl_ms;

    caching->status.fwd_status = response->passed ? (unsigned)response->status : 0;
    if (response->status >= 500 &&
        (!response->cache.said || response->cache.never || caching->entry != NULL))
        return TG_CACHE_FAILS;
    if (caching->key.len == 0 || response->cache.never || !is_get(caching))
        return TG_CACHE_PASSES;
    if (!response->cache.has_ttl && !tg_cache_policy_keeps(caching->policy, response->status))
        return TG_CACHE_PASSES;
    if (!caching->policy->shared && is_forbidden(caching))
        return TG_CACHE_PASSES;
    if (!find_ttl(caching, &ttl_ms) || varies_by_all(caching))
        return TG_CACHE_PASSES;
    return TG_CACHE_KEEPS;
}

/* ---- keeping it */

static void fill_times(const struct tg_caching *caching, struct tg_entry_recipe *recipe)
{
    const struct tg_response_cache *own = &response_of(caching)->cache;
    const struct tg_cache_policy *policy = caching->policy;
    uint64_t ttl_ms = 0, stale_ms = own->has_stale ? own->stale_ms : policy->stale_ms;
    uint64_t sick_ms = own->has_sick ? own->sick_ms : policy->sick_ms;

    if (policy->http) {
        tg_cache_http_times(caching, recipe);
        return;
    }
    find_ttl(caching, &ttl_ms);
    recipe->stored_ms = tg_caching_now(caching->inbound);
    recipe->fresh_ms = recipe->stored_ms + ttl_ms;
    recipe->stale_ms = recipe->fresh_ms + stale_ms;
    recipe->sick_ms = recipe->fresh_ms + (sick_ms > stale_ms ? sick_ms : stale_ms);
}

/* By its URL, by what the script has said, by what its parts have. */
static void fill_tags(struct tg_caching *caching, struct tg_entry_recipe *recipe)
{
    struct tg_request *request = &caching->inbound->request;
    const struct tg_response_cache *own = &request->response.cache;
    const struct tg_parts *parts = &request->parts;
    size_t count = TG_CACHE_URL_TAGS + own->tag_count + parts->tag_count;
    uint64_t *tags = h2o_mem_alloc_pool(&request->run.pool, count * sizeof(*tags));

    tg_cache_url_tags(caching->inbound->worker->gate->cache, text_of(request->authority),
                      text_of(request->path), text_of(request->query), tags);
    if (own->tag_count != 0)
        memcpy(tags + TG_CACHE_URL_TAGS, own->tags, own->tag_count * sizeof(*tags));
    if (parts->tag_count != 0)
        memcpy(tags + TG_CACHE_URL_TAGS + own->tag_count, parts->tags,
               parts->tag_count * sizeof(*tags));
    recipe->tags = tags;
    recipe->tag_count = count;
}

static struct tg_entry *make_entry(struct tg_caching *caching, struct tg_text key, h2o_iovec_t body)
{
    struct tg_request *request = &caching->inbound->request;
    struct tg_entry_field *fields = h2o_mem_alloc_pool(
        &request->run.pool, (request->response.fields.count + 1) * sizeof(*fields));
    struct tg_entry_recipe recipe = {
        .room = tg_cache_room(caching->inbound->worker->gate->cache),
        .kind = TG_ENTRY_RESPONSE,
        .key = key,
        .url = text_of(request->path),
        .status = request->response.status,
        .fields = fields,
        .field_count = tg_cache_list_fields(caching, fields),
        .body = text_of(body),
        .epoch = caching->share.epoch,
    };

    fill_times(caching, &recipe);
    fill_tags(caching, &recipe);
    return tg_entry_create(&recipe);
}

/* Where it is kept: under the key itself, or when answers differ by the fields `names`, under that
 * of its variant. Gives the entry that names the fields, or NULL. */
static struct tg_entry *choose_key(struct tg_caching *caching, struct tg_text names,
                                   struct tg_buffer *key)
{
    tg_buffer_append(key, caching->primary.base, caching->primary.len);
    if (names.len == 0)
        return NULL;
    struct tg_entry *variants = find_variants(caching, names);
    tg_cache_vary_key(variants, headers_of(caching->inbound->request.fields), key);
    return variants;
}

/* Those that wait get it, unless a purge came meanwhile: then it must be made once more. */
static void tell(struct tg_caching *caching, struct tg_entry *made, struct tg_entry *variants)
{
    struct tg_cache *cache = caching->inbound->worker->gate->cache;
    struct tg_flight *flight = caching->flight;

    caching->flight = NULL;
    if (flight == NULL)
        return;
    if (tg_cache_freshness(cache, made) != TG_PURGED_NOT)
        tg_flight_yield(flight);
    else if (made->is.by_http && made->is.fresh_ms == made->is.stored_ms)
        tg_flight_scatter(flight); /* it can't be used without asking */
    else
        tg_flight_land(flight, variants != NULL ? variants : made);
}

/* The stale entry has done its work: the answer is the new one. */
static void take_made(struct tg_caching *caching, struct tg_entry *made)
{
    if (caching->entry == NULL)
        return;
    tg_entry_release(caching->entry);
    caching->entry = tg_entry_hold(made);
}

/* Others of our kind get it too. */
static void store_beyond(struct tg_caching *caching, const struct tg_entry *entry,
                         const struct tg_entry *variants)
{
    tg_tally(&caching->inbound->worker->traffic.cache[TG_EVENT_STORE], 1);
    if (variants != NULL)
        tg_tier_keep(&caching->share, variants);
    tg_tier_keep(&caching->share, entry);
}

void tg_cache_keep(struct tg_caching *caching, h2o_iovec_t body)
{
    struct tg_gate *gate = caching->inbound->worker->gate;
    struct tg_buffer names = {.limit = 0}, key = {.limit = 0};

    read_variants(caching, &names);
    tg_cache_add_etag(caching, body);
    tg_cache_add_vary(caching);
    tg_cache_add_date(caching);
    struct tg_entry *variants = choose_key(caching, tg_text(names.base, names.len), &key);
    struct tg_entry *entry = make_entry(caching, tg_text(key.base, key.len), body);
    caching->status.stored = tg_cache_put(gate->cache, entry);
    if (caching->status.stored)
        store_beyond(caching, entry, variants);
    tell(caching, entry, variants);
    take_made(caching, entry);
    tg_entry_release(entry);
    if (variants != NULL)
        tg_entry_release(variants);
    tg_buffer_dispose(&names);
    tg_buffer_dispose(&key);
}

/* It answers a condition or a range of that client and says nothing of the whole. */
static bool is_partial(int status)
{
    return status == 206 || status == 304 || status == 412 || status == 416;
}

void tg_cache_pass(struct tg_caching *caching)
{
    struct tg_flight *flight = caching->flight;
    uint64_t now = tg_caching_now(caching->inbound);
    struct tg_entry_recipe recipe = {
        .kind = TG_ENTRY_PASS,
        .key = caching->key,
        .epoch = caching->share.epoch,
        .stored_ms = now,
        .fresh_ms = now + TG_CACHE_PASS_MS,
    };

    caching->flight = NULL;
    if (flight == NULL)
        return;
    if (is_partial(response_of(caching)->status)) {
        tg_flight_fail(flight);
        return;
    }
    if (caching->entry != NULL && response_of(caching)->status >= 500) {
        tg_flight_scatter(flight); /* a failure takes the place of nothing */
        return;
    }
    struct tg_entry *entry = tg_entry_create(&recipe);
    if (tg_cache_put(caching->inbound->worker->gate->cache, entry))
        tg_tier_keep(&caching->share, entry);
    tg_entry_release(entry);
    tg_flight_scatter(flight);
}
