#include "gate/pass.h"

#include <stdio.h>

#include "api/forward.h"
#include "gate/cache_http.h"
#include "gate/making.h"
#include "gate/responder.h"
#include "gate/stream.h"
#include "gate/tunnel.h"
#include "script/fail.h"

/* In the order of a call: tg_pass_start → on_head or on_done. */
static void on_head(struct tg_exchange *exchange);
static void on_done(struct tg_exchange *exchange);

struct tg_pass {
    struct tg_inbound *inbound;
    struct tg_exchange exchange;
    struct tg_call call;
    struct tg_call_record record;
};

static void put_text(h2o_mem_pool_t *pool, h2o_iovec_t *out, struct tg_text text)
{
    char *joined = h2o_mem_alloc_pool(pool, out->len + text.len);

    memcpy(joined, out->base, out->len);
    memcpy(joined + out->len, text.base, text.len);
    *out = h2o_iovec_init(joined, out->len + text.len);
}

/* What the route's segment i took of the path, as it stands in the normal path. */
static struct tg_text taken(const struct tg_route *route, size_t i, const struct tg_path *path)
{
    struct tg_text from = path->segments[i].encoded;

    if (route->segments[i].kind != TG_SEGMENT_REST)
        return from;
    return tg_text(from.base, (size_t)(path->normal.base + path->normal.len - from.base));
}

static h2o_iovec_t rewrite(struct tg_inbound *inbound, const struct tg_path *path)
{
    const struct tg_route *route = inbound->route;
    h2o_mem_pool_t *pool = &inbound->request.run.pool;
    h2o_iovec_t out = {(char *)"", 0};

    for (size_t i = 0; i < route->part_count; i++)
        put_text(pool, &out,
                 route->parts[i].is_text ? route->parts[i].text
                                         : taken(route, route->parts[i].segment, path));
    return out;
}

h2o_iovec_t tg_pass_target(struct tg_inbound *inbound, const struct tg_path *path)
{
    struct tg_request *request = &inbound->request;

    if (inbound->route->part_count == 0)
        return tg_forward_target(request);
    h2o_iovec_t target = rewrite(inbound, path);
    if (request->query.len != 0) {
        put_text(&request->run.pool, &target, TG_TEXT("?"));
        put_text(&request->run.pool, &target, tg_text(request->query.base, request->query.len));
    }
    return target;
}

static void take_head(struct tg_pass *pass)
{
    struct tg_request *request = &pass->inbound->request;
    const struct tg_exchange *exchange = &pass->exchange;
    struct tg_fields received = {exchange->fields, exchange->field_count};

    pass->record.status = exchange->status;
    request->response = (struct tg_response){
        .status = exchange->status,
        .fields = tg_forward_response(&request->run.pool, received),
        .length_known = exchange->length_known,
        .length = exchange->length,
        .body = exchange->body,
        .passed = true,
        .received = received,
    };
}

static void on_head(struct tg_exchange *exchange)
{
    struct tg_pass *pass = H2O_STRUCT_FROM_MEMBER(struct tg_pass, exchange, exchange);

    take_head(pass);
    pass->inbound->request.response.source = tg_exchange_source(exchange);
    if (tg_making_keep(pass->inbound))
        tg_stream_start(pass->inbound);
}

/* The 101 says to what; the field belongs to the connection and is not passed on otherwise. */
static void add_upgrade(struct tg_pass *pass)
{
    struct tg_fields received = {pass->exchange.fields, pass->exchange.field_count};
    const struct tg_field *upgrade = tg_fields_find(received, TG_TEXT("upgrade"));
    struct tg_fields *fields = &pass->inbound->request.response.fields;
    struct tg_field *list =
        h2o_mem_alloc_pool(&pass->inbound->request.run.pool, (fields->count + 1) * sizeof(*list));

    pass->inbound->request.response.length_known = false;
    memcpy(list, fields->list, fields->count * sizeof(*list));
    list[fields->count] = (struct tg_field){h2o_iovec_init(H2O_STRLIT("upgrade")), upgrade->value};
    *fields = (struct tg_fields){list, fields->count + 1};
}

