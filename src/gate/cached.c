#include "gate/cached.h"

#include "base/clock.h"
#include "gate/responder.h"
#include "http/condition.h"
#include "http/range.h"

static struct tg_text text_of(h2o_iovec_t v)
{
    return tg_text(v.base, v.len);
}

/* ---- Cache-Status */

/* In the pool that lives as long as h2o's request. */
static h2o_iovec_t write_status(struct tg_inbound *inbound, h2o_mem_pool_t *pool)
{
    static const struct tg_text self = {"tidegate", 8};
    struct tg_buffer out = {.limit = 0};

    tg_cache_status_write(&out, self, &inbound->caching->status);
    h2o_iovec_t text = h2o_strdup(pool, out.base, out.len);
    tg_buffer_dispose(&out);
    return text;
}

void tg_cached_note(struct tg_inbound *inbound)
{
    struct tg_fields *fields = &inbound->request.response.fields;
    h2o_mem_pool_t *pool = &inbound->request.run.pool;

    if (inbound->caching == NULL)
        return;
    struct tg_field *list = h2o_mem_alloc_pool(pool, (fields->count + 1) * sizeof(*list));
    if (fields->count != 0)
        memcpy(list, fields->list, fields->count * sizeof(*list));
    list[fields->count] =
        (struct tg_field){h2o_iovec_init(H2O_STRLIT("cache-status")), write_status(inbound, pool)};
    *fields = (struct tg_fields){list, fields->count + 1};
}

void tg_cached_note_sent(struct tg_inbound *inbound)
{
    if (inbound->caching == NULL)
        return;
    h2o_iovec_t text = write_status(inbound, &inbound->req->pool);
    h2o_add_header_by_str(&inbound->req->pool, &inbound->req->res.headers,
                          H2O_STRLIT("cache-status"), 0, NULL, text.base, text.len);
}

const char *tg_cached_word(const struct tg_inbound *inbound)
{
    return inbound->caching != NULL ? tg_cache_event_name(inbound->caching->event) : NULL;
}

/* ---- hits */

static uint64_t age_of(const struct tg_inbound *inbound)
{
    const struct tg_entry *entry = inbound->caching->entry;
    uint64_t now = tg_caching_now(inbound);

    return (now > entry->is.stored_ms ? now - entry->is.stored_ms : 0) + entry->is.age_ms;
}

/* What the conditions and the range of a request are compared with. */
struct asked {
    struct tg_headers request;
    struct tg_validators validators;
    int64_t now;
};

static struct asked compare_with(const struct tg_inbound *inbound)
{
    const struct tg_entry *entry = inbound->caching->entry;
    const struct tg_request *request = &inbound->request;
    const struct tg_entry_field *etag = tg_entry_field(entry, TG_TEXT("etag")),
                                *modified = tg_entry_field(entry, TG_TEXT("last-modified"));
    int64_t now = tg_caching_wall_ms(inbound) / 1000;
    struct asked asked = {
        .request = {(const struct tg_header *)request->fields.list, request->fields.count},
        .validators = {.last_modified = TG_NO_DATE,
                       .date = now - (int64_t)(age_of(inbound) / 1000)},
        .now = now,
    };

    if (etag != NULL)
        asked.validators.etag = etag->value;
    if (modified != NULL)
        asked.validators.last_modified = tg_http_date_read(modified->value, now);
    if (entry->is.by_http)
        asked.validators.date = entry->is.rules.date;
    return asked;
}

/* Names of fields are in lower case here. */
static bool has_conditions(struct tg_fields fields)
{
    for (size_t i = 0; i < fields.count; i++) {
        const h2o_iovec_t *name = &fields.list[i].name;
        if ((name->len > 7 && memcmp(name->base, "if-", 3) == 0) ||
            (name->len == 5 && memcmp(name->base, "range", 5) == 0))
            return true;
    }
    return false;
}

static void put_entry_fields(h2o_req_t *req, const struct tg_entry *entry, bool is_304)
{
    h2o_headers_t *headers = &req->res.headers;

    h2o_vector_reserve(&req->pool, headers, headers->size + entry->is.field_count + 2);
    for (size_t i = 0; i < entry->is.field_count; i++) {
        const struct tg_entry_field *field = &entry->is.fields[i];
        if (field->token == H2O_TOKEN_DATE)
            tg_respond_date(req, h2o_iovec_init(field->value.base, field->value.len));
        if (field->token == H2O_TOKEN_DATE || (is_304 && !tg_condition_keeps(field->name)))
            continue;
        headers->entries[headers->size++] = (h2o_header_t){
            .name = field->token != NULL ? (h2o_iovec_t *)&((h2o_token_t *)field->token)->buf
                                         : (h2o_iovec_t *)&field->name,
            .value = h2o_iovec_init(field->value.base, field->value.len),
        };
    }
}

