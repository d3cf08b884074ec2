#include "gate/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "api/purge.h"
#include "base/crypto.h"
#include "gate/client.h"
#include "gate/door.h"
#include "gate/recorder.h"
#include "gate/refusal.h"
#include "gate/reload.h"
#include "gate/responder.h"
#include "gate/status.h"
#include "http/query.h"

enum { ACCEPTS_A_TURN = 16, PAUSE_MS = 100, STATUS_MOST = 67108864 };

static const struct tg_text none = {NULL, 0};

/* ---- answers */

static int respond_text(h2o_req_t *req, int status, const char *text)
{
    struct tg_field field = {h2o_iovec_init(H2O_STRLIT("content-type")),
                             h2o_iovec_init(H2O_STRLIT("text/plain; charset=utf-8"))};
    struct tg_response response = {.status = status,
                                   .fields = {&field, 1},
                                   .body = h2o_iovec_init((char *)text, strlen(text))};

    tg_respond(req, &response);
    return 0;
}

/* Sends the JSON, and frees it. */
static int respond_json(h2o_req_t *req, int status, struct tg_buffer *out)
{
    struct tg_field field = {h2o_iovec_init(H2O_STRLIT("content-type")),
                             h2o_iovec_init(H2O_STRLIT("application/json"))};
    struct tg_response response = {.status = status,
                                   .fields = {&field, 1},
                                   .body = h2o_strdup(&req->pool, out->base, out->len)};

    tg_buffer_dispose(out);
    tg_respond(req, &response);
    return 0;
}

static int respond_status(struct tg_worker *worker, h2o_req_t *req)
{
    struct tg_buffer out = {.limit = STATUS_MOST};

    tg_status_write(worker, &out);
    return respond_json(req, 200, &out);
}

static int respond_problem(h2o_req_t *req, int status, const char *detail)
{
    tg_respond_problem(req, status, tg_text_of(detail), none, none,
                       status == 405 ? TG_TEXT("GET, HEAD") : none);
    return 0;
}

/* ---- reloads */

struct waiting {
    h2o_linklist_t link; /* in admin.reloads */
    h2o_req_t *req;
    uint64_t ticket;
};

static void on_waiting_dispose(void *waiting)
{
    h2o_linklist_t *link = &((struct waiting *)waiting)->link;

    if (h2o_linklist_is_linked(link))
        h2o_linklist_unlink(link);
}

static int begin(struct tg_worker *worker, h2o_req_t *req, bool back)
{
    struct waiting *waiting =
        h2o_mem_alloc_shared(&req->pool, sizeof(*waiting), on_waiting_dispose);
    *waiting = (struct waiting){.req = req, .ticket = tg_reload_ask(worker->gate->reload, back)};
    h2o_linklist_insert(&worker->admin.reloads, &waiting->link);
    tg_admin_reloaded(worker); /* while the server stops it has its answer already */
    return 0;
}

static int begin_reload(struct tg_worker *worker, h2o_req_t *req)
{
    return begin(worker, req, false);
}

static int begin_rollback(struct tg_worker *worker, h2o_req_t *req)
{
    return begin(worker, req, true);
}

void tg_admin_reloaded(struct tg_worker *worker)
{
    h2o_linklist_t *link = worker->admin.reloads.next;

    while (link != &worker->admin.reloads) {
        struct waiting *waiting = H2O_STRUCT_FROM_MEMBER(struct waiting, link, link);
        struct tg_buffer out = {.limit = STATUS_MOST};
        enum tg_reload_state state = tg_reload_result(worker->gate->reload, waiting->ticket, &out);
        link = link->next;
        if (state == TG_RELOAD_PENDING)
            continue;
        h2o_linklist_unlink(&waiting->link);
        respond_json(waiting->req, state == TG_RELOAD_DONE ? 200 : 422, &out);
    }
}

/* ---- purges */

