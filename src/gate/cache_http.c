#include "gate/cache_http.h"

#include "base/clock.h"
#include "http/cache_store.h"
#include "http/freshen.h"
#include "http/invalidate.h"
#include "store/cache_url.h"

static struct tg_text text_of(h2o_iovec_t v)
{
    return tg_text(v.base, v.len);
}

static struct tg_headers headers_of(struct tg_fields fields)
{
    return (struct tg_headers){(const struct tg_header *)fields.list, fields.count};
}

static struct tg_request *request_of(const struct tg_caching *caching)
{
    return &caching->inbound->request;
}

/* As it came, when a backend has given it. */
static struct tg_headers received(const struct tg_caching *caching)
{
    const struct tg_response *response = &request_of(caching)->response;

    return headers_of(response->received.count != 0 ? response->received : response->fields);
}

static int64_t now_of(const struct tg_caching *caching)
{
    return tg_caching_wall_ms(caching->inbound);
}

static bool is_validating(const struct tg_caching *caching)
{
    return caching->entry != NULL && !caching->has;
}

/* ---- requests */

static struct tg_cache_request asks(const struct tg_caching *caching)
{
    return tg_cache_request_read(headers_of(request_of(caching)->fields));
}

bool tg_cache_http_wants_part(const struct tg_caching *caching)
{
    return (asks(caching).has & TG_ASKS_RANGE) != 0;
}

enum tg_cache_use tg_cache_http_use(const struct tg_caching *caching, bool soft)
{
    struct tg_cache_request request = asks(caching);

    if (caching->entry == NULL || soft)
        return tg_cache_only_stored(&request) ? TG_CACHE_UNAVAILABLE : TG_CACHE_STALE;
    return tg_cache_use(&caching->entry->is.rules, &request, now_of(caching));
}

bool tg_cache_http_stands_in(const struct tg_caching *caching)
{
    struct tg_cache_request request = asks(caching);

    return tg_cache_use_on_error(&caching->entry->is.rules, &request, 0, now_of(caching));
}

/* ---- validation */

static size_t add_condition(const struct tg_entry *entry, struct tg_field *list, size_t n)
{
    const struct tg_entry_field *etag = tg_entry_field(entry, TG_TEXT("etag")),
                                *modified = tg_entry_field(entry, TG_TEXT("last-modified"));

    if (etag != NULL)
        list[n++] = (struct tg_field){h2o_iovec_init(H2O_STRLIT("if-none-match")),
                                      h2o_iovec_init(etag->value.base, etag->value.len)};
    if (modified != NULL)
        list[n++] = (struct tg_field){h2o_iovec_init(H2O_STRLIT("if-modified-since")),
                                      h2o_iovec_init(modified->value.base, modified->value.len)};
    return n;
}

void tg_cache_http_validate(struct tg_caching *caching, struct tg_call *call)
{
    h2o_mem_pool_t *pool = &request_of(caching)->run.pool;
    struct tg_field *list = h2o_mem_alloc_pool(pool, (call->field_count + 2) * sizeof(*list));

    if (!is_validating(caching))
        return;
    if (call->field_count != 0)
        memcpy(list, call->fields, call->field_count * sizeof(*list));
    call->field_count = add_condition(caching->entry, list, call->field_count);
    call->fields = list;
}

static struct tg_headers stored(const struct tg_caching *caching)
{
    const struct tg_entry_recipe *is = &caching->entry->is;
    struct tg_header *list =
        h2o_mem_alloc_pool(&request_of(caching)->run.pool, (is->field_count + 1) * sizeof(*list));

    for (size_t i = 0; i < is->field_count; i++)
        list[i] = (struct tg_header){is->fields[i].name, is->fields[i].value};
    return (struct tg_headers){list, is->field_count};
}

/* The answer of the cache from now on, with what the backend says of it now. */
static void take_merged(struct tg_caching *caching, struct tg_headers merged)
{
    struct tg_response *response = &request_of(caching)->response;

    response->status = caching->entry->is.status;
    response->fields = (struct tg_fields){(const struct tg_field *)merged.list, merged.count};
    response->received = response->fields;
    response->passed = false;
}

bool tg_cache_http_is_for(const struct tg_caching *caching)
{
    return is_validating(caching) &&
           tg_freshen_is_for(stored(caching), received(caching), now_of(caching) / 1000);
}

/* RFC 9111, 4.3.5: what answers HEAD tells of the whole that is stored. */
static bool is_head_for(const struct tg_caching *caching)
{
    return request_of(caching)->response.status == 200 && caching->entry->is.status == 200 &&
           tg_freshen_is_for_head(stored(caching), caching->entry->is.body.len, received(caching),
                                  now_of(caching) / 1000);
}

static bool is_head(const struct tg_caching *caching)
{
    return tg_text_is(text_of(request_of(caching)->method), TG_TEXT("HEAD"));
}

static void forget(struct tg_caching *caching)
{
    tg_cache_remove(caching->inbound->worker->gate->cache, caching->entry->is.key);
}

