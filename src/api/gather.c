/* tg.gather and tg.race: functions of a script run side by side, as children of its task. */
#include <assert.h>
#include <lauxlib.h>
#include <string.h>

#include "api/api.h"
#include "api/host.h"
#include "script/args.h"
#include "script/fail.h"
#include "script/task.h"

/* In the order of a call: gather_start → on_start → on_child_done … → take_gather or take_race. */
static void on_start(struct tg_wait *wait);
static void on_child_done(struct tg_task *task, enum tg_task_end end);
static void on_timeout(struct tg_timer *timer);
static void on_cancel(struct tg_wait *wait);

enum child_state {
    CHILD_WAITING, /* for its turn */
    CHILD_RUNNING,
    CHILD_OK,        /* its result lies on its stack */
    CHILD_FAILED,    /* returned nil and an error, or raised one: on its stack */
    CHILD_NO_MEMORY, /* has no coroutine */
    CHILD_LATE,      /* cancelled by our timeout */
    CHILD_CANCELLED, /* cancelled since another one decided the matter */
};

struct child {
    struct tg_task task;
    struct gather_op *op;
    enum child_state state;
    bool needed;
    bool raised;  /* CHILD_FAILED: by an error, not by returning one */
    size_t place; /* among the failures, in order of time; from 1 */
};

struct gather_op {
    struct tg_wait wait;
    struct tg_timer timer;
    int refs;            /* registry: { functions…, names… }, until the results are taken */
    double timeout_ms;   /* 0: none of our own */
    size_t count, limit; /* children, and how many of them may run at once */
    size_t begun, running, failures;
    bool is_race;
    bool decided;   /* nothing more is begun */
    bool advancing; /* advance() is on the C stack and will go on by itself */
    struct child children[];
};

/* Cancels what still runs or waits; it counts as failed in the given way. */
static void end(struct gather_op *op, enum child_state rest)
{
    op->decided = true;
    tg_timer_stop(op->wait.task->vm->options.timers, &op->timer);
    for (size_t i = 0; i < op->count; i++) {
        struct child *child = &op->children[i];
        if (child->state != CHILD_RUNNING && child->state != CHILD_WAITING)
            continue;
        if (child->state == CHILD_RUNNING)
            tg_task_dispose(&child->task);
        child->state = rest;
        child->place = ++op->failures;
    }
}

/* Whether what has happened so far decides the whole. */
static bool is_decided(const struct gather_op *op, const struct child *last)
{
    if (op->is_race && last->state == CHILD_OK)
        return true;
    if (!op->is_race && last->needed && last->state != CHILD_OK)
        return true;
    return op->begun == op->count && op->running == 0;
}

static void begin_child(struct gather_op *op, struct child *child, int index)
{
    struct tg_task *parent = op->wait.task;

    if (!tg_task_init(&child->task, parent->vm, parent->run, on_child_done)) {
        child->state = CHILD_NO_MEMORY;
        child->place = ++op->failures;
        op->decided = is_decided(op, child);
        return;
    }
    child->state = CHILD_RUNNING;
    op->running++;
    lua_rawgeti(child->task.L, LUA_REGISTRYINDEX, op->refs);
    lua_rawgeti(child->task.L, -1, index);
    lua_remove(child->task.L, -2);
    tg_task_run(&child->task, 0);
}

/* Begins children while there is room. A child may end at once and come back here: the outermost
 * call goes on, and resumes the parent as its last deed. */
static void advance(struct gather_op *op)
{
    if (op->advancing)
        return;
    op->advancing = true;
    while (!op->decided && op->begun < op->count && op->running < op->limit) {
        struct child *child = &op->children[op->begun++];
        begin_child(op, child, (int)op->begun);
    }
    op->advancing = false;
    if (op->decided || op->count == 0) {
        end(op, CHILD_CANCELLED);
        tg_task_resume(op->wait.task);
    }
}

static void on_start(struct tg_wait *wait)
{
    struct gather_op *op = (struct gather_op *)wait;

    if (op->timeout_ms > 0)
        tg_timer_start(wait->task->vm->options.timers, &op->timer,
                       (uint64_t)(op->timeout_ms + 0.999), on_timeout);
    advance(op);
}

/* A child returned; nil and something is a failure, nil alone is a result. */
static enum child_state judge(struct child *child, enum tg_task_end how)
{
    lua_State *L = child->task.L;

    child->raised = how == TG_TASK_FAILED;
    if (child->raised || (lua_gettop(L) >= 2 && lua_isnil(L, 1) && !lua_isnil(L, 2)))
        return CHILD_FAILED;
    return CHILD_OK;
}

static void on_child_done(struct tg_task *task, enum tg_task_end how)
{
    struct child *child = H2O_STRUCT_FROM_MEMBER(struct child, task, task);
    struct gather_op *op = child->op;

    op->running--;
    child->state = how == TG_TASK_KILLED ? CHILD_CANCELLED : judge(child, how);
    if (child->state != CHILD_OK)
        child->place = ++op->failures;
    if (how == TG_TASK_KILLED || is_decided(op, child))
        op->decided = true;
    advance(op);
}