/* POST /purge?tag=T, ?url=U, ?prefix=P, ?all=true, each with &soft=true if it is one. */
static int purge(struct tg_worker *worker, h2o_req_t *req)
{
    const char *mark = memchr(req->input.path.base, '?', req->input.path.len), *wrong = NULL;
    size_t skip = mark != NULL ? (size_t)(mark - req->input.path.base) + 1 : req->input.path.len;
    struct tg_text rest = {req->input.path.base + skip, req->input.path.len - skip};
    struct tg_buffer out = {.limit = 0};
    struct tg_text texts[TG_PURGE_KINDS] = {{NULL, 0}};
    struct tg_query_pair pair;
    bool soft = false, any = false;

    while (wrong == NULL && tg_query_next(&rest, &pair)) {
        char *plain = h2o_mem_alloc_pool(&req->pool, pair.value.len + 1);
        struct tg_text value = tg_text(plain, tg_query_decode(pair.value, plain));
        bool known = tg_text_is(pair.name, TG_TEXT("soft"));
        if (known)
            soft = tg_text_is(value, TG_TEXT("true"));
        for (int kind = 0; kind < TG_PURGE_KINDS; kind++)
            if (tg_text_is(pair.name, tg_text_of(tg_purge_name((enum tg_purge_kind)kind)))) {
                texts[kind] = value;
                known = any = true;
            }
        if (!known)
            wrong = "what is purged is given by tag, url, prefix or all, and soft";
    }
    if (wrong == NULL && !any)
        wrong = "what is purged is given by tag, url, prefix or all";
    for (int kind = 0; kind < TG_PURGE_KINDS && wrong == NULL; kind++)
        if (texts[kind].base != NULL)
            wrong = tg_purge(worker->gate->cache, (enum tg_purge_kind)kind, texts[kind], soft);
    if (wrong != NULL)
        return respond_problem(req, 422, wrong);
    tg_buffer_printf(&out, "{\"purged\":true,\"soft\":%s}\n", soft ? "true" : "false");
    return respond_json(req, 200, &out);
}

/* ---- recordings */

static unsigned read_number(struct tg_text value, unsigned most)
{
    unsigned number = 0;

    for (size_t i = 0; i < value.len; i++) {
        if (value.base[i] < '0' || value.base[i] > '9' || number > most)
            return 0;
        number = number * 10 + (unsigned)(value.base[i] - '0');
    }
    return number <= most ? number : 0;
}

static bool has_route(struct tg_worker *worker, struct tg_text pattern)
{
    const struct tg_site *site = worker->generation->edition->site;

    for (size_t i = 0; i < site->route_count; i++)
        if (tg_text_is(tg_text_of(site->routes[i].pattern), pattern))
            return site->routes[i].script != NULL;
    return false;
}

/* POST /record?route=R&count=N&seconds=S, or ?stop=true. */
static int record(struct tg_worker *worker, h2o_req_t *req)
{
    const char *mark = memchr(req->input.path.base, '?', req->input.path.len);
    size_t skip = mark != NULL ? (size_t)(mark - req->input.path.base) + 1 : req->input.path.len;
    struct tg_text rest = {req->input.path.base + skip, req->input.path.len - skip}, route = none;
    struct tg_buffer out = {.limit = STATUS_MOST};
    unsigned count = 20, seconds = 60;
    bool stop = false;
    struct tg_query_pair pair;

    while (tg_query_next(&rest, &pair)) {
        char *plain = h2o_mem_alloc_pool(&req->pool, pair.value.len + 1);
        struct tg_text value = tg_text(plain, tg_query_decode(pair.value, plain));
        if (tg_text_is(pair.name, TG_TEXT("route")))
            route = value;
        else if (tg_text_is(pair.name, TG_TEXT("count")))
            count = read_number(value, TG_RECORD_COUNT);
        else if (tg_text_is(pair.name, TG_TEXT("seconds")))
            seconds = read_number(value, TG_RECORD_SECONDS);
        else if (tg_text_is(pair.name, TG_TEXT("stop")))
            stop = true;
    }
    if (stop)
        tg_recorder_stop(worker->gate->recorder);
    else if (count == 0 || seconds == 0)
        return respond_problem(req, 422, "count is from 1 to 1000, seconds from 1 to 3600");
    else if (!has_route(worker, route))
        return respond_problem(req, 422, "no route with a script has this pattern");
    else
        tg_recorder_start(worker->gate->recorder, route, count, seconds);
    tg_recorder_write(worker->gate->recorder, &out);
    return respond_json(req, 200, &out);
}

