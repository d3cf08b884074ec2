#include "api/part.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "http/strict.h"
#include "tier/keep.h"

static void on_news(struct tg_waiter *waiter);
static enum tg_tier_worth judge(struct tg_share *share, struct tg_entry *entry, bool soft);
static void on_found(struct tg_share *share, enum tg_tier_found found, struct tg_entry *entry);

static const struct tg_tier_asker asker = {.judge = judge, .on_end = on_found};

static struct tg_text text_of(h2o_iovec_t v)
{
    return tg_text(v.base, v.len);
}

/* ---- its key: all that is sent, and to whom */

static void put(struct tg_buffer *out, struct tg_text text)
{
    uint32_t len = (uint32_t)text.len;

    tg_buffer_append(out, &len, sizeof(len));
    tg_buffer_append(out, text.base, text.len);
}

/* Fields that differ from one request to the next, and mean nothing for the answer. */
static bool is_passing(struct tg_text name)
{
    return tg_text_is_nocase(name, TG_TEXT("traceparent")) ||
           tg_text_is_nocase(name, TG_TEXT("tracestate")) ||
           tg_text_is_nocase(name, TG_TEXT("x-request-id"));
}

static void write_key(struct tg_part *part, const struct tg_backend_config *backend,
                      const struct tg_call *call, h2o_mem_pool_t *pool)
{
    struct tg_buffer key = {.limit = 0};
    uint8_t digest[TG_DIGEST_MAX];

    tg_buffer_append(&key, "part ", 5);
    put(&key, tg_text_of(backend->name));
    tg_buffer_append(&key, backend->print, 8);
    put(&key, text_of(call->method));
    put(&key, text_of(call->target));
    put(&key, text_of(call->host));
    for (size_t i = 0; i < call->field_count; i++) {
        struct tg_text name = text_of(call->fields[i].name);
        if (is_passing(name))
            continue;
        put(&key, name);
        put(&key, text_of(call->fields[i].value));
    }
    if (call->has_body)
        tg_buffer_append(&key, digest, tg_crypto_digest(TG_SHA256, text_of(call->body), digest));
    part->key = tg_text(h2o_strdup(pool, key.base, key.len).base, key.len);
    tg_buffer_dispose(&key);
}

/* ---- looking up */

static uint64_t now_of(const struct tg_part *part)
{
    return tg_timers_now(part->host->timers);
}

static void drop_entry(struct tg_part *part)
{
    if (part->entry != NULL)
        tg_entry_release(part->entry);
    part->entry = NULL;
    part->has = false;
}

static void take_entry(struct tg_part *part, struct tg_entry *entry)
{
    drop_entry(part);
    part->entry = entry;
    part->has = true;
}

/* The one that leads asks the other tidegates, if there are any. */
static enum tg_part_state ask(struct tg_part *part)
{
    part->share.refreshes = part->entry != NULL && part->entry->is.stale_ms > now_of(part) &&
                            part->entry->is.stale_ms > part->entry->is.fresh_ms;
    return tg_tier_find(&part->share, &asker, part->key, part->pool) ? TG_PART_WAIT : TG_PART_CALL;
}

/* The one that led before may have kept it meanwhile. */
static bool is_kept(struct tg_part *part)
{
    bool soft;
    struct tg_entry *entry = tg_cache_get(part->host->cache, part->key, part->hash, &soft);

    if (entry == NULL)
        return false;
    if (entry->is.kind != TG_ENTRY_RESPONSE || soft || entry->is.fresh_ms <= now_of(part)) {
        tg_entry_release(entry);
        return false;
    }
    take_entry(part, entry);
    tg_flight_land(part->flight, entry);
    part->flight = NULL;
    return true;
}

static enum tg_part_state join(struct tg_part *part)
{
    struct tg_host *host = part->host;

    part->flight = tg_flight_join(host->flights, part->key, part->hash, host->inbox, &part->waiter);
    if (part->flight == NULL)
        return TG_PART_WAIT;
    return is_kept(part) ? TG_PART_HAS : ask(part);
}

static enum tg_part_state look(struct tg_part *part)
{
    struct tg_host *host = part->host;
    uint64_t now = now_of(part);
    bool soft;