static size_t write_number(char out[20], uint64_t number)
{
    char digits[20], *at = digits + sizeof(digits);

    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    size_t len = (size_t)(digits + sizeof(digits) - at);
    memcpy(out, at, len);
    return len;
}

static void put_age(struct tg_inbound *inbound)
{
    h2o_req_t *req = inbound->req;
    char *text = h2o_mem_alloc_pool(&req->pool, 20);
    size_t len = write_number(text, age_of(inbound) / 1000);

    h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("age"), 1, NULL, text, len);
}

static void put_content_range(h2o_req_t *req, const struct tg_range *range, size_t length)
{
    char *text = h2o_mem_alloc_pool(&req->pool, TG_RANGE_TEXT);
    size_t len = tg_range_write(text, range, length);

    h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("content-range"), 0, NULL, text,
                          len);
}

/* Answers with a part of the body, when the client wants one; gives the status. */
static int cut_range(struct tg_inbound *inbound, const struct asked *asked, h2o_iovec_t *body)
{
    struct tg_range range;
    size_t length = body->len;

    switch (tg_range_answer(asked->request, &asked->validators, length, asked->now, &range)) {
    case TG_RANGE_WHOLE:
        break;
    case TG_RANGE_PART:
        put_content_range(inbound->req, &range, length);
        *body = h2o_iovec_init(body->base + range.first, range.last - range.first + 1);
        return 206;
    case TG_RANGE_UNSATISFIABLE:
        put_content_range(inbound->req, NULL, length);
        *body = h2o_iovec_init(NULL, 0);
        return 416;
    }
    return 200;
}

/* The status, and what is left of the body, after what the client's fields say. */
static int apply_conditions(struct tg_inbound *inbound, h2o_iovec_t *body)
{
    struct asked asked = compare_with(inbound);
    struct tg_text method = text_of(inbound->request.method);

    switch (tg_condition_check(method, asked.request, &asked.validators, TG_CONDITION_ORIGIN,
                               asked.now)) {
    case TG_CONDITION_NONE:
        break;
    case TG_CONDITION_NOT_MODIFIED:
        *body = h2o_iovec_init(NULL, 0);
        return 304;
    case TG_CONDITION_FAILED:
        *body = h2o_iovec_init(NULL, 0);
        return 412;
    }
    if (inbound->caching->entry->is.status != 200 || !tg_text_is(method, TG_TEXT("GET")))
        return inbound->caching->entry->is.status;
    return cut_range(inbound, &asked, body);
}

/* What HTTP/1 is asked for most: the head as it stands in the entry, and behind it two fields in
 * one piece. */
static void send_whole(struct tg_inbound *inbound, h2o_iovec_t body)
{
    static h2o_iovec_t age = {(char *)"age", 3};
    static const struct tg_text between = {"\r\ncache-status: ", 16}, self = {"tidegate", 8};
    const struct tg_entry *entry = inbound->caching->entry;
    struct tg_buffer *text = &inbound->worker->key;
    h2o_req_t *req = inbound->req;

    tg_buffer_clear(text, SIZE_MAX);
    text->len = write_number(tg_buffer_reserve(text, 20), age_of(inbound) / 1000);
    tg_buffer_append(text, between.base, between.len);
    tg_cache_status_write(text, self, &inbound->caching->status);
    h2o_vector_reserve(&req->pool, &req->res.headers, req->res.headers.size + 1);
    req->res.headers.entries[req->res.headers.size++] =
        (h2o_header_t){.name = &age, .value = h2o_strdup(&req->pool, text->base, text->len)};
    req->res.status = entry->is.status;
    req->res.reason = entry->head;
    tg_respond_bytes(req, body);
}

void tg_cached_send(struct tg_inbound *inbound)
{
    const struct tg_entry *entry = inbound->caching->entry;
    h2o_req_t *req = inbound->req;
    h2o_iovec_t body = h2o_iovec_init(entry->is.body.base, entry->is.body.len);
    bool asks = has_conditions(inbound->request.fields);
    int status = entry->is.status;

    if (!asks && req->version < 0x200) {
        send_whole(inbound, body);
        return;
    }
    if (status / 100 == 2 && asks)
        status = apply_conditions(inbound, &body);
    tg_respond_status(req, status);
    if (status != 412 && status != 416) {
        put_entry_fields(req, entry, status == 304);
        put_age(inbound);
    }
    tg_cached_note_sent(inbound);
    tg_respond_bytes(req, body);
}
