#include "gate/handler.h"

#include <stdlib.h>

#include "gate/failure.h"
#include "gate/making.h"
#include "gate/pass.h"
#include "gate/responder.h"
#include "gate/target.h"

static const struct tg_text none = {NULL, 0};

static struct tg_text text_of(h2o_iovec_t v)
{
    return tg_text(v.base, v.len);
}

static h2o_iovec_t iovec_of(struct tg_text text)
{
    return h2o_iovec_init((char *)text.base, text.len);
}

static void respond_unrouted(struct tg_inbound *inbound, const struct tg_match *match)
{
    struct tg_text allow = tg_text(match->allow, match->allow_len);
    struct tg_request *request = &inbound->request;

    if (allow.len == 0) {
        tg_failure_problem(inbound, 404, "no route has this path");
    } else if (tg_text_is(text_of(request->method), TG_TEXT("OPTIONS"))) {
        struct tg_field *field = h2o_mem_alloc_pool(&request->run.pool, sizeof(*field));
        char *copy = h2o_strdup(&request->run.pool, allow.base, allow.len).base;
        *field =
            (struct tg_field){h2o_iovec_init(H2O_STRLIT("allow")), h2o_iovec_init(copy, allow.len)};
        request->response = (struct tg_response){.status = 204, .fields = {field, 1}};
        tg_respond(inbound->req, &request->response);
    } else {
        tg_respond_problem(inbound->req, 405, TG_TEXT("no route with this path has this method"),
                           none, text_of(tg_request_id(request)), allow);
    }
}

static void read_params(struct tg_inbound *inbound, const struct tg_path *path)
{
    struct tg_request *request = &inbound->request;
    const struct tg_route *route = inbound->route;
    h2o_mem_pool_t *pool = &request->run.pool;

    request->params =
        h2o_mem_alloc_pool(pool, (route->segment_count + 1) * sizeof(*request->params));
    for (size_t i = 0; i < route->segment_count; i++)
        if (route->segments[i].kind != TG_SEGMENT_LITERAL)
            request->params[request->param_count++] = (struct tg_param){
                iovec_of(route->segments[i].text), iovec_of(tg_router_param(route, i, path, pool))};
}

/* Answers with the status of that refusal, and ends the connection. */
static int refuse(struct tg_inbound *inbound, enum tg_refused reason, const char *detail)
{
    tg_tally(&inbound->worker->traffic.refused[reason], 1);
    inbound->req->http1_is_persistent = 0;
    tg_client_linger(inbound->client);
    tg_failure_problem(inbound, tg_refused_status(reason), detail);
    return 0;
}

static int on_req(h2o_handler_t *handler, h2o_req_t *req)
{
    struct tg_worker *worker = H2O_STRUCT_FROM_MEMBER(struct tg_worker, ctx, req->conn->ctx);
    struct tg_inbound *inbound = tg_inbound_create(worker, req);
    const struct tg_edition *edition = inbound->generation->edition;
    struct tg_path path;
    struct tg_match match;

    (void)handler;
    if (inbound->client->refusal.detail != NULL)
        return refuse(inbound, inbound->client->refusal.reason, inbound->client->refusal.detail);
    const char *reason = tg_target_read(inbound, &path);
    tg_inbound_fill(inbound);
    if (reason != NULL)
        return refuse(inbound, TG_REFUSED_MALFORMED, reason);
    if (inbound->request.body.len > edition->site->body_limit)
        return refuse(inbound, TG_REFUSED_BODY, "the body of the request is too large");
    if (!tg_client_hold(inbound->client, inbound->request.body.len))
        return refuse(inbound, TG_REFUSED_BODIES, "too many bodies of requests are on their way");
    tg_tally(&worker->traffic.bytes_in, inbound->request.body.len);
    tg_router_find(edition->router, text_of(inbound->request.method), &path, &match);
    if (match.route == NULL) {
        respond_unrouted(inbound, &match);
        return 0;
    }
    inbound->route = match.route;
    tg_tally(tg_edition_requests(edition, worker->index, match.route->index), 1);
    if (tg_edition_bar_of(edition, match.route->index) != NULL) {
        tg_failure_problem(inbound, 503, "a script of this route could not be stopped");
        return 0;
    }
    if (match.route->script == NULL)
        inbound->target = tg_pass_target(inbound, &path);
    if (tg_making_has_scripts(inbound))
        read_params(inbound, &path);
    tg_making_begin(inbound);
    return 0;
}

void tg_handler_register(h2o_hostconf_t *host)
{
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    h2o_handler_t *handler = h2o_create_handler(path, sizeof(*handler));

    handler->on_req = on_req;
    tg_inbound_register(path);
    /* h2o's chunks are for status 200 only: gate/stream.c writes its own. */
    for (size_t i = 0; i < path->filters.size; i++)
        free(path->filters.entries[i]);
    path->filters.size = 0;
}