    tg_share_mark(&part->share, host->cache);
    part->entry = tg_cache_get(host->cache, part->key, part->hash, &soft);
    struct tg_entry *entry = part->entry;
    if (entry == NULL)
        return join(part);
    if (entry->is.kind == TG_ENTRY_PASS) {
        bool passes = entry->is.fresh_ms > now;
        drop_entry(part);
        return passes ? TG_PART_CALL : join(part);
    }
    part->has = (!soft && entry->is.fresh_ms > now) ||
                (atomic_load(&entry->retry_ms) > now && entry->is.sick_ms > now);
    if (part->has)
        return TG_PART_HAS;
    if (entry->is.stale_ms > now && entry->is.stale_ms > entry->is.fresh_ms) {
        /* One fetches the new one, the others are content with this. */
        part->flight = tg_flight_join(host->flights, part->key, part->hash, host->inbox, NULL);
        part->has = part->flight == NULL;
        return part->has ? TG_PART_HAS : ask(part);
    }
    if (entry->is.sick_ms <= now || entry->is.sick_ms == entry->is.fresh_ms)
        drop_entry(part);
    return join(part);
}

enum tg_part_state tg_part_begin(struct tg_part *part, struct tg_host *host,
                                 const struct tg_backend_config *backend,
                                 const struct tg_call *call, h2o_mem_pool_t *pool,
                                 void (*proceed)(struct tg_part *part, enum tg_part_state state))
{
    part->host = host;
    part->pool = pool;
    part->proceed = proceed;
    part->share = (struct tg_share){.link = host->tier};
    write_key(part, backend, call, pool);
    part->hash = tg_cache_hash(host->cache, part->key);
    part->waiter.on_news = on_news;
    return look(part);
}

static void on_news(struct tg_waiter *waiter)
{
    struct tg_part *part = H2O_STRUCT_FROM_MEMBER(struct tg_part, waiter, waiter);

    tg_share_mark(&part->share, part->host->cache);
    if (waiter->news == TG_FLIGHT_LANDED)
        take_entry(part, waiter->entry);
    if (waiter->news == TG_FLIGHT_LEAD)
        part->flight = waiter->flight;
    part->proceed(part, part->has ? TG_PART_HAS : TG_PART_CALL);
}

/* ---- the second level */

static enum tg_tier_worth judge(struct tg_share *share, struct tg_entry *entry, bool soft)
{
    struct tg_part *part = H2O_STRUCT_FROM_MEMBER(struct tg_part, share, share);
    uint64_t now = now_of(part);

    if (entry->is.kind == TG_ENTRY_PASS)
        return entry->is.fresh_ms > now ? TG_TIER_WORTH_ANSWER : TG_TIER_WORTH_NOTHING;
    if (entry->is.kind != TG_ENTRY_RESPONSE || entry->is.by_http)
        return TG_TIER_WORTH_NOTHING;
    return tg_tier_worth(share, entry, soft, now);
}

/* It is in the memory from now on. One that passes says that the call must be made. */
static void take_found(struct tg_part *part, struct tg_entry *entry)
{
    struct tg_flight *flight = part->flight;

    part->flight = NULL;
    if (entry->is.kind == TG_ENTRY_PASS) {
        tg_entry_release(entry);
        tg_flight_scatter(flight);
        return;
    }
    tg_flight_land(flight, entry);
    take_entry(part, entry);
}

static void on_found(struct tg_share *share, enum tg_tier_found found, struct tg_entry *entry)
{
    struct tg_part *part = H2O_STRUCT_FROM_MEMBER(struct tg_part, share, share);
    bool fits = entry != NULL && tg_cache_put(part->host->cache, entry);

    if (fits && found == TG_TIER_FOUND_ANSWER) {
        take_found(part, entry);
    } else if (fits) {
        drop_entry(part);
        part->entry = entry; /* if it comes to the worst */
    } else if (entry != NULL) {
        tg_entry_release(entry);
    }
    if (found == TG_TIER_FOUND_MAKER) {
        part->has = true; /* another makes the new one: the stale one will do */
        tg_flight_land(part->flight, part->entry);
        part->flight = NULL;
    }
    part->proceed(part, part->has ? TG_PART_HAS : TG_PART_CALL);
}

/* ---- what it brought */

/* Neither of the connection nor of one client. */
static bool is_kept_field(struct tg_text name)
{
    return !tg_strict_is_of_connection(name) && !tg_text_is_nocase(name, TG_TEXT("set-cookie"));
}

static bool is_kept_status(int status)
{
    return status == 200 || status == 203 || status == 204 || status == 300 || status == 301 ||
           status == 308;
}

