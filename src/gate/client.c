#include "gate/client.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "gate/door.h"
#include "gate/linger.h"
#include "http/hop.h"

/* In the order of a connection: on_body_read again and again, on_close. */
static void on_body_read(h2o_socket_t *sock, const char *err);
static void on_close(void *data);

struct tg_client *tg_client_create(struct tg_worker *worker, h2o_socket_t *sock, bool is_admin)
{
    struct tg_client *client = h2o_mem_alloc(sizeof(*client));

    *client =
        (struct tg_client){.worker = worker, .sock = sock, .is_admin = is_admin, .linger_fd = -1};
    client->since_ms = tg_timers_now(&worker->timers);
    h2o_linklist_insert(&worker->door.waiting, &client->link);
    sock->on_close.cb = on_close;
    sock->on_close.data = client;
    tg_door_watch(worker);
    if (!is_admin)
        tg_tally(&worker->traffic.accepted, 1);
    return client;
}

static void on_close(void *data)
{
    struct tg_client *client = data;
    struct tg_worker *worker = client->worker;
    bool is_admin = client->is_admin;

    tg_client_hold(client, 0);
    tg_batch_call_off(&client->receive);
    tg_batch_call_off(&client->send);
    if (client->linger_fd >= 0)
        tg_linger_start(worker, client->linger_fd);
    h2o_linklist_unlink(&client->link);
    free(client);
    tg_door_leave(worker, is_admin);
}

struct tg_client *tg_client_behind(const h2o_socket_t *sock)
{
    return sock->on_close.cb == on_close ? sock->on_close.data : NULL;
}

static void move(struct tg_client *client, h2o_linklist_t *list, enum tg_client_phase phase)
{
    h2o_linklist_unlink(&client->link);
    h2o_linklist_insert(list, &client->link);
    client->phase = phase;
    client->since_ms = tg_timers_now(&client->worker->timers);
}

/* h2o looks at the last Connection field alone, and for keep-alive before close. */
static bool says_close(const h2o_req_t *req)
{
    for (ssize_t i = -1; (i = h2o_find_header(&req->headers, H2O_TOKEN_CONNECTION, i)) != -1;) {
        h2o_iovec_t value = req->headers.entries[i].value;
        if (tg_hop_names(tg_text(value.base, value.len), TG_TEXT("close")))
            return true;
    }
    return false;
}

void tg_client_begin(struct tg_client *client, h2o_req_t *req)
{
    client->is_busy = true;
    client->requests++;
    if (client->requests >= client->worker->generation->edition->site->limits.requests ||
        says_close(req))
        req->http1_is_persistent = 0;
    move(client, &client->worker->door.busy, TG_CLIENT_WORKING);
}

void tg_client_end(struct tg_client *client)
{
    client->is_busy = false;
    client->req = NULL;
    tg_client_hold(client, 0);
    move(client, &client->worker->door.waiting, TG_CLIENT_IDLE);
}

bool tg_client_hold(struct tg_client *client, size_t bytes)
{
    struct tg_gate *gate = client->worker->gate;
    size_t before = client->body;

    if (bytes == before)
        return true;
    client->body = bytes;
    if (bytes > before) {
        size_t all = atomic_fetch_add(&gate->bodies, bytes - before) + bytes - before;
        return all <= client->worker->generation->edition->site->limits.bodies;
    }
    atomic_fetch_sub(&gate->bodies, before - bytes);
    return true;
}

void tg_client_expect_body(struct tg_client *client)
{
    if (!tg_client_reads_requests(client))
        return;
    h2o_socket_dont_read(client->sock, 0);
    client->sock->_cb.read = on_body_read;
}

/* h2o's own way to read comes last: the connection may be gone behind it. */
static void on_body_read(h2o_socket_t *sock, const char *err)
{
    struct tg_client *client = sock->on_close.data;

    if (err == NULL && !tg_client_hold(client, sock->input->size))
        tg_client_refuse(client, TG_REFUSED_BODIES, "too many bodies of requests are on their way");
    else
        client->read(sock, err);
}

void tg_client_linger(struct tg_client *client)
{
    if (client->linger_fd < 0)
        client->linger_fd = fcntl(h2o_socket_get_fd(client->sock), F_DUPFD_CLOEXEC, 0);
}

enum tg_client_phase tg_client_look(const struct tg_client *client)
{
    const h2o_socket_t *sock = client->sock;

    if (client->is_busy)
        return sock->_cb.write != NULL ? TG_CLIENT_SENDING : TG_CLIENT_WORKING;
    if (client->req != NULL)
        return client->req->version != 0 ? TG_CLIENT_BODY : TG_CLIENT_HEAD;
    if (client->requests == 0)
        return TG_CLIENT_NEW;
    return tg_client_reads_requests(client) ? TG_CLIENT_IDLE : TG_CLIENT_OTHER;
}

void tg_client_refuse(struct tg_client *client, enum tg_refused reason, const char *detail)
{
    h2o_req_t *req = client->req;

    if (client->sock->_cb.write != NULL) { /* 100 Continue is on its way, to nobody it seems */
        tg_client_drop(client);
        return;
    }
    client->refusal = (struct tg_refusal){reason, detail};
    tg_batch_call_off(&client->receive);
    h2o_socket_read_stop(client->sock);
    if (req->version == 0) /* what has been read of the head may lie elsewhere now */
        req->input.method = req->input.path = h2o_iovec_init(H2O_STRLIT(""));
    h2o_send_error_generic(req, tg_refused_status(reason), "", "",
                           H2O_SEND_ERROR_HTTP1_CLOSE_CONNECTION);
}

void tg_client_close(struct tg_client *client)
{
    client->watched.is_closing = true;
    shutdown(h2o_socket_get_fd(client->sock), SHUT_RD);
}

void tg_client_drop(struct tg_client *client)
{
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int fd = h2o_socket_get_fd(client->sock);

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    shutdown(fd, SHUT_RDWR);
}
