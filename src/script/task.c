#include "script/task.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "script/args.h"
#include "script/fail.h"
#include "script/where.h"

void tg_run_init(struct tg_run *run)
{
    *run = (struct tg_run){.cpu_ns = 0};
    h2o_mem_init_pool(&run->pool);
}

void tg_run_dispose(struct tg_run *run)
{
    h2o_mem_clear_pool(&run->pool);
}

bool tg_task_init(struct tg_task *task, struct tg_vm *vm, struct tg_run *run,
                  void (*on_done)(struct tg_task *self, enum tg_task_end end))
{
    struct tg_coroutine coroutine;

    *task = (struct tg_task){.vm = vm, .run = run, .on_done = on_done};
    if (!tg_vm_take_coroutine(vm, &coroutine))
        return false;
    task->L = coroutine.L;
    task->ref = coroutine.ref;
    return true;
}

static void release_coroutine(struct tg_task *task)
{
    struct tg_coroutine coroutine = {task->L, task->ref};

    task->L = NULL;
    free(task->chain);
    task->chain = NULL;
    if (task->returned)
        tg_vm_give_coroutine(task->vm, coroutine);
    else
        tg_vm_drop_coroutine(task->vm, coroutine);
}

/* A wait that is over, but whose results the script could not take. */
static void drop_taken(struct tg_task *task)
{
    struct tg_wait *wait = task->taken;

    task->taken = NULL;
    if (wait != NULL)
        wait->cancel(wait);
}

void tg_task_dispose(struct tg_task *task)
{
    struct tg_wait *wait = task->wait;

    if (task->L == NULL)
        return;
    assert(!task->active);
    task->wait = NULL;
    if (h2o_linklist_is_linked(&task->ready))
        h2o_linklist_unlink(&task->ready);
    if (wait != NULL)
        wait->cancel(wait);
    drop_taken(task);
    release_coroutine(task);
}

/* Keeps the coroutines that the last yield went through, so that the innermost is last. */
static void extend_chain(struct tg_task *task)
{
    struct tg_vm *vm = task->vm;
    size_t count = task->chain_count + vm->passed_count;

    if (count > task->chain_capacity) {
        task->chain_capacity = count < 8 ? 8 : count * 2;
        task->chain = realloc(task->chain, task->chain_capacity * sizeof(*task->chain));
        assert(task->chain != NULL); /* some hundred bytes */
    }
    while (vm->passed_count > 0)
        task->chain[task->chain_count++] = vm->passed[--vm->passed_count];
}

/* Resumes the innermost coroutine, and when that ends, the one around it, and so on.
 * A parent's stack holds its child on top: that is what its resume_start() returns. */
static int resume_all(struct tg_task *task)
{
    struct tg_vm *vm = task->vm;
    int nargs = task->nargs, rc;

    task->nargs = 0;
    for (;;) {
        lua_State *L = task->chain_count > 0 ? task->chain[task->chain_count - 1] : task->L;
        vm->passing = TG_PASS_NOTHING;
        vm->nesting = task->chain_count;
        vm->innermost = L;
        rc = lua_resume(L, nargs);
        if (rc == LUA_YIELD && vm->passing != TG_PASS_NOTHING) {
            extend_chain(task);
            return rc;
        }
        if (task->chain_count == 0)
            return rc;
        task->chain_count--;
        nargs = 1;
    }
}

static ptrdiff_t growth(const struct tg_vm *vm, const struct tg_run *run)
{
    return run->grown + (ptrdiff_t)run->held + (ptrdiff_t)vm->heap.used -
           (ptrdiff_t)vm->resumed_used;
}

/* Has the hook come without delay when the run grows past its limit in one call of C. */
static void watch_growth(struct tg_vm *vm, const struct tg_run *run)
{
    ptrdiff_t above = (ptrdiff_t)(vm->resumed_used + vm->options.script_memory) - run->grown -
                      (ptrdiff_t)run->held;

    vm->hurry_above = above > 0 ? (size_t)above : 0;
}

/* Whether the heap has really grown past the limit: garbage goes before that is said. Garbage of
 * this run that went while another one ran lessened the other's growth, but no run has grown by
 * more than the whole state holds. */