static void on_timeout(struct tg_timer *timer)
{
    struct gather_op *op = H2O_STRUCT_FROM_MEMBER(struct gather_op, timer, timer);

    end(op, CHILD_LATE);
    tg_task_resume(op->wait.task);
}

static void dispose_children(struct gather_op *op)
{
    for (size_t i = 0; i < op->count; i++)
        tg_task_dispose(&op->children[i].task);
    luaL_unref(op->wait.task->vm->L, LUA_REGISTRYINDEX, op->refs);
}

static void on_cancel(struct tg_wait *wait)
{
    struct gather_op *op = (struct gather_op *)wait;

    op->decided = true;
    tg_timer_stop(wait->task->vm->options.timers, &op->timer);
    dispose_children(op);
}

/* Logs a child's mistake, whose traceback would be lost, and pushes it as an error of code script.
 */
static void push_mistake(lua_State *L, struct child *child)
{
    const char *message = lua_tostring(L, -1);
    struct tg_buffer line = {.limit = 8192};

    tg_fail_push(L, "script", message != NULL ? message : "the function raised no text");
    luaL_traceback(L, child->task.L, NULL, 0);
    struct tg_text text = tg_text_of(message != NULL ? message : "?");
    struct tg_text trace = tg_text_of(lua_tostring(L, -1));
    tg_log_field(&line, "event", TG_TEXT("gather_script_error"));
    tg_log_field(&line, "reason", text);
    tg_log_field(&line, "traceback", trace);
    tg_log_fields(tg_host_of(L)->log, TG_LOG_WARN, NULL, &line);
    tg_buffer_dispose(&line);
    lua_pop(L, 1);
    lua_remove(L, -2);
}

/* Pushes the error of a child that did not succeed. */
static void push_error(lua_State *L, struct child *child)
{
    switch (child->state) {
    case CHILD_FAILED:
        lua_pushvalue(child->task.L, child->raised ? -1 : 2);
        lua_xmove(child->task.L, L, 1);
        if (tg_fail_is(L, -1))
            return;
        if (child->raised) {
            push_mistake(L, child);
            return;
        }
        tg_fail_push(L, "script", lua_tostring(L, -1) != NULL ? lua_tostring(L, -1) : "failed");
        lua_remove(L, -2);
        return;
    case CHILD_NO_MEMORY:
        tg_fail_push(L, "script", "not enough memory");
        return;
    case CHILD_LATE:
        tg_fail_push(L, "timeout", "not done within the timeout of gather");
        return;
    case CHILD_WAITING:
    case CHILD_RUNNING:
    case CHILD_OK:
    case CHILD_CANCELLED:
        tg_fail_push(L, "cancelled", "cancelled since the whole was decided without it");
        return;
    }
}

/* Pushes the name of child i: registry list { functions…, names… }. */
static void push_name(lua_State *L, struct gather_op *op, size_t i)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, op->refs);
    lua_rawgeti(L, -1, (int)(op->count + i + 1));
    lua_remove(L, -2);
}

/* Pushes the table of errors: by name, and in order of time. */
static void push_errors(lua_State *L, struct gather_op *op)
{
    lua_createtable(L, (int)op->failures, (int)op->failures);
    for (size_t i = 0; i < op->count; i++) {
        struct child *child = &op->children[i];
        if (child->state == CHILD_OK)
            continue;
        push_error(L, child);
        push_name(L, op, i);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, "name");
        lua_pushvalue(L, -2);
        if (lua_type(L, -2) == LUA_TNUMBER) /* a list has no names beside its order */
            lua_pop(L, 2);
        else
            lua_rawset(L, -4);
        lua_rawseti(L, -2, (int)child->place);
    }
}

static bool all_needed_succeeded(const struct gather_op *op)
{
    for (size_t i = 0; i < op->count; i++)
        if (op->children[i].needed && op->children[i].state != CHILD_OK)
            return false;
    return true;
}

static void push_result(lua_State *L, struct child *child)
{
    lua_settop(child->task.L, 1);
    lua_xmove(child->task.L, L, 1);
}

static int take_gather(lua_State *L, struct tg_wait *wait)
{
    struct gather_op *op = (struct gather_op *)wait;

    luaL_checkstack(L, 10, "gather");
    if (all_needed_succeeded(op)) {
        lua_createtable(L, 0, (int)op->count);
        for (size_t i = 0; i < op->count; i++) {
            if (op->children[i].state != CHILD_OK)
                continue;
            push_name(L, op, i);
            push_result(L, &op->children[i]);
            lua_rawset(L, -3);
        }
    } else {
        lua_pushnil(L);
    }
    push_errors(L, op);
    dispose_children(op);
    return 2;
}

