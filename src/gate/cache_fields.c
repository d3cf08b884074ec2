#include "gate/cache_fields.h"

#include "base/crypto.h"
#include "gate/cache_http.h"

static struct tg_text text_of(h2o_iovec_t v)
{
    return tg_text(v.base, v.len);
}

static struct tg_response *response_of(const struct tg_caching *caching)
{
    return &caching->inbound->request.response;
}

static void add_field(struct tg_caching *caching, struct tg_text name, struct tg_text value)
{
    struct tg_fields *fields = &response_of(caching)->fields;
    h2o_mem_pool_t *pool = &caching->inbound->request.run.pool;
    struct tg_field *list = h2o_mem_alloc_pool(pool, (fields->count + 1) * sizeof(*list));

    if (fields->count != 0)
        memcpy(list, fields->list, fields->count * sizeof(*list));
    list[fields->count] = (struct tg_field){h2o_iovec_init(name.base, name.len),
                                            h2o_strdup(pool, value.base, value.len)};
    *fields = (struct tg_fields){list, fields->count + 1};
}

/* What a client can ask by whether it has the latest already. */
void tg_cache_add_etag(struct tg_caching *caching, h2o_iovec_t body)
{
    const struct tg_response *response = response_of(caching);
    uint8_t digest[TG_DIGEST_MAX];
    char etag[18] = "\"";

    if (caching->policy->http || response->status != 200 || response->source != NULL ||
        caching->tap != NULL || tg_fields_find(response->fields, TG_TEXT("etag")) != NULL)
        return;
    tg_crypto_digest(TG_SHA256, text_of(body), digest);
    tg_hex(etag + 1, digest, 8);
    etag[17] = '"';
    add_field(caching, TG_TEXT("etag"), tg_text(etag, 18));
}

/* Caches behind us must tell apart what we do. */
void tg_cache_add_vary(struct tg_caching *caching)
{
    const struct tg_cache_policy *policy = caching->policy;
    struct tg_buffer names = {.limit = 0};

    for (size_t i = 0; i < policy->part_count; i++) {
        const struct tg_key_part *part = &policy->parts[i];
        struct tg_text name = part->kind == TG_KEY_COOKIE ? TG_TEXT("cookie") : part->name;
        if (part->kind != TG_KEY_HEADER && part->kind != TG_KEY_COOKIE)
            continue;
        if (names.len != 0)
            tg_buffer_append(&names, ", ", 2);
        tg_buffer_append(&names, name.base, name.len);
    }
    if (names.len != 0)
        add_field(caching, TG_TEXT("vary"), tg_text(names.base, names.len));
    tg_buffer_dispose(&names);
}

static bool is_date(h2o_iovec_t name)
{
    return tg_text_is_nocase(text_of(name), TG_TEXT("date"));
}

/* Without those that are wrong, or one too many. */
static void drop_dates(struct tg_caching *caching)
{
    struct tg_fields *fields = &response_of(caching)->fields;
    struct tg_field *list =
        h2o_mem_alloc_pool(&caching->inbound->request.run.pool, fields->count * sizeof(*list));
    size_t n = 0;

    for (size_t i = 0; i < fields->count; i++)
        if (!is_date(fields->list[i].name))
            list[n++] = fields->list[i];
    *fields = (struct tg_fields){list, n};
}

/* It goes with the answer as long as that is kept (RFC 9110, 6.6.1). */
void tg_cache_add_date(struct tg_caching *caching)
{
    const struct tg_field *date = tg_fields_find(response_of(caching)->fields, TG_TEXT("date"));
    int64_t now = tg_caching_wall_ms(caching->inbound) / 1000;
    char text[TG_HTTP_DATE_LEN];

    if (date != NULL && date->value.len == TG_HTTP_DATE_LEN &&
        tg_http_date_read(text_of(date->value), now) != TG_NO_DATE)
        return;
    if (date != NULL)
        drop_dates(caching);
    tg_http_date_write(text, now);
    add_field(caching, TG_TEXT("date"), tg_text(text, sizeof(text)));
}

static bool is_kept_field(const struct tg_caching *caching, struct tg_text name)
{
    if (caching->policy->http)
        return tg_cache_http_keeps(caching, name);
    return !tg_text_is_nocase(name, TG_TEXT("age")) &&
           !tg_text_is_nocase(name, TG_TEXT("content-length")) &&
           !tg_text_is_nocase(name, TG_TEXT("set-cookie"));
}

size_t tg_cache_list_fields(const struct tg_caching *caching, struct tg_entry_field *list)
{
    struct tg_fields fields = response_of(caching)->fields;
    bool dated = false;
    size_t n = 0;

    for (size_t i = 0; i < fields.count; i++) {
        struct tg_text name = text_of(fields.list[i].name);
        if (is_date(fields.list[i].name)) {
            if (dated)
                continue;
            dated = true;
            name = TG_TEXT("date"); /* so that it has its token */
        }
        if (is_kept_field(caching, name))
            list[n++] = (struct tg_entry_field){name, text_of(fields.list[i].value),
                                                h2o_lookup_token(name.base, name.len)};
    }
    return n;
}