static bool has_outgrown(struct tg_vm *vm, struct tg_run *run, lua_State *L)
{
    ptrdiff_t limit = (ptrdiff_t)vm->options.script_memory;

    if (growth(vm, run) <= limit && !vm->must_collect)
        return false;
    tg_vm_collect(vm, L);
    ptrdiff_t excess = growth(vm, run) - (ptrdiff_t)(vm->heap.used + run->held);
    if (excess > 0)
        run->grown -= excess;
    watch_growth(vm, run);
    return growth(vm, run) > limit;
}

/* Charges what the resume cost and kills the run that has had too much. */
static void account(struct tg_vm *vm, struct tg_run *run)
{
    uint64_t now = tg_timers_read_ns(vm->options.timers);

    run->wall_ns += now - vm->resumed_ns;
    run->cpu_ns += tg_vm_charge(vm, now);
    if (run->killed == NULL && run->cpu_ns > vm->options.script_cpu_ns)
        run->killed = "script_cpu";
    if (run->killed == NULL && has_outgrown(vm, run, vm->L))
        run->killed = "script_memory";
    if (run->killed != NULL)
        vm->must_collect = true; /* what it held would be credited to the next one */
    run->grown = growth(vm, run) - (ptrdiff_t)run->held;
    if (run->grown < 0)
        run->grown = 0;
    vm->hurry_above = SIZE_MAX;
    tg_vm_tick(vm, now);
}

static int step(struct tg_task *task)
{
    struct tg_vm *vm = task->vm;

    tg_vm_make_room(vm);
    vm->running = task;
    tg_vm_count_step(vm);
    vm->place[0] = '\0';
    vm->resumed_ns = tg_timers_real_ns(vm->options.timers);
    vm->resumed_used = vm->heap.used;
    watch_growth(vm, task->run);
    int rc = resume_all(task);
    vm->running = NULL;
    vm->innermost = NULL;
    vm->where = NULL;
    tg_vm_rest(vm);
    account(vm, task->run);
    return rc;
}

/* Of the tasks of a killed run, the one that was running is the first to end. */
static void blame(struct tg_task *task)
{
    struct tg_task_report *report = h2o_mem_alloc_pool(&task->run->pool, sizeof(*report));

    tg_task_explain(task, TG_TASK_KILLED, report);
    task->run->blame = report;
}

static void finish(struct tg_task *task, enum tg_task_end end)
{
    if (end == TG_TASK_KILLED && task->run->blame == NULL)
        blame(task);
    task->active = false;
    task->wait = NULL; /* of a killed run: it was not started */
    task->returned = end == TG_TASK_DONE;
    task->on_done(task, end);
}

static void suspend(struct tg_task *task)
{
    task->active = false;
    if (task->run->on_suspend != NULL)
        task->run->on_suspend(task->run);
}

/* The one place that runs script code. A loop, because a wait may end as soon as it starts. */
static void run(struct tg_task *task)
{
    struct tg_vm *vm = task->vm;

    task->active = true;
    while (task->run->killed == NULL) {
        int rc = step(task);
        if (rc == 0) {
            finish(task, TG_TASK_DONE);
            return;
        }
        if (task->run->killed != NULL)
            break;
        if (rc != LUA_YIELD) {
            finish(task, TG_TASK_FAILED);
            return;
        }
        bool sliced = vm->passing == TG_PASS_SLICE;
        if (sliced)
            h2o_linklist_insert(&vm->ready, &task->ready);
        else
            task->wait->start(task->wait);
        if (sliced || task->wait != NULL) {
            suspend(task);
            return;
        }
    }
    finish(task, TG_TASK_KILLED);
}

void tg_task_start(struct tg_task *task, int function)
{
    lua_rawgeti(task->L, LUA_REGISTRYINDEX, function);
    tg_task_run(task, 0);
}

void tg_task_run(struct tg_task *task, int nargs)
{
    task->nargs = nargs;
    run(task);
}

struct tg_task *tg_task_current(lua_State *L, const char *name)
{
    struct tg_vm *vm = tg_vm_of(L);

    if (vm->running == NULL)
        tg_raise(L,
                 "'%s' waits, so it works only while a request is served, not while a script loads",
                 name);
    if (vm->unyieldable > 0 || !lua_isyieldable(L))
        tg_raise(L,
                 "'%s' waits, so it can't be called inside a callback of sort, gsub and the like",
                 name);
    return vm->running;
}