/* The first result and its name, or nil and the first error. */
static int take_race(lua_State *L, struct tg_wait *wait)
{
    struct gather_op *op = (struct gather_op *)wait;
    struct child *first = NULL;

    luaL_checkstack(L, 10, "race");
    for (size_t i = 0; i < op->count; i++) {
        struct child *child = &op->children[i];
        if (child->state == CHILD_OK) {
            push_result(L, child);
            push_name(L, op, i);
            dispose_children(op);
            return 2;
        }
        if (child->place == 1)
            first = child;
    }
    assert(first != NULL); /* when none succeeded, one failed first */
    lua_pushnil(L);
    push_error(L, first);
    push_name(L, op, (size_t)(first - op->children));
    lua_setfield(L, -2, "name");
    dispose_children(op);
    return 2;
}

/* Pushes the list { functions…, names… } made of the table at index 1; returns how many. */
static size_t push_functions(lua_State *L, const char *name)
{
    int count = 0;

    lua_newtable(L);
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        if (!lua_isfunction(L, -1))
            tg_raise(L, "bad argument #1 to '%s' (a table of functions expected, this has a %s)",
                     name, luaL_typename(L, -1));
        count++;
        lua_rawseti(L, -4, count);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, count);
    }
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, i);
        lua_rawseti(L, -3, count + i);
    }
    lua_pop(L, 1);
    return (size_t)count;
}

static void mark_needed(lua_State *L, struct gather_op *op, int list, const char *name)
{
    int needs = (int)lua_objlen(L, -1);

    for (size_t i = 0; i < op->count; i++)
        op->children[i].needed = false;
    for (int n = 1; n <= needs; n++) {
        bool found = false;
        lua_rawgeti(L, -1, n);
        for (size_t i = 0; i < op->count && !found; i++) {
            lua_rawgeti(L, list, (int)(op->count + i + 1));
            found = lua_rawequal(L, -1, -2);
            op->children[i].needed = op->children[i].needed || found;
            lua_pop(L, 1);
        }
        if (!found)
            tg_raise(L, "bad argument #2 to '%s' (need names '%s', but there is no such function)",
                     name, lua_tostring(L, -1) != NULL ? lua_tostring(L, -1) : "?");
        lua_pop(L, 1);
    }
}

static void read_options(lua_State *L, struct gather_op *op, int list, const char *name)
{
    static const char *const gather_known[] = {"timeout", "need", "limit", NULL};
    static const char *const race_known[] = {"timeout", "limit", NULL};

    if (!tg_args_optional_table(L, name, 2))
        return;
    tg_args_keys(L, name, 2, op->is_race ? race_known : gather_known);
    lua_getfield(L, 2, "timeout");
    if (!lua_isnil(L, -1) && (!tg_args_duration(L, -1, &op->timeout_ms) || op->timeout_ms <= 0))
        tg_args_fail(L, name, 2, "timeout must be seconds above 0, or a text such as '250ms'");
    lua_getfield(L, 2, "limit");
    if (!lua_isnil(L, -1)) {
        lua_Number limit = lua_tonumber(L, -1);
        if (!(limit >= 1))
            tg_args_fail(L, name, 2, "limit must be a number from 1");
        op->limit = limit < 1e6 ? (size_t)limit : 1000000;
    }
    lua_getfield(L, 2, "need");
    if (!lua_isnil(L, -1)) {
        if (!lua_istable(L, -1))
            tg_args_fail(L, name, 2, "need must be a list of names");
        mark_needed(L, op, list, name);
    }
    lua_pop(L, 3);
}

static int start(lua_State *L, const char *name, bool is_race)
{
    struct tg_task *task = tg_task_current(L, name);

    tg_args_table(L, name, 1);
    lua_settop(L, 2);
    size_t count = push_functions(L, name);
    if (count == 0 && is_race)
        return tg_args_fail(L, name, 1, "at least one function expected");
    struct gather_op *op =
        h2o_mem_alloc_pool(&task->run->pool, sizeof(*op) + count * sizeof(op->children[0]));
    *op = (struct gather_op){
        .wait = {.start = on_start, .cancel = on_cancel, .take = is_race ? take_race : take_gather},
        .count = count,
        .limit = count,
        .is_race = is_race};
    for (size_t i = 0; i < count; i++)
        op->children[i] = (struct child){.op = op, .needed = !is_race};
    read_options(L, op, 3, name);
    op->refs = luaL_ref(L, LUA_REGISTRYINDEX);
    return tg_task_wait(L, task, &op->wait);
}

static int gather(lua_State *L)
{
    return start(L, "tg.gather", false);
}

static int race(lua_State *L)
{
    return start(L, "tg.race", true);
}

static const luaL_Reg functions[] = {
    {"gather", gather},
    {"race", race},
    {NULL, NULL},
};

void tg_open_gather(lua_State *L)
{
    luaL_register(L, NULL, functions);
}