static void fail(struct tg_pass *pass, struct tg_error error)
{
    struct tg_inbound *inbound = pass->inbound;
    size_t size = strlen(error.message) + strlen(error.code) + 80;
    char *text = h2o_mem_alloc_pool(&inbound->request.run.pool, size);
    int n = snprintf(text, size, "%s: %s (%s)", pass->record.backend, error.message, error.code);
    struct tg_task_report report = {
        .http = tg_fail_http(error.code),
        .code = h2o_iovec_init(error.code, strlen(error.code)),
        .message = h2o_iovec_init(text, (size_t)n),
    };

    tg_making_fail(inbound, &report);
}

/* Over at once: it failed, or all of the body came with the head. */
static void on_done(struct tg_exchange *exchange)
{
    struct tg_pass *pass = H2O_STRUCT_FROM_MEMBER(struct tg_pass, exchange, exchange);
    struct tg_inbound *inbound = pass->inbound;

    if (exchange->error.code != NULL) {
        fail(pass, exchange->error);
        return;
    }
    take_head(pass);
    if (h2o_linklist_is_linked(&inbound->link))
        h2o_linklist_unlink(&inbound->link);
    if (exchange->status == 101) {
        add_upgrade(pass);
        tg_tunnel_start(inbound, exchange);
        return;
    }
    if (tg_caching_must_repeat(inbound)) {
        tg_pass_end(pass);
        tg_pass_start(inbound);
        return;
    }
    if (tg_making_keep(inbound))
        tg_respond_passed(inbound->req, &inbound->request.response);
}

static bool is_conditional(const struct tg_field *field)
{
    return (field->name.len > 3 && strncasecmp(field->name.base, "if-", 3) == 0) ||
           tg_text_is_nocase(tg_text(field->name.base, field->name.len), TG_TEXT("range"));
}

/* What is kept is the whole: neither its condition nor its range is the backend's business. */
static void ask_for_whole(struct tg_pass *pass)
{
    struct tg_call *call = &pass->call;
    struct tg_field *list = h2o_mem_alloc_pool(&pass->inbound->request.run.pool,
                                               (call->field_count + 1) * sizeof(*list));
    size_t n = 0;

    for (size_t i = 0; i < call->field_count; i++)
        if (!is_conditional(&call->fields[i]))
            list[n++] = call->fields[i];
    call->fields = list;
    call->field_count = n;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Of the request's time, when some of it has passed already. */
static uint32_t remaining(struct tg_inbound *inbound)
{
    uint64_t now = tg_timers_now(&inbound->worker->timers);
    uint64_t deadline = inbound->request.run.deadline_ms;

    return deadline > now ? (uint32_t)(deadline - now) : 1;
}

void tg_pass_start(struct tg_inbound *inbound)
{
    struct tg_request *request = &inbound->request;
    const struct tg_route *route = inbound->route;
    struct tg_backend *backend = inbound->request.host->backends[route->backend];
    const struct tg_backend_config *config = tg_backend_config(backend);
    struct tg_pass *pass = h2o_mem_alloc_pool(&request->run.pool, sizeof(*pass));

    *pass = (struct tg_pass){
        .inbound = inbound,
        .call = {.target = inbound->target,
                 .timeout_ms = least(config->timeout_ms, route->timeout_ms)},
        .record = {.backend = config->name, .exchange = &pass->exchange},
    };
    tg_forward_request(request, route->clients_host, 0, &pass->call);
    if (inbound->caching != NULL && inbound->caching->key.len != 0)
        ask_for_whole(pass);
    if (inbound->caching != NULL && inbound->caching->policy->http)
        tg_cache_http_validate(inbound->caching, &pass->call);
    if (request->run.deadline_ms != 0)
        pass->call.timeout_ms = least(pass->call.timeout_ms, remaining(inbound));
    if (route->upgrade && inbound->req != NULL && tg_tunnel_is_wanted(inbound->req))
        pass->call.upgrade = inbound->req->upgrade;
    inbound->pass = pass;
    *request->last_call = &pass->record;
    request->last_call = &pass->record.next;
    tg_making_wait(inbound);
    tg_exchange_stream(&pass->exchange, backend, &pass->call, on_head, on_done);
}

void tg_pass_end(struct tg_pass *pass)
{
    tg_exchange_cancel(&pass->exchange);
    tg_exchange_dispose(&pass->exchange);
}
