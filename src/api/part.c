#include "api/part.h"

#include <stdlib.h>

#include "base/crypto.h"
static struct tg_text text_of(h2o_iovec_t v)
{
    return tg_text(v.base, v.len);
}

/* ---- its key: all that is sent */

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

static void drop_entry(struct tg_part *part)
{
    if (part->entry != NULL)
        tg_entry_release(part->entry);
    part->entry = NULL;
    part->has = false;
}

static enum tg_part_state look(struct tg_part *part, struct tg_host *host)
{
    uint64_t now = tg_timers_now(host->timers);
    bool soft;

    part->epoch = tg_cache_epoch(host->cache);
    part->entry = tg_cache_get(host->cache, part->key, part->hash, &soft);
    if (part->entry != NULL && part->entry->is.kind == TG_ENTRY_PASS) {
        bool passes = part->entry->is.fresh_ms > now;
        drop_entry(part);
        if (passes)
            return TG_PART_CALL;
    }
    struct tg_entry *entry = part->entry;
    if (entry == NULL)
        goto join;
    part->has = (!soft && entry->is.fresh_ms > now) ||
                (atomic_load(&entry->retry_ms) > now && entry->is.sick_ms > now);
    if (part->has)
        return TG_PART_HAS;
    if (entry->is.stale_ms > now && entry->is.stale_ms > entry->is.fresh_ms) {
        /* One fetches the new one, the others are content with this. */
        part->flight = tg_flight_join(host->flights, part->key, part->hash, host->inbox, NULL);
        part->has = part->flight == NULL;
        return part->has ? TG_PART_HAS : TG_PART_CALL;
    }
    if (entry->is.sick_ms <= now || entry->is.sick_ms == entry->is.fresh_ms)
        drop_entry(part);
join:
    part->flight = tg_flight_join(host->flights, part->key, part->hash, host->inbox, &part->waiter);
    return part->flight != NULL ? TG_PART_CALL : TG_PART_WAIT;
}

enum tg_part_state tg_part_begin(struct tg_part *part, struct tg_host *host,
                                 const struct tg_backend_config *backend,
                                 const struct tg_call *call, h2o_mem_pool_t *pool,
                                 void (*on_news)(struct tg_waiter *waiter))
{
    write_key(part, backend, call, pool);
    part->hash = tg_cache_hash(host->cache, part->key);
    part->waiter.on_news = on_news;
    return look(part, host);
}

enum tg_part_state tg_part_news(struct tg_part *part, struct tg_host *host)
{
    part->epoch = tg_cache_epoch(host->cache);
    switch (part->waiter.news) {
    case TG_FLIGHT_LANDED:
        drop_entry(part);
        part->entry = part->waiter.entry;
        part->has = true;
        return TG_PART_HAS;
    case TG_FLIGHT_LEAD:
        part->flight = part->waiter.flight;
        return TG_PART_CALL;
    case TG_FLIGHT_ALONE:
        break;
    }
    return TG_PART_CALL;
}

/* ---- what it brought */

/* Of the connection, or of one client. */
static bool is_kept_field(struct tg_text name)
{
    static const struct tg_text left[] = {{"connection", 10},        {"keep-alive", 10},
                                          {"transfer-encoding", 17}, {"set-cookie", 10},
                                          {"content-length", 14},    {"upgrade", 7}};

    for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
        if (tg_text_is_nocase(name, left[i]))
            return false;
    return true;
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
        .epoch = part->epoch,
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
    if (flight == NULL)
        return;
    if (part->has)
        tg_flight_land(flight, part->entry);
    else
        tg_flight_fail(flight);
}

/* For a while nobody waits for such a call: it brings what can't be kept. */
static void pass(struct tg_part *part, struct tg_host *host, uint64_t now)
{
    struct tg_entry_recipe recipe = {.kind = TG_ENTRY_PASS,
                                     .key = part->key,
                                     .epoch = part->epoch,
                                     .stored_ms = now,
                                     .fresh_ms = now + TG_PART_PASS_MS};
    struct tg_flight *flight = part->flight;

    part->flight = NULL;
    drop_entry(part);
    if (flight == NULL)
        return;
    struct tg_entry *entry = tg_entry_create(&recipe);
    tg_cache_put(host->cache, entry);
    tg_entry_release(entry);
    tg_flight_scatter(flight);
}

void tg_part_take(struct tg_part *part, struct tg_host *host, const struct tg_exchange *exchange)
{
    uint64_t now = tg_timers_now(host->timers);

    if (exchange->error.code != NULL || exchange->status >= 500) {
        fail(part, now);
        return;
    }
    if (!is_kept_status(exchange->status)) {
        pass(part, host, now);
        return;
    }
    struct tg_flight *flight = part->flight;
    part->flight = NULL;
    drop_entry(part);
    part->entry = make_entry(tg_cache_room(host->cache), part, now, exchange);
    tg_cache_put(host->cache, part->entry);
    if (flight == NULL)
        return;
    if (tg_cache_freshness(host->cache, part->entry) != TG_PURGED_NOT)
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
    tg_waiter_cancel(&part->waiter);
    if (part->flight != NULL)
        tg_flight_yield(part->flight);
    part->flight = NULL;
    drop_entry(part);
}