static int respond_record(struct tg_worker *worker, h2o_req_t *req)
{
    struct tg_buffer out = {.limit = STATUS_MOST};

    tg_recorder_write(worker->gate->recorder, &out);
    return respond_json(req, 200, &out);
}

/* ---- requests */

static bool has_token(const h2o_req_t *req, struct tg_text token)
{
    static const char scheme[] = "Bearer ";
    ssize_t at = h2o_find_header(&req->headers, H2O_TOKEN_AUTHORIZATION, -1);

    if (token.len == 0)
        return true;
    if (at < 0)
        return false;
    h2o_iovec_t value = req->headers.entries[at].value;
    size_t skip = sizeof(scheme) - 1;
    return value.len > skip && strncasecmp(value.base, scheme, skip) == 0 &&
           tg_crypto_equal(tg_text(value.base + skip, value.len - skip), token);
}

static bool is_path(const h2o_req_t *req, const char *path)
{
    const char *mark = memchr(req->input.path.base, '?', req->input.path.len);
    size_t len = mark != NULL ? (size_t)(mark - req->input.path.base) : req->input.path.len;

    return tg_text_is(tg_text(req->input.path.base, len), tg_text_of(path));
}

static bool is_method(const h2o_req_t *req, const char *method)
{
    return h2o_memis(req->input.method.base, req->input.method.len, method, strlen(method));
}

/* The one who started us sees to the end: the master, or the main thread. */
static int begin_drain(struct tg_worker *worker, h2o_req_t *req)
{
    static const char text[] = "{\"ok\":true,\"state\":\"draining\"}\n";
    struct tg_buffer out = {.limit = 0};

    if (tg_link_is_there(&worker->gate->link))
        tg_link_say(&worker->gate->link, TG_CHANNEL_END, 0, "");
    else
        kill(getpid(), SIGTERM);
    tg_buffer_append(&out, text, sizeof(text) - 1);
    return respond_json(req, 200, &out);
}

/* What a page of another origin makes a browser send is not the operator's wish. */
static int change(struct tg_worker *worker, h2o_req_t *req,
                  int (*how)(struct tg_worker *worker, h2o_req_t *req))
{
    if (!is_method(req, "POST")) {
        tg_respond_problem(req, 405, TG_TEXT("what changes something is asked for with POST"), none,
                           none, TG_TEXT("POST"));
        return 0;
    }
    if (h2o_find_header_by_str(&req->headers, H2O_STRLIT("origin"), -1) >= 0)
        return respond_problem(req, 403, "a request with an Origin changes nothing here");
    return how(worker, req);
}

static int answer(struct tg_worker *worker, h2o_req_t *req)
{
    const struct tg_refusal *refusal = &tg_client_of(req->conn)->refusal;

    if (refusal->detail != NULL)
        return respond_problem(req, tg_refused_status(refusal->reason), refusal->detail);
    if (!has_token(req, worker->gate->site->admin->token))
        return respond_problem(req, 401, "the token is missing or wrong");
    if (is_path(req, "/reload"))
        return change(worker, req, begin_reload);
    if (is_path(req, "/purge"))
        return change(worker, req, purge);
    if (is_path(req, "/record") && is_method(req, "GET"))
        return respond_record(worker, req);
    if (is_path(req, "/record"))
        return change(worker, req, record);
    if (is_path(req, "/rollback"))
        return change(worker, req, begin_rollback);
    if (is_path(req, "/drain"))
        return change(worker, req, begin_drain);
    bool is_status = is_path(req, "/status"), is_ready = is_path(req, "/ready");
    if (!is_status && !is_ready && !is_path(req, "/health"))
        return respond_problem(req, 404,
                               "there are /status, /health, /ready, /reload, /rollback, /purge, "
                               "/record and /drain");
    if (!is_method(req, "GET") && !is_method(req, "HEAD"))
        return respond_problem(req, 405, "this is only to be read");
    if (is_status)
        return respond_status(worker, req);
    if (is_ready && worker->draining)
        return respond_text(req, 503, "draining\n");
    return respond_text(req, 200, is_ready ? "ready\n" : "healthy\n");
}

