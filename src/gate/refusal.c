#include "gate/refusal.h"

#include "api/response.h"
#include "gate/inbound.h"
#include "http/status.h"

struct refusal {
    h2o_ostream_t super;
    h2o_iovec_t body; /* in the request's pool */
};

/* What h2o has to say is dropped; it says it in one piece, without a body to HEAD. */
static void on_send(h2o_ostream_t *self, h2o_req_t *req, h2o_iovec_t *bufs, size_t count,
                    h2o_send_state_t state)
{
    struct refusal *refusal = (struct refusal *)self;

    (void)bufs;
    h2o_ostream_send_next(self, req, &refusal->body, count != 0, state);
}

/* Why: we have said so, or it is h2o's own reason. */
static struct tg_refusal reason_of(struct tg_client *client, int status)
{
    if (client->refusal.detail != NULL)
        return client->refusal;
    enum tg_refused reason = tg_refused_of_status(status);
    return (struct tg_refusal){
        reason, reason == TG_REFUSED_BODY          ? "the body of the request is too large"
                : reason == TG_REFUSED_EXPECTATION ? "nothing but 100-continue can be expected"
                                                   : "the body of the request is not well chunked"};
}

static h2o_iovec_t write_problem(h2o_req_t *req)
{
    struct tg_worker *worker = H2O_STRUCT_FROM_MEMBER(struct tg_worker, ctx, req->conn->ctx);
    struct tg_inbound *inbound = tg_inbound_create(worker, req);
    struct tg_refusal refusal = reason_of(inbound->client, req->res.status);
    h2o_iovec_t id = tg_request_id(&inbound->request);
    struct tg_text none = {NULL, 0};
    struct tg_buffer out = {.limit = 1024};

    tg_client_linger(inbound->client);
    if (!inbound->client->is_admin)
        tg_tally(&worker->traffic.refused[refusal.reason], 1);
    tg_problem_write(&out, req->res.status, tg_text_of(refusal.detail), none, none,
                     tg_text(id.base, id.len));
    h2o_iovec_t body = h2o_strdup(&req->pool, out.base, out.len);
    tg_buffer_dispose(&out);
    return body;
}

static void on_setup(h2o_filter_t *filter, h2o_req_t *req, h2o_ostream_t **slot)
{
    struct refusal *refusal = (struct refusal *)h2o_add_ostream(req, sizeof(*refusal), slot);

    (void)filter;
    refusal->super.do_send = on_send;
    refusal->body = write_problem(req);
    req->res.reason = tg_status_reason(req->res.status);
    req->res.content_length = refusal->body.len;
    req->res.headers = (h2o_headers_t){NULL, 0, 0};
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                   H2O_STRLIT("application/problem+json"));
    h2o_setup_next_ostream(req, &refusal->super.next);
}

/* No request of ours comes to the fallback path: the handler of '/' takes them all. */
void tg_refusal_register(h2o_hostconf_t *host)
{
    h2o_create_filter(&host->fallback_path, sizeof(h2o_filter_t))->on_setup_ostream = on_setup;
    tg_inbound_register(&host->fallback_path);
}
