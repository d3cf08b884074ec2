/* tg.after: functions that run when the response is sent. tg.every: functions that run by the
 * clock. */
#include <lauxlib.h>
#include <stdlib.h>

#include "api/api.h"
#include "api/request.h"
#include "script/args.h"

struct tg_after {
    int refs[TG_AFTER_PER_REQUEST]; /* registry: the functions */
    size_t next;                    /* the one that runs next */
    struct tg_task task;
    struct tg_timer timer;
    struct tg_request *request;
    h2o_linklist_t link; /* in host->afters while its functions run */
    void (*on_end)(struct tg_request *request);
};

struct tg_every {
    struct tg_every *next;
    struct tg_vm *vm;
    int ref; /* registry: the function */
    uint64_t interval_ms;
    struct tg_timer timer;
    struct tg_run run;
    struct tg_task task;
    bool running;
};

/* Logs how a task that nobody waits for failed. */
static void log_failure(struct tg_task *task, struct tg_host *host, enum tg_task_end end,
                        const char *event, const char *id)
{
    struct tg_task_report report;
    struct tg_buffer line = {.limit = 16384};

    tg_task_explain(task, end, &report);
    tg_log_field(&line, "event", tg_text_of(event));
    tg_log_field(&line, "reason", tg_text(report.message.base, report.message.len));
    if (report.traceback.len != 0)
        tg_log_field(&line, "traceback", tg_text(report.traceback.base, report.traceback.len));
    tg_log_fields(host->log, TG_LOG_ERROR, id, &line);
    tg_buffer_dispose(&line);
}

/* Calls the function under `ref` in a task of its own; false when memory is out. */
static bool start_function(struct tg_task *task, struct tg_vm *vm, struct tg_run *run, int ref,
                           void (*on_done)(struct tg_task *, enum tg_task_end))
{
    if (!tg_task_init(task, vm, run, on_done))
        return false;
    lua_rawgeti(task->L, LUA_REGISTRYINDEX, ref);
    tg_task_run(task, 0);
    return true;
}

/* ---- after */

static void next_after(struct tg_after *after);

static void end_after(struct tg_after *after)
{
    struct tg_request *request = after->request;

    tg_after_cancel(request);
    after->on_end(request);
}

static void on_after_done(struct tg_task *task, enum tg_task_end end)
{
    struct tg_after *after = H2O_STRUCT_FROM_MEMBER(struct tg_after, task, task);
    struct tg_request *request = after->request;
    char id[65] = "";

    if (end != TG_TASK_DONE) {
        h2o_iovec_t own = tg_request_id(request);
        memcpy(id, own.base, own.len);
        log_failure(task, request->host, end, "after_failed", id);
    }
    tg_task_dispose(task);
    next_after(after);
}

static void next_after(struct tg_after *after)
{
    struct tg_request *request = after->request;

    if (after->next == request->after_count || request->run.killed != NULL) {
        end_after(after);
        return;
    }
    int ref = after->refs[after->next++];
    if (!start_function(&after->task, request->task.vm, &request->run, ref, on_after_done))
        end_after(after);
}

static void on_after_timeout(struct tg_timer *timer)
{
    struct tg_after *after = H2O_STRUCT_FROM_MEMBER(struct tg_after, timer, timer);
    char id[65] = "";
    h2o_iovec_t own = tg_request_id(after->request);

    memcpy(id, own.base, own.len);
    tg_log_warn(after->request->host->log, id, "event=after_timeout ms=%d", TG_AFTER_TIMEOUT_MS);
    end_after(after);
}

bool tg_after_start(struct tg_request *request, void (*on_end)(struct tg_request *self))
{
    struct tg_after *after = request->after;

    if (after == NULL)
        return false; /* perhaps it never had a task */
    struct tg_timers *timers = request->task.vm->options.timers;
    after->on_end = on_end;
    h2o_linklist_insert(&request->host->afters, &after->link);
    request->run.cpu_ns = 0;
    request->run.killed = NULL;
    request->run.blame = NULL;
    request->run.on_suspend = NULL;
    request->run.deadline_ms = tg_timers_now(timers) + TG_AFTER_TIMEOUT_MS;
    tg_timer_start(timers, &after->timer, TG_AFTER_TIMEOUT_MS, on_after_timeout);
    next_after(after);
    return true;
}

