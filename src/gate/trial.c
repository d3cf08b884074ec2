#include "gate/trial.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate/door.h"
#include "gate/listener.h"
#include "gate/server.h"
#include "gate/worker.h"
#include "net/framing.h"

enum {
    AT_ONCE = 64,
    TURN_MS = 5, /* the loop does not see our ends of the connections */
    LEAVE_MS = 2000,
    ANSWER_MOST = 16777216,
    EXCERPT = 200, /* bytes of an answer that is not as it should be */
    PATH_MOST = 131072,
};

struct request {
    const struct tg_route *route;
    int fd; /* -1: it is over, or has not begun */
    size_t sent;
    struct tg_buffer answer;
    uint64_t until_ms;
    struct tg_buffer reason; /* why its script failed */
};

struct tg_trial {
    struct tg_gate gate;
    struct request requests[AT_ONCE];
    size_t count;
    struct tg_buffer *problems;
    bool well;
};

static struct tg_text target_path(struct tg_text target)
{
    const char *end = target.len != 0 ? memchr(target.base, '?', target.len) : NULL;

    return tg_text(target.base, end != NULL ? (size_t)(end - target.base) : target.len);
}

/* ---- whether they can be sent */

static bool leads_to(const struct tg_edition *edition, const struct tg_route *route)
{
    struct tg_text raw = target_path(route->self_test->path);
    char *space = raw.len <= PATH_MOST ? malloc(TG_PATH_SPACE(raw.len)) : NULL;
    struct tg_path path;
    struct tg_match match = {.route = NULL};

    if (space != NULL && tg_path_parse(raw, space, &path) == NULL)
        tg_router_find(edition->router, route->self_test->method, &path, &match);
    free(space);
    return match.route == route;
}

bool tg_trial_check(const struct tg_edition *edition, struct tg_buffer *problems)
{
    const struct tg_site *site = edition->site;
    bool well = true;

    for (size_t i = 0; i < site->route_count; i++) {
        const struct tg_route *route = &site->routes[i];
        if (route->self_test == NULL || leads_to(edition, route))
            continue;
        well = false;
        tg_buffer_printf(problems, "%s/site.lua:%d: self_test: %.*s %.*s is not for route '%s'\n",
                         site->folder, route->line, (int)route->self_test->method.len,
                         route->self_test->method.base, (int)route->self_test->path.len,
                         route->self_test->path.base, route->pattern);
    }
    return well;
}

/* ---- one request */

void tg_trial_note(struct tg_trial *trial, const struct tg_route *route, struct tg_text reason)
{
    for (size_t i = 0; i < trial->count; i++)
        if (trial->requests[i].route == route && trial->requests[i].reason.len == 0)
            tg_buffer_append(&trial->requests[i].reason, reason.base, reason.len);
}

/* The one line of a problem: what it says must not break it. */
static void say(struct tg_trial *trial, const struct request *request, const char *what,
                struct tg_text more)
{
    const struct tg_self_test *test = request->route->self_test;
    struct tg_buffer *out = trial->problems;

    trial->well = false;
    tg_buffer_printf(out, "%s/site.lua:%d: route '%s': self_test: %.*s %.*s %s",
                     trial->gate.site->folder, request->route->line, request->route->pattern,
                     (int)test->method.len, test->method.base, (int)test->path.len, test->path.base,
                     what);
    if (request->reason.len != 0)
        more = tg_text(request->reason.base, request->reason.len);
    if (more.len != 0)
        tg_buffer_printf(out, ": ");
    for (size_t i = 0; i < more.len && (i < EXCERPT || request->reason.len != 0); i++)
        tg_buffer_put(out, (unsigned char)more.base[i] < ' ' ? ' ' : more.base[i]);
    tg_buffer_put(out, '\n');
}

static bool begin(struct tg_trial *trial, struct request *request, const struct tg_route *route)
{
    struct tg_worker *worker = &trial->gate.workers[0];
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int ends[2];

    *request = (struct request){.route = route,
                                .fd = -1,
                                .answer = {.limit = ANSWER_MOST},
                                .reason = {.limit = 4096},
                                .until_ms = tg_clock_monotonic_ms() + route->self_test->timeout_ms};
    if (!tg_door_enter(worker, false))
        return false;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
        tg_door_leave(worker, false);
        return false;
    }
    h2o_socket_t *sock =
        h2o_evloop_socket_create(worker->ctx.loop, ends[0], H2O_SOCKET_FLAG_IS_ACCEPTED_CONNECTION);
    h2o_socket_setpeername(sock, (struct sockaddr *)&peer, sizeof(peer));
    tg_listener_take(worker, sock);
    request->fd = ends[1];
    return true;
}

static void push(struct request *request)
{
    struct tg_text bytes = request->route->self_test->request;
    ssize_t n;

    while (request->sent < bytes.len && (n = send(request->fd, bytes.base + request->sent,
                                                  bytes.len - request->sent, MSG_NOSIGNAL)) > 0)
        request->sent += (size_t)n;
}

/* Whether the connection has ended. */
static bool pull(struct request *request)
{
    for (;;) {
        char *room = tg_buffer_reserve(&request->answer, 65536);
        if (room == NULL)
            return true;
        ssize_t n = recv(request->fd, room, 65536, 0);
        if (n <= 0)
            return n == 0 || (errno != EAGAIN && errno != EINTR);
        request->answer.len += (size_t)n;
    }
}

