#include "gate/inbound.h"

#include "base/clock.h"
#include "gate/access_log.h"
#include "gate/cached.h"
#include "gate/generation.h"
#include "gate/failure.h"
#include "gate/peer.h"
#include "gate/pass.h"
#include "gate/recorder.h"
#include "gate/stream.h"

static void destroy(struct tg_inbound *inbound)
{
    struct tg_run run = inbound->request.run; /* the pool holds the inbound itself */
    struct tg_generation *generation = inbound->generation;

    tg_request_forget(&inbound->request);
    tg_task_dispose(&inbound->request.task);
    tg_run_dispose(&run);
    tg_generation_release(generation);
}

static void on_after_end(struct tg_request *request)
{
    destroy(H2O_STRUCT_FROM_MEMBER(struct tg_inbound, request, request));
}

/* The admin address is in no log and in no account. */
static void log_access(struct tg_inbound *inbound)
{
    h2o_req_t *req = inbound->req;
    struct tg_access access = {
        .route = inbound->route != NULL ? inbound->route->pattern : NULL,
        .status = req->res.status != 0 ? req->res.status : 499,
        .bytes = req->bytes_sent,
        .duration_ns = tg_timers_real_ns(&inbound->worker->timers) - inbound->begun_ns,
        .cache = tg_cached_word(inbound),
    };

    tg_traffic_request(&inbound->worker->traffic, access.status, access.bytes,
                       access.duration_ns / 1000);
    if (inbound->route != NULL) {
        struct tg_outcome *outcome = tg_edition_outcome(
            inbound->generation->edition, inbound->worker->index, inbound->route->index);
        tg_tally(&outcome->answered, 1);
        tg_tally(&outcome->failed, access.status >= 500);
    }
    if (inbound->worker->gate->access != NULL)
        tg_access_log(inbound->worker, &inbound->request, &access);
}

void tg_inbound_end(struct tg_inbound *inbound)
{
    struct tg_request *request = &inbound->request;

    tg_timer_stop(&inbound->worker->timers, &inbound->deadline);
    if (h2o_linklist_is_linked(&inbound->link))
        h2o_linklist_unlink(&inbound->link);
    tg_task_dispose(&request->task);
    if (inbound->stream != NULL)
        tg_stream_end(inbound->stream);
    else if (request->response.source != NULL)
        request->response.source->cancel(request->response.source);
    if (inbound->pass != NULL)
        tg_pass_end(inbound->pass);
    if (inbound->req != NULL && !inbound->client->is_admin)
        log_access(inbound);
    if (inbound->req != NULL)
        tg_recorder_end(inbound->worker->gate->recorder, inbound);
    tg_caching_end(inbound);
    tg_response_release(request);
    if (inbound->req != NULL)
        tg_client_end(inbound->client);
    inbound->req = NULL;
    inbound->worker->requests--;
    request->response_sent = true;
    if (!tg_after_start(request, on_after_end))
        destroy(inbound);
}

/* h2o lets go of the request: it has been answered, or its client has gone. */
static void on_dispose(h2o_logger_t *logger, h2o_req_t *req)
{
    struct tg_client *client = tg_client_of(req->conn);
    struct tg_inbound *inbound = client->inbound;

    (void)logger;
    if (inbound == NULL)
        return;
    client->inbound = NULL;
    tg_watch_disarm(&inbound->watch);
    tg_inbound_end(inbound);
}

static void find_client(struct tg_request *request)
{
    struct tg_inbound *inbound = H2O_STRUCT_FROM_MEMBER(struct tg_inbound, request, request);

    if (inbound->req != NULL)
        tg_peer_find(request, inbound->generation->edition->site, inbound->req->conn);
}

/* What the log shows of a target that is not understood: never its query. */
static h2o_iovec_t without_query(h2o_iovec_t target)
{
    const char *mark = memchr(target.base, '?', target.len);

    return mark != NULL ? h2o_iovec_init(target.base, (size_t)(mark - target.base)) : target;
}

/* Loggers are what h2o tells of the end of a request. */
void tg_inbound_register(h2o_pathconf_t *path)
{
    h2o_create_logger(path, sizeof(h2o_logger_t))->log_access = on_dispose;
}

struct tg_inbound *tg_inbound_create(struct tg_worker *worker, h2o_req_t *req)
{
    struct tg_run run;

    tg_run_init(&run);
    struct tg_inbound *inbound = h2o_mem_alloc_pool(&run.pool, sizeof(*inbound));
    *inbound = (struct tg_inbound){
        .worker = worker,
        .generation = tg_generation_hold(worker->generation),
        .req = req,
        .client = tg_client_of(req->conn),
        .begun_ns = tg_timers_read_ns(&worker->timers),
        .request =
            {
                .run = run,
                .host = &worker->generation->host,
                .method = req->input.method,
                .path = without_query(req->input.path),
                .authority = req->input.authority,
                .version = req->version,
                .client_address = "",
                .peer_address = "",
                .find_client = find_client,
                .report_body = tg_failure_log_body,
            },
    };
    tg_client_begin(inbound->client, req);
    if (req->input.authority.base == req->hostconf->authority.hostport.base)
        inbound->request.authority = h2o_iovec_init(H2O_STRLIT("")); /* HTTP/1.0 without Host */
    inbound->request.last_call = &inbound->request.calls;
    inbound->request.run.context = &inbound->request;
    inbound->client->inbound = inbound;
    if (req->version == 0)
        req->version = 0x100; /* else no logger hears of its end */
    worker->requests++;
    return inbound;
}

/* The list has room for Host, which stands first. */
static struct tg_field *take_fields(struct tg_inbound *inbound, size_t *count)
{
    h2o_mem_pool_t *pool = &inbound->request.run.pool;
    const struct tg_fields *ours = &inbound->client->fields;
    const h2o_headers_t *theirs = &inbound->req->headers;
    struct tg_field *list;

    *count = ours->list != NULL ? ours->count : theirs->size + 1;
    list = h2o_mem_alloc_pool(pool, *count * sizeof(*list));
    if (ours->list != NULL)
        memcpy(list + 1, ours->list + 1, (*count - 1) * sizeof(*list));
    else
        for (size_t i = 0; i < theirs->size; i++)
            list[i + 1] = (struct tg_field){*theirs->entries[i].name, theirs->entries[i].value};
    return list;
}

void tg_inbound_fill(struct tg_inbound *inbound)
{
    struct tg_request *request = &inbound->request;
    size_t count;
    struct tg_field *list = take_fields(inbound, &count);

    if (request->authority.len != 0)
        *list = (struct tg_field){h2o_iovec_init(H2O_STRLIT("host")), request->authority};
    else
        list++, count--;
    request->fields = (struct tg_fields){list, count};
    request->scheme = inbound->req->input.scheme->name;
    request->body = inbound->req->entity;
    request->has_body = request->body.base != NULL;
    if (request->body.base == NULL)
        request->body = h2o_iovec_init(H2O_STRLIT(""));
}
