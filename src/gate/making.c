#include "gate/making.h"

#include "base/clock.h"
#include "gate/cache_refresh.h"
#include "gate/cached.h"
#include "gate/failure.h"
#include "gate/inbound.h"
#include "gate/pass.h"
#include "gate/recorder.h"
#include "gate/responder.h"
#include "gate/scripts.h"
#include "gate/stream.h"
#include "gate/tunnel.h"

/* In the order of a request: on_look → on_suspend → on_done, on_deadline or on_gone. */
static void on_look(struct tg_request *request, struct tg_look *look);
static void on_suspend(struct tg_run *run);
static void on_done(struct tg_task *task, enum tg_task_end end);
static void on_deadline(struct tg_timer *timer);
static void on_gone(struct tg_watch *watch);

static void unlink_running(struct tg_inbound *inbound)
{
    if (h2o_linklist_is_linked(&inbound->link))
        h2o_linklist_unlink(&inbound->link);
}

/* Milliseconds until the deadline, which has been set. */
static uint64_t remaining(struct tg_inbound *inbound)
{
    uint64_t now = tg_timers_now(&inbound->worker->timers);
    uint64_t deadline = inbound->request.run.deadline_ms;

    return deadline > now ? deadline - now : 0;
}

/* What becomes of the client, if there is one. */
static void watch(struct tg_inbound *inbound)
{
    if (inbound->req != NULL && !inbound->watched)
        tg_watch_arm(&inbound->watch, inbound->req, &inbound->worker->timers, on_gone);
    inbound->watched = true;
}

/* There is no answer, for no reason that clients could know of. */
static void fail_unmade(struct tg_inbound *inbound, int status)
{
    bool has = inbound->req != NULL && tg_caching_fail(inbound, 0);

    if (inbound->req == NULL)
        tg_cache_refresh_fail(inbound, 0);
    else if (has)
        tg_cached_send(inbound);
    else
        tg_failure_problem(inbound, status, "");
}

static void run_scripts(struct tg_inbound *inbound)
{
    struct tg_worker *worker = inbound->worker;
    struct tg_generation *generation = inbound->generation;
    struct tg_request *request = &inbound->request;
    bool jit = inbound->route->jit;

    request->scripts = &generation->routes[inbound->route->index];
    if (request->scripts->chain == 0 && !tg_scripts_load_late(generation, inbound->route)) {
        fail_unmade(inbound, 500);
        return;
    }
    if (request->run.deadline_ms == 0)
        request->run.deadline_ms = tg_timers_now(&worker->timers) + inbound->route->timeout_ms;
    tg_recorder_begin(worker->gate->recorder, inbound);
    request->run.limits = &inbound->route->codec;
    request->run.on_suspend = on_suspend;
    if (inbound->route->cache != NULL && inbound->caching == NULL)
        request->look = on_look;
    if (!tg_task_init(&request->task, jit ? generation->jit_vm : generation->vm, &request->run,
                      on_done)) {
        tg_log_error(generation->host.log, NULL, "event=out_of_lua_memory");
        fail_unmade(inbound, 503);
        return;
    }
    if (!h2o_linklist_is_linked(&inbound->link))
        h2o_linklist_insert(&worker->running, &inbound->link);
    tg_task_start(&request->task, jit ? generation->jit_serve : generation->serve);
}

static bool has_before(const struct tg_inbound *inbound)
{
    return inbound->route->before_count + inbound->generation->edition->site->before_count != 0;
}

bool tg_making_has_scripts(const struct tg_inbound *inbound)
{
    return inbound->route->script != NULL || has_before(inbound);
}

void tg_making_start(struct tg_inbound *inbound)
{
    tg_timer_stop(&inbound->worker->timers, &inbound->deadline);
    if (inbound->caching != NULL)
        tg_timers_expire(&inbound->worker->timers); /* the key may be out of a long body */
    inbound->suspended = false;
    if (tg_making_has_scripts(inbound))
        run_scripts(inbound);
    else
        tg_pass_start(inbound);
}