/* The body of the answer, put together; false when it is cut short. */
static bool read_body(struct tg_framing *framing, struct tg_text in, struct tg_buffer *body)
{
    struct tg_text piece;

    for (;;) {
        switch (tg_framing_body(framing, &in, &piece)) {
        case TG_FRAMING_PIECE:
            tg_buffer_append(body, piece.base, piece.len);
            break;
        case TG_FRAMING_END:
            return true;
        case TG_FRAMING_MORE:
            return tg_framing_close(framing) == NULL;
        case TG_FRAMING_HEAD:
        case TG_FRAMING_WRONG:
            return false;
        }
    }
}

static void judge_body(struct tg_trial *trial, const struct request *request,
                       const struct tg_buffer *body)
{
    const struct tg_self_test *test = request->route->self_test;

    for (size_t i = 0; i < test->contains_count; i++) {
        char what[160];
        size_t len = strlen(test->contains[i]);
        if (len == 0 ||
            (body->len != 0 && memmem(body->base, body->len, test->contains[i], len) != NULL))
            continue;
        snprintf(what, sizeof(what), "gave a body without '%s'", test->contains[i]);
        say(trial, request, what, tg_text(body->base, body->len));
    }
}

static void judge(struct tg_trial *trial, struct request *request)
{
    const struct tg_self_test *test = request->route->self_test;
    struct tg_text in = tg_text(request->answer.base, request->answer.len);
    struct tg_framing framing;
    struct tg_framing_head head;
    struct tg_buffer body = {.limit = ANSWER_MOST};
    char what[64];

    tg_framing_init(&framing, tg_text_is(test->method, TG_TEXT("HEAD")), ANSWER_MOST);
    if (request->answer.full || request->answer.len == 0 ||
        tg_framing_head(&framing, &in, 0, &head) != TG_FRAMING_HEAD) {
        say(trial, request, request->answer.full ? "gave more than 16 MB" : "gave no answer",
            tg_text(NULL, 0));
        return;
    }
    bool is_whole = read_body(&framing, in, &body);
    if (head.status < test->least || head.status > test->most) {
        snprintf(what, sizeof(what), "gave %d instead of %d%s", head.status,
                 test->least == test->most ? test->least : test->least / 100,
                 test->least == test->most ? "" : "xx");
        say(trial, request, what, tg_text(body.base, body.len));
    } else if (!is_whole) {
        say(trial, request, "gave a body that is cut short", tg_text(NULL, 0));
    } else {
        judge_body(trial, request, &body);
    }
    tg_buffer_dispose(&body);
}

static void end(struct request *request)
{
    if (request->fd >= 0)
        close(request->fd);
    request->fd = -1;
}

/* ---- all of them */

/* Whether some still go on. */
static bool step(struct tg_trial *trial)
{
    uint64_t now_ms = tg_clock_monotonic_ms();
    bool more = false;

    for (size_t i = 0; i < trial->count; i++) {
        struct request *request = &trial->requests[i];
        if (request->fd < 0)
            continue;
        push(request);
        if (pull(request)) {
            judge(trial, request);
            end(request);
        } else if (now_ms >= request->until_ms) {
            say(trial, request, "gave no answer within its timeout", tg_text(NULL, 0));
            end(request);
        } else {
            more = true;
        }
    }
    return more;
}

/* Until all of it is over, and our connections are gone: what still runs is cancelled by that. */
static void play(struct tg_trial *trial)
{
    struct tg_worker *worker = &trial->gate.workers[0];
    uint64_t until_ms = 0; /* 0: some requests go on */
    bool busy = false;

    for (;;) {
        if (until_ms == 0 && !step(trial))
            until_ms = tg_clock_monotonic_ms() + LEAVE_MS;
        bool is_empty = atomic_load(&trial->gate.connections) == 0;
        if (until_ms != 0 && (is_empty || tg_clock_monotonic_ms() >= until_ms))
            break;
        busy = tg_worker_turn(worker, busy ? 0 : tg_timers_wait(&worker->timers, TURN_MS));
    }
    for (size_t i = 0; i < trial->count; i++) {
        tg_buffer_dispose(&trial->requests[i].answer);
        tg_buffer_dispose(&trial->requests[i].reason);
    }
    trial->count = 0;
}

static void play_all(struct tg_trial *trial)
{
    const struct tg_site *site = trial->gate.site;

    tg_timers_refresh(&trial->gate.workers[0].timers);
    for (size_t i = 0; i < site->route_count; i++) {
        if (site->routes[i].self_test == NULL)
            continue;
        struct request *request = &trial->requests[trial->count++];
        if (!begin(trial, request, &site->routes[i]))
            say(trial, request, "could not be sent", tg_text_of(strerror(errno)));
        if (trial->count == AT_ONCE)
            play(trial);
    }
    play(trial);
}

static bool has_any(const struct tg_site *site)
{
    for (size_t i = 0; i < site->route_count; i++)
        if (site->routes[i].self_test != NULL)
            return true;
    return false;
}

bool tg_trial_run(struct tg_edition *edition, struct tg_buffer *problems)
{
    if (!has_any(edition->site))
        return true;
    struct tg_trial *trial = calloc(1, sizeof(*trial));
    assert(trial != NULL);
    signal(SIGPIPE, SIG_IGN);
    tg_server_prepare(&trial->gate, tg_edition_hold(edition));
    trial->gate.trial = trial;
    trial->gate.most_connections = AT_ONCE;
    trial->problems = problems;
    trial->well = tg_server_make_workers(&trial->gate, 1, problems);
    if (trial->well)
        play_all(trial);
    trial->gate.log.sink = NULL; /* it is the edition's */
    tg_server_dispose(&trial->gate);
    tg_edition_forget_counts(edition);
    bool well = trial->well;
    free(trial);
    return well;
}