/* Whether the answer says that what is stored is still right. */
static bool confirms(struct tg_caching *caching)
{
    int status = request_of(caching)->response.status;

    if (status == 304)
        return tg_cache_http_is_for(caching);
    if (status != 200 || !is_validating(caching) || !is_head(caching))
        return false;
    if (is_head_for(caching))
        return true;
    forget(caching);
    return false;
}

bool tg_cache_http_freshen(struct tg_caching *caching)
{
    struct tg_request *request = request_of(caching);

    if (!confirms(caching))
        return false;
    struct tg_headers old = stored(caching), update = received(caching);
    struct tg_header *merged =
        h2o_mem_alloc_pool(&request->run.pool, (old.count + update.count + 1) * sizeof(*merged));
    size_t count = tg_freshen_merge(old, update, merged);
    struct tg_text body = caching->entry->is.body;
    take_merged(caching, (struct tg_headers){merged, count});
    caching->confirmed = true;
    if (tg_cache_http_judge(caching) == TG_CACHE_KEEPS)
        tg_cache_keep(caching, h2o_iovec_init(body.base, body.len));
    else
        tg_cache_pass(caching);
    return true;
}

/* ---- responses */

enum tg_cache_verdict tg_cache_http_judge(struct tg_caching *caching)
{
    struct tg_request *request = request_of(caching);
    const struct tg_response *response = &request->response;
    struct tg_cache_candidate candidate = {
        .method = text_of(request->method),
        .request = headers_of(request->fields),
        .status = (unsigned)response->status,
        .response = received(caching),
        .complete = true, /* what is not is never kept */
        .set_cookie = TG_SET_COOKIE_SHARED,
        .request_ms = caching->asked_ms,
        .response_ms = now_of(caching),
    };
    bool is_error = response->status == 500 || (response->status >= 502 && response->status <= 504);

    caching->status.fwd_status = (unsigned)response->status;
    if (is_error && is_validating(caching) && tg_cache_http_stands_in(caching))
        return TG_CACHE_FAILS;
    if (caching->key.len == 0 || (is_head(caching) && !caching->confirmed))
        return TG_CACHE_PASSES;
    const char *why = tg_cache_refuses(&candidate, &caching->rules);
    if (why != NULL)
        caching->status.detail = tg_text_of(why);
    return why == NULL ? TG_CACHE_KEEPS : TG_CACHE_PASSES;
}

bool tg_cache_http_keeps(const struct tg_caching *caching, struct tg_text name)
{
    return tg_cache_keeps(received(caching), name);
}

void tg_cache_http_times(const struct tg_caching *caching, struct tg_entry_recipe *recipe)
{
    int64_t now = now_of(caching), age = tg_cache_age_ms(&caching->rules, now);
    int64_t left = (int64_t)caching->rules.lifetime * 1000 - age;
    bool usable = left > 0 && (caching->rules.flags & TG_RULE_VALIDATE) == 0;

    recipe->by_http = true;
    recipe->rules = caching->rules;
    recipe->stored_ms = tg_caching_now(caching->inbound);
    recipe->age_ms = (uint64_t)age;
    recipe->fresh_ms = recipe->stored_ms + (usable ? (uint64_t)left : 0);
    recipe->stale_ms = recipe->sick_ms = recipe->fresh_ms;
}

/* ---- what is true no more */

static void purge(struct tg_caching *caching, struct tg_text target)
{
    const struct tg_request *request = request_of(caching);
    struct tg_buffer url = {.limit = 0};

    tg_buffer_append(&url, "http://", 7);
    tg_buffer_append(&url, request->authority.base, request->authority.len);
    tg_buffer_append(&url, target.base, target.len);
    tg_cache_url_purge(caching->inbound->worker->gate->cache,
                       request->authority.len != 0 ? tg_text(url.base, url.len) : target, false);
    tg_buffer_dispose(&url);
}

static void purge_named(struct tg_caching *caching, const struct tg_target *target,
                        struct tg_text field)
{
    const struct tg_header *header = tg_headers_first(received(caching), field);
    struct tg_buffer named = {.limit = 0};

    if (header != NULL && tg_target_resolve(target, header->value, &named))
        purge(caching, tg_text(named.base, named.len));
    tg_buffer_dispose(&named);
}

void tg_cache_http_invalidate(struct tg_caching *caching)
{
    const struct tg_request *request = request_of(caching);
    struct tg_buffer path = {.limit = 0};

    if (!tg_invalidates(text_of(request->method), (unsigned)request->response.status))
        return;
    tg_buffer_append(&path, request->path.base, request->path.len);
    if (request->query.len != 0) {
        tg_buffer_put(&path, '?');
        tg_buffer_append(&path, request->query.base, request->query.len);
    }
    struct tg_target target = {.scheme = text_of(request->scheme),
                               .authority = text_of(request->authority),
                               .path = tg_text(path.base, path.len)};
    purge(caching, target.path);
    purge_named(caching, &target, TG_TEXT("location"));
    purge_named(caching, &target, TG_TEXT("content-location"));
    tg_buffer_dispose(&path);
}