void tg_after_cancel(struct tg_request *request)
{
    struct tg_after *after = request->after;
    struct tg_vm *vm = request->task.vm;

    if (after == NULL)
        return;
    request->after = NULL;
    if (h2o_linklist_is_linked(&after->link))
        h2o_linklist_unlink(&after->link);
    tg_timer_stop(vm->options.timers, &after->timer);
    tg_task_dispose(&after->task);
    for (size_t i = 0; i < request->after_count; i++)
        luaL_unref(vm->L, LUA_REGISTRYINDEX, after->refs[i]);
    request->host->after_count--;
}

void tg_after_stop(struct tg_host *host)
{
    while (!h2o_linklist_is_empty(&host->afters))
        end_after(H2O_STRUCT_FROM_MEMBER(struct tg_after, link, host->afters.next));
}

/* tg.after(fn) */
static int after_call(lua_State *L)
{
    struct tg_request *request = tg_request_current(L);
    struct tg_host *host = tg_host_of(L);

    tg_args_function(L, "tg.after", 1);
    if (request == NULL)
        return tg_raise(L, "'tg.after' works only while a request is served");
    if (request->response_sent)
        return tg_raise(L, "'tg.after' can't be called from a function of tg.after");
    if (request->after_count == TG_AFTER_PER_REQUEST)
        return tg_raise(L, "'tg.after': at most %d functions a request", TG_AFTER_PER_REQUEST);
    if (request->after == NULL) {
        if (host->after_count == TG_AFTER_MAX)
            return tg_raise(L, "'tg.after': %d requests have functions waiting already",
                            TG_AFTER_MAX);
        host->after_count++;
        request->after = h2o_mem_alloc_pool(&request->run.pool, sizeof(*request->after));
        *request->after = (struct tg_after){.request = request};
        tg_request_keep(request);
    }
    lua_settop(L, 1);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    request->after->refs[request->after_count++] = ref;
    return 0;
}

/* ---- every */

static void arm(struct tg_every *every);

static void on_every_done(struct tg_task *task, enum tg_task_end end)
{
    struct tg_every *every = H2O_STRUCT_FROM_MEMBER(struct tg_every, task, task);

    if (end != TG_TASK_DONE)
        log_failure(task, every->vm->options.host, end, "every_failed", NULL);
    tg_task_dispose(task);
    tg_run_dispose(&every->run);
    every->running = false;
    arm(every);
}

static void on_every_due(struct tg_timer *timer)
{
    struct tg_every *every = H2O_STRUCT_FROM_MEMBER(struct tg_every, timer, timer);

    tg_run_init(&every->run);
    every->running = true;
    if (!start_function(&every->task, every->vm, &every->run, every->ref, on_every_done)) {
        tg_run_dispose(&every->run);
        every->running = false;
        arm(every);
    }
}

/* The next run begins an interval after the end of this one: runs never overlap. */
static void arm(struct tg_every *every)
{
    tg_timer_start(every->vm->options.timers, &every->timer, every->interval_ms, on_every_due);
}

void tg_every_start(struct tg_vm *vm)
{
    struct tg_host *host = vm->options.host;

    for (struct tg_every *every = host->every; every != NULL; every = every->next)
        if (every->vm == vm && host->runs_every)
            arm(every);
}

void tg_every_stop(struct tg_host *host, struct tg_vm *vm)
{
    struct tg_every **link = &host->every, *every;

    while ((every = *link) != NULL) {
        if (every->vm != vm) {
            link = &every->next;
            continue;
        }
        *link = every->next;
        tg_timer_stop(vm->options.timers, &every->timer);
        if (every->running) {
            tg_task_dispose(&every->task);
            tg_run_dispose(&every->run);
        }
        free(every);
    }
}

/* tg.every(seconds, fn) */
static int every_call(lua_State *L)
{
    struct tg_vm *vm = tg_vm_of(L);
    struct tg_host *host = tg_host_of(L);
    double ms;

    if (!tg_args_duration(L, 1, &ms) || ms < 1 || ms > 86400e3 * 366)
        return tg_args_fail(L, "tg.every", 1,
                            "seconds from 0.001 up, or a text such as '5m', expected");
    tg_args_function(L, "tg.every", 2);
    if (host->loaded)
        return tg_raise(L, "'tg.every' works only while a script loads");
    lua_settop(L, 2);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    struct tg_every *every = calloc(1, sizeof(*every));
    if (every == NULL)
        return tg_raise(L, "not enough memory");
    *every =
        (struct tg_every){.next = host->every, .vm = vm, .ref = ref, .interval_ms = (uint64_t)ms};
    host->every = every;
    return 0;
}

static const luaL_Reg functions[] = {
    {"after", after_call},
    {"every", every_call},
    {NULL, NULL},
};

void tg_open_later(lua_State *L)
{
    luaL_register(L, NULL, functions);
}