static void begin_wait(struct tg_task *task, struct tg_wait *wait)
{
    assert(task->wait == NULL); /* a running task waits for nothing */
    wait->task = task;
    task->wait = wait;
    task->vm->passing = TG_PASS_WAIT;
}

int tg_task_wait(lua_State *L, struct tg_task *task, struct tg_wait *wait)
{
    begin_wait(task, wait);
    return lua_yield(L, 0);
}

int tg_task_wait_holding(lua_State *L, struct tg_task *task, struct tg_wait *wait)
{
    begin_wait(task, wait);
    task->nargs = 1;
    return lua_yield(L, 1);
}

void tg_task_resume(struct tg_task *task)
{
    assert(task->wait != NULL);
    drop_taken(task);
    task->taken = task->wait;
    task->wait = NULL;
    if (!task->active)
        run(task);
}

bool tg_vm_run_ready(struct tg_vm *vm)
{
    h2o_linklist_t turn;

    if (h2o_linklist_is_empty(&vm->ready))
        return false;
    h2o_linklist_init_anchor(&turn);
    h2o_linklist_insert_list(&turn, &vm->ready);
    while (!h2o_linklist_is_empty(&turn)) {
        struct tg_task *task = H2O_STRUCT_FROM_MEMBER(struct tg_task, ready, turn.next);
        h2o_linklist_unlink(&task->ready);
        run(task);
    }
    return !h2o_linklist_is_empty(&vm->ready);
}

void tg_task_check(lua_State *L)
{
    struct tg_vm *vm = tg_vm_of(L);

    if (vm->running != NULL && vm->running->run->killed != NULL)
        luaL_error(L, "the script was stopped (%s)", vm->running->run->killed);
    if (vm->running == NULL && vm->load_stopped) {
        lua_pushfstring(L, "%s: stopped after %d ms of loading (limit script_cpu)", vm->place,
                        (int)(vm->options.script_cpu_ns / 1000000u));
        lua_error(L);
    }
}

/* Keeps the file and line that run now: a yield from a hook loses the exact one. */
static void mark_place(lua_State *L, struct tg_vm *vm)
{
    if (!tg_place(L, vm->place, sizeof(vm->place)))
        vm->place[0] = '\0';
}

static void check_loading(lua_State *L, struct tg_vm *vm)
{
    if (vm->load_until_ns != 0 && !vm->load_stopped &&
        tg_clock_thread_cpu_ns() > vm->load_until_ns) {
        mark_place(L, vm);
        vm->load_stopped = true;
    }
    tg_task_check(L);
}

/* Yields when the slice is over or the run has had too much. Where C code is in between it
 * can't yield: then it raises, and what catches errors raises again (tg_task_check). */
void tg_task_hook(lua_State *L, lua_Debug *frame)
{
    struct tg_vm *vm = tg_vm_of(L);

    if (frame->event == LUA_HOOKLINE) {
        vm->options.on_line(vm->options.line_owner, L, frame);
        return;
    }
    tg_vm_end_hurry(vm);
    tg_vm_answer_where(vm, L);
    if (vm->running == NULL) {
        check_loading(L, vm);
        return;
    }
    struct tg_run *own = vm->running->run;
    uint64_t now = tg_clock_monotonic_ns();
    bool yieldable = vm->unyieldable == 0 && lua_isyieldable(L);
    bool was_killed = own->killed != NULL, is_over = now - vm->resumed_ns > TG_VM_SLICE_NS;

    vm->missed = is_over && !yieldable;
    if (!was_killed && has_outgrown(vm, own, L))
        own->killed = "script_memory";
    if (own->killed == NULL && is_over && !yieldable &&
        own->cpu_ns + tg_vm_charge(vm, now) > vm->options.script_cpu_ns)
        own->killed = "script_cpu";
    bool is_killed = own->killed != NULL;
    if (is_killed != was_killed || (is_over && yieldable && !is_killed))
        mark_place(L, vm);
    if (yieldable && (is_killed || is_over)) {
        vm->passing = TG_PASS_SLICE;
        lua_yield(L, 0);
        return;
    }
    tg_task_check(L);
}