/* What the cache has, or that it has nothing where the client wants nothing else. */
static bool answer_from_cache(struct tg_inbound *inbound)
{
    if (tg_caching_has(inbound))
        tg_cached_send(inbound);
    else if (inbound->caching != NULL && inbound->caching->unavailable)
        tg_failure_problem(inbound, 504, "nothing is kept for a request that wants nothing else");
    else
        return false;
    return true;
}

/* The cache has the answer, or it must be made. */
static void proceed(struct tg_inbound *inbound)
{
    unlink_running(inbound);
    tg_timer_stop(&inbound->worker->timers, &inbound->deadline);
    if (!answer_from_cache(inbound))
        tg_making_start(inbound);
}

/* The same when the scripts before the cache have run, and no other follows. */
static void proceed_pass(struct tg_inbound *inbound)
{
    unlink_running(inbound);
    tg_timer_stop(&inbound->worker->timers, &inbound->deadline);
    if (!answer_from_cache(inbound))
        tg_pass_start(inbound);
}

/* The same when another follows: it waits for this. */
static void proceed_script(struct tg_inbound *inbound)
{
    struct tg_look *look = inbound->request.looks;

    inbound->request.looks = NULL;
    look->has = tg_caching_has(inbound) || inbound->caching->unavailable;
    tg_task_resume(look->wait.task);
}

/* Time passes until another request has made the answer. */
static void wait_for_other(struct tg_inbound *inbound)
{
    struct tg_request *request = &inbound->request;
    struct tg_timers *timers = &inbound->worker->timers;

    if (request->run.deadline_ms == 0)
        request->run.deadline_ms = tg_timers_now(timers) + inbound->route->timeout_ms;
    tg_making_wait(inbound);
    tg_timer_start(timers, &inbound->deadline, remaining(inbound), on_deadline);
}

static void look_first(struct tg_inbound *inbound)
{
    if (tg_caching_begin(inbound, proceed) == TG_CACHED_WAIT)
        wait_for_other(inbound);
    else
        proceed(inbound);
}

void tg_making_begin(struct tg_inbound *inbound)
{
    if (inbound->route->cache != NULL && !has_before(inbound))
        look_first(inbound);
    else
        tg_making_start(inbound);
}

/* What may refuse a request comes before the cache: it is asked when those scripts have run. */
static void on_look(struct tg_request *request, struct tg_look *look)
{
    struct tg_inbound *inbound = H2O_STRUCT_FROM_MEMBER(struct tg_inbound, request, request);

    request->looks = look;
    if (tg_caching_begin(inbound, proceed_script) != TG_CACHED_WAIT)
        proceed_script(inbound);
}

/* The first wait: from now on time passes. Most requests that call no backend never get here. */
static void on_suspend(struct tg_run *run)
{
    struct tg_inbound *inbound =
        H2O_STRUCT_FROM_MEMBER(struct tg_inbound, request, (struct tg_request *)run->context);
    struct tg_timers *timers = &inbound->worker->timers;

    if (inbound->suspended)
        return;
    inbound->suspended = true;
    tg_timer_start(timers, &inbound->deadline, remaining(inbound), on_deadline);
    watch(inbound);
}

void tg_making_wait(struct tg_inbound *inbound)
{
    if (!h2o_linklist_is_linked(&inbound->link))
        h2o_linklist_insert(&inbound->worker->running, &inbound->link);
    if (inbound->suspended)
        return;
    inbound->suspended = true;
    watch(inbound);
}

/* The scripts of the request are over, one way or another, and so is the call that passes it on. */
static void leave_scripts(struct tg_inbound *inbound)
{
    if (inbound->pass != NULL)
        tg_pass_end(inbound->pass);
    tg_timer_stop(&inbound->worker->timers, &inbound->deadline);
    unlink_running(inbound);
    tg_caching_leave(inbound);
    tg_task_dispose(&inbound->request.task);
}

void tg_making_fail(struct tg_inbound *inbound, const struct tg_task_report *report)
{
    leave_scripts(inbound);
    tg_failure_log(inbound, report);
    if (inbound->req == NULL)
        tg_cache_refresh_fail(inbound, 0);
    else if (tg_caching_fail(inbound, 0))
        tg_cached_send(inbound);
    else
        tg_failure_respond(inbound, report);
}