static struct tg_entry *make_entry(struct tg_room *room, const struct tg_part *part, uint64_t now,
                                   const struct tg_exchange *exchange)
{
    struct tg_entry_field *fields = h2o_mem_alloc((exchange->field_count + 1) * sizeof(*fields));
    struct tg_entry_recipe recipe = {
        .room = room,
        .kind = TG_ENTRY_RESPONSE,
        .key = part->key,
        .status = exchange->status,
        .fields = fields,
        .body = text_of(exchange->body),
        .tags = part->keep.tags,
        .tag_count = part->keep.tag_count,
        .epoch = part->share.epoch,
    };

    for (size_t i = 0; i < exchange->field_count; i++) {
        struct tg_text name = text_of(exchange->fields[i].name);
        if (is_kept_field(name))
            fields[recipe.field_count++] =
                (struct tg_entry_field){name, text_of(exchange->fields[i].value), NULL};
    }
    tg_keep_times(&part->keep, now, &recipe);
    struct tg_entry *entry = tg_entry_create(&recipe);
    free(fields);
    return entry;
}

static void fail(struct tg_part *part, uint64_t now)
{
    struct tg_flight *flight = part->flight;

    part->flight = NULL;
    part->has = part->entry != NULL && part->entry->is.sick_ms > now;
    if (part->has)
        atomic_store(&part->entry->retry_ms, now + TG_PART_RETRY_MS);
    tg_tier_unlock(&part->share);
    if (flight == NULL)
        return;
    if (part->has)
        tg_flight_land(flight, part->entry);
    else
        tg_flight_fail(flight);
}

/* For a while nobody waits for such a call: it brings what can't be kept. */
static void pass(struct tg_part *part, uint64_t now)
{
    struct tg_entry_recipe recipe = {.kind = TG_ENTRY_PASS,
                                     .key = part->key,
                                     .epoch = part->share.epoch,
                                     .stored_ms = now,
                                     .fresh_ms = now + TG_PART_PASS_MS};
    struct tg_flight *flight = part->flight;

    part->flight = NULL;
    drop_entry(part);
    if (flight == NULL)
        return;
    struct tg_entry *entry = tg_entry_create(&recipe);
    if (tg_cache_put(part->host->cache, entry))
        tg_tier_keep(&part->share, entry);
    tg_entry_release(entry);
    tg_flight_scatter(flight);
}

void tg_part_take(struct tg_part *part, const struct tg_exchange *exchange)
{
    struct tg_cache *cache = part->host->cache;
    uint64_t now = now_of(part);

    if (exchange->error.code != NULL || exchange->status >= 500) {
        fail(part, now);
        return;
    }
    if (!is_kept_status(exchange->status)) {
        pass(part, now);
        return;
    }
    struct tg_flight *flight = part->flight;
    part->flight = NULL;
    drop_entry(part);
    part->entry = make_entry(tg_cache_room(cache), part, now, exchange);
    if (tg_cache_put(cache, part->entry))
        tg_tier_keep(&part->share, part->entry);
    if (flight == NULL)
        return;
    if (tg_cache_freshness(cache, part->entry) != TG_PURGED_NOT)
        tg_flight_yield(flight);
    else
        tg_flight_land(flight, part->entry);
}

void tg_part_fill(const struct tg_part *part, struct tg_exchange *exchange)
{
    const struct tg_entry_recipe *is = &part->entry->is;
    struct tg_field *fields = h2o_mem_alloc((is->field_count + 1) * sizeof(*fields));

    for (size_t i = 0; i < is->field_count; i++)
        fields[i] =
            (struct tg_field){h2o_iovec_init(is->fields[i].name.base, is->fields[i].name.len),
                              h2o_iovec_init(is->fields[i].value.base, is->fields[i].value.len)};
    tg_exchange_dispose(exchange);
    exchange->error = TG_OK;
    exchange->status = is->status;
    exchange->fields = fields;
    exchange->field_count = is->field_count;
    exchange->body = h2o_iovec_init(is->body.base, is->body.len);
    exchange->length = is->body.len;
    exchange->length_known = true;
}

void tg_part_note(const struct tg_part *part, struct tg_request *request)
{
    uint64_t now = tg_timers_now(request->host->timers);

    if (part->entry == NULL) {
        request->parts.uncached = true;
        return;
    }
    uint64_t until = part->entry->is.fresh_ms;
    tg_keep_part(request, until > now ? until - now : 0, part->entry->is.tags,
                 part->entry->is.tag_count);
}

void tg_part_end(struct tg_part *part)
{
    tg_tier_find_cancel(&part->share);
    tg_waiter_cancel(&part->waiter);
    if (part->flight != NULL)
        tg_flight_yield(part->flight);
    part->flight = NULL;
    tg_tier_unlock(&part->share);
    drop_entry(part);
}