static void on_dispose(void *client)
{
    tg_client_end(*(struct tg_client **)client);
}

static int on_req(h2o_handler_t *handler, h2o_req_t *req)
{
    struct tg_worker *worker = H2O_STRUCT_FROM_MEMBER(struct tg_worker, ctx, req->conn->ctx);
    struct tg_client **client = h2o_mem_alloc_shared(&req->pool, sizeof(void *), on_dispose);

    (void)handler;
    *client = tg_client_of(req->conn);
    tg_client_begin(*client, req);
    req->http1_is_persistent = 0; /* one question, one connection */
    return answer(worker, req);
}

void tg_admin_register(struct tg_gate *gate)
{
    h2o_hostconf_t *host =
        h2o_config_register_host(&gate->config, h2o_iovec_init(H2O_STRLIT("admin")), 65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);

    h2o_create_handler(path, sizeof(h2o_handler_t))->on_req = on_req;
    tg_refusal_register(host);
    gate->admin_hosts[0] = host;
}

/* ---- its socket */

bool tg_admin_bind(struct tg_gate *gate)
{
    const struct tg_admin *admin = gate->site->admin;
    struct sockaddr_storage address;

    if (admin == NULL)
        return true;
    socklen_t len = tg_admin_address_fill(&admin->address, &address);
    gate->admin_fd = tg_link_listen(&gate->link, &address, len);
    return gate->admin_fd >= 0;
}

void tg_admin_unbind(struct tg_gate *gate)
{
    if (gate->admin_fd < 0)
        return;
    close(gate->admin_fd);
    gate->admin_fd = -1;
    if (!tg_link_is_there(&gate->link) && gate->site->admin->address.path[0] != '\0')
        unlink(gate->site->admin->address.path);
}

/* ---- its connections */

static void on_accept(h2o_socket_t *listener, const char *err);

static void on_resume(struct tg_timer *timer)
{
    struct tg_worker *worker = H2O_STRUCT_FROM_MEMBER(struct tg_worker, admin.resume, timer);

    h2o_socket_read_start(worker->admin.listener, on_accept);
}

static void pause_accepting(struct tg_worker *worker)
{
    h2o_socket_read_stop(worker->admin.listener);
    tg_timer_start(&worker->timers, &worker->admin.resume, PAUSE_MS, on_resume);
}

static void on_accept(h2o_socket_t *listener, const char *err)
{
    struct tg_worker *worker = listener->data;

    for (int i = 0; err == NULL && i < ACCEPTS_A_TURN; i++) {
        if (!tg_door_enter(worker, true)) {
            pause_accepting(worker);
            return;
        }
        h2o_socket_t *sock = h2o_evloop_socket_accept(listener);
        if (sock == NULL) {
            bool is_empty = errno == EAGAIN;
            tg_door_leave(worker, true);
            if (!is_empty)
                pause_accepting(worker);
            return;
        }
        tg_client_create(worker, sock, true);
        h2o_accept(&worker->admin.accept, sock);
    }
}

bool tg_admin_start(struct tg_worker *worker)
{
    if (worker->gate->admin_fd < 0)
        return true;
    int fd = fcntl(worker->gate->admin_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return false;
    worker->admin.accept =
        (h2o_accept_ctx_t){.ctx = &worker->ctx, .hosts = worker->gate->admin_hosts};
    worker->admin.listener =
        h2o_evloop_socket_create(worker->ctx.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    worker->admin.listener->data = worker;
    h2o_socket_read_start(worker->admin.listener, on_accept);
    return true;
}

void tg_admin_stop(struct tg_worker *worker)
{
    if (worker->admin.listener == NULL)
        return;
    tg_timer_stop(&worker->timers, &worker->admin.resume);
    h2o_socket_read_stop(worker->admin.listener);
    h2o_socket_close(worker->admin.listener);
    worker->admin.listener = NULL;
}