void tg_making_fail_unsent(struct tg_inbound *inbound)
{
    leave_scripts(inbound);
    fail_unmade(inbound, 500);
}

bool tg_making_keep(struct tg_inbound *inbound)
{
    if (inbound->req == NULL) {
        tg_cache_refresh_take(inbound);
        return false;
    }
    if (inbound->caching == NULL)
        return true;
    if (!tg_caching_take(inbound)) {
        unlink_running(inbound); /* it is being answered */
        tg_cached_send(inbound);
        return false;
    }
    tg_cached_note(inbound);
    return true;
}

/* No script has answered: a backend does, or the cache. */
static void pass_on(struct tg_inbound *inbound)
{
    if (inbound->route->cache == NULL || inbound->caching != NULL)
        tg_pass_start(inbound);
    else if (tg_caching_begin(inbound, proceed_pass) == TG_CACHED_WAIT)
        wait_for_other(inbound);
    else
        proceed_pass(inbound);
}

/* Sends what the scripts have decided; when it is nothing, a backend answers. */
static void answer(struct tg_inbound *inbound)
{
    const struct tg_response *response = &inbound->request.response;

    leave_scripts(inbound);
    if (answer_from_cache(inbound))
        return;
    if (response->cache.said && inbound->route->cache == NULL)
        tg_failure_log_policy(inbound);
    if (response->status != 0 && !tg_making_keep(inbound))
        return;
    if (response->status == 0) {
        pass_on(inbound);
    } else if (response->source != NULL && tg_respond_has_body(inbound->req, response->status)) {
        inbound->request.run.deadline_ms = 0; /* a body may take as long as it is read */
        tg_making_wait(inbound);
        tg_stream_start(inbound);
    } else if (response->passed || response->source != NULL) {
        tg_respond_passed(inbound->req, response);
    } else {
        tg_respond(inbound->req, response);
    }
}

static void on_done(struct tg_task *task, enum tg_task_end end)
{
    struct tg_inbound *inbound = H2O_STRUCT_FROM_MEMBER(struct tg_inbound, request.task, task);
    struct tg_task_report report;

    if (end == TG_TASK_DONE) {
        answer(inbound);
        return;
    }
    tg_task_explain(task, end, &report);
    tg_making_fail(inbound, &report);
}

static void on_deadline(struct tg_timer *timer)
{
    struct tg_inbound *inbound = H2O_STRUCT_FROM_MEMBER(struct tg_inbound, deadline, timer);
    struct tg_task_report report = {
        .http = 504,
        .code = h2o_iovec_init(H2O_STRLIT("deadline")),
        .message = h2o_iovec_init(H2O_STRLIT("not done within the timeout of the route")),
    };

    tg_making_fail(inbound, &report);
}

/* Nobody reads the answer; what the scripts waited for is cancelled. */
static void on_gone(struct tg_watch *watch)
{
    struct tg_inbound *inbound = H2O_STRUCT_FROM_MEMBER(struct tg_inbound, watch, watch);

    if (inbound->stream != NULL) {
        tg_stream_cut(inbound->stream);
        return;
    }
    if (!h2o_linklist_is_linked(&inbound->link))
        return; /* it is being answered: sending will find out */
    leave_scripts(inbound);
    h2o_send_error_generic(inbound->req, 499, "Client Closed Request", "",
                           H2O_SEND_ERROR_HTTP1_CLOSE_CONNECTION);
}

void tg_making_abandon(struct tg_worker *worker)
{
    tg_tunnel_close_all(worker);
    while (!h2o_linklist_is_empty(&worker->running)) {
        struct tg_inbound *inbound =
            H2O_STRUCT_FROM_MEMBER(struct tg_inbound, link, worker->running.next);
        if (inbound->stream != NULL) {
            unlink_running(inbound);
            tg_stream_cut(inbound->stream);
            continue;
        }
        leave_scripts(inbound);
        if (inbound->req == NULL) {
            tg_inbound_end(inbound);
            continue;
        }
        inbound->req->http1_is_persistent = 0;
        tg_failure_problem(inbound, 503, "the server is stopping");
    }
}
