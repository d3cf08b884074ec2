#include "gate/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/crypto.h"
#include "gate/admin_answer.h"
#include "gate/admin_change.h"
#include "gate/client.h"
#include "gate/door.h"
#include "gate/refusal.h"
#include "gate/responder.h"
#include "gate/status.h"

enum { ACCEPTS_A_TURN = 16, PAUSE_MS = 100, STATUS_MOST = 67108864 };

static const struct tg_text none = {NULL, 0};

/* ---- requests */

static int respond_status(struct tg_worker *worker, h2o_req_t *req)
{
    struct tg_buffer out = {.limit = STATUS_MOST};

    tg_status_write(worker, &out);
    return tg_admin_json(req, 200, &out);
}

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
        return tg_admin_problem(req, 403, "a request with an Origin changes nothing here");
    return how(worker, req);
}

static int answer(struct tg_worker *worker, h2o_req_t *req)
{
    const struct tg_refusal *refusal = &tg_client_of(req->conn)->refusal;

    if (refusal->detail != NULL)
        return tg_admin_problem(req, tg_refused_status(refusal->reason), refusal->detail);
    if (!has_token(req, worker->gate->site->admin->token))
        return tg_admin_problem(req, 401, "the token is missing or wrong");
    if (is_path(req, "/reload"))
        return change(worker, req, tg_admin_reload);
    if (is_path(req, "/purge"))
        return change(worker, req, tg_admin_purge);
    if (is_path(req, "/record") && is_method(req, "GET"))
        return tg_admin_recorded(worker, req);
    if (is_path(req, "/record"))
        return change(worker, req, tg_admin_record);
    if (is_path(req, "/rollback"))
        return change(worker, req, tg_admin_rollback);
    if (is_path(req, "/drain"))
        return change(worker, req, tg_admin_drain);
    bool is_status = is_path(req, "/status"), is_ready = is_path(req, "/ready");
    if (!is_status && !is_ready && !is_path(req, "/health"))
        return tg_admin_problem(req, 404,
                                "there are /status, /health, /ready, /reload, /rollback, /purge, "
                                "/record and /drain");
    if (!is_method(req, "GET") && !is_method(req, "HEAD"))
        return tg_admin_problem(req, 405, "this is only to be read");
    if (is_status)
        return respond_status(worker, req);
    if (is_ready && worker->draining)
        return tg_admin_text(req, 503, "draining\n");
    return tg_admin_text(req, 200, is_ready ? "ready\n" : "healthy\n");
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
