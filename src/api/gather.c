/* tg.gather and tg.race: functions of a script run side by side, as children of its task. */
#include <lauxlib.h>

#include "api/api.h"
#include "api/gather.h"
#include "script/args.h"

/* In the order of a call: start → on_start → on_child_done … → tg_gather_take or
 * tg_race_take. */
static void on_start(struct tg_wait *wait);
static void on_child_done(struct tg_task *task, enum tg_task_end end);
static void on_timeout(struct tg_timer *timer);
static void on_cancel(struct tg_wait *wait);

enum { FEW = 4 }; /* functions for which there is room without growing */

/* Cancels what still runs or waits; it counts as failed in the given way. */
static void end(struct tg_gather *op, enum tg_child_state rest)
{
    op->decided = true;
    tg_timer_stop(op->wait.task->vm->options.timers, &op->timer);
    for (size_t i = 0; i < op->count; i++) {
        struct tg_child *child = &op->children[i];
        if (child->state != TG_CHILD_RUNNING && child->state != TG_CHILD_WAITING)
            continue;
        if (child->state == TG_CHILD_RUNNING)
            tg_task_dispose(&child->task);
        child->state = rest;
        child->place = ++op->failures;
    }
}

/* Whether what has happened so far decides the whole. */
static bool is_decided(const struct tg_gather *op, const struct tg_child *last)
{
    if (op->is_race && last->state == TG_CHILD_OK)
        return true;
    if (!op->is_race && last->needed && last->state != TG_CHILD_OK)
        return true;
    return op->begun == op->count && op->running == 0;
}

static void begin_child(struct tg_gather *op, size_t i)
{
    struct tg_child *child = &op->children[i];
    struct tg_task *parent = op->wait.task;

    if (!tg_task_init(&child->task, parent->vm, parent->run, on_child_done)) {
        child->state = TG_CHILD_NO_MEMORY;
        child->place = ++op->failures;
        op->decided = is_decided(op, child);
        return;
    }
    child->state = TG_CHILD_RUNNING;
    op->running++;
    lua_rawgeti(op->L, -1, tg_gather_place(i));
    lua_xmove(op->L, child->task.L, 1);
    tg_task_run(&child->task, 0);
}

/* Begins children while there is room. A child may end at once and come back here: the outermost
 * call goes on, and resumes the parent as its last deed. */
static void advance(struct tg_gather *op)
{
    if (op->advancing)
        return;
    op->advancing = true;
    while (!op->decided && op->begun < op->count && op->running < op->limit)
        begin_child(op, op->begun++);
    op->advancing = false;
    if (op->decided || op->count == 0) {
        end(op, TG_CHILD_CANCELLED);
        tg_task_resume(op->wait.task);
    }
}

static void on_start(struct tg_wait *wait)
{
    struct tg_gather *op = (struct tg_gather *)wait;

    if (op->timeout_ms > 0)
        tg_timer_start(wait->task->vm->options.timers, &op->timer,
                       (uint64_t)(op->timeout_ms + 0.999), on_timeout);
    advance(op);
}

/* A child returned; nil and something is a failure, nil alone is a result. */
static enum tg_child_state judge(struct tg_child *child, enum tg_task_end how)
{
    lua_State *L = child->task.L;

    child->raised = how == TG_TASK_FAILED;
    if (child->raised || (lua_gettop(L) >= 2 && lua_isnil(L, 1) && !lua_isnil(L, 2)))
        return TG_CHILD_FAILED;
    return TG_CHILD_OK;
}

static void on_child_done(struct tg_task *task, enum tg_task_end how)
{
    struct tg_child *child = H2O_STRUCT_FROM_MEMBER(struct tg_child, task, task);
    struct tg_gather *op = child->op;

    op->running--;
    child->state = how == TG_TASK_KILLED ? TG_CHILD_CANCELLED : judge(child, how);
    if (child->state != TG_CHILD_OK)
        child->place = ++op->failures;
    if (how == TG_TASK_KILLED || is_decided(op, child))
        op->decided = true;
    advance(op);
}

static void on_timeout(struct tg_timer *timer)
{
    struct tg_gather *op = H2O_STRUCT_FROM_MEMBER(struct tg_gather, timer, timer);

    end(op, TG_CHILD_LATE);
    tg_task_resume(op->wait.task);
}

static void on_cancel(struct tg_wait *wait)
{
    struct tg_gather *op = (struct tg_gather *)wait;

    op->decided = true;
    tg_timer_stop(wait->task->vm->options.timers, &op->timer);
    tg_gather_dispose(op);
}

/* Pushes the list { function, name, … } made of the table at index 1; returns how many. */
static size_t push_functions(lua_State *L, const char *name)
{
    size_t count = 0;
    int list;

    lua_createtable(L, 2 * FEW, 0);
    list = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        if (!lua_isfunction(L, -1))
            tg_raise(L, "bad argument #1 to '%s' (a table of functions expected, this has a %s)",
                     name, luaL_typename(L, -1));
        lua_rawseti(L, list, tg_gather_place(count));
        lua_pushvalue(L, -1);
        lua_rawseti(L, list, tg_gather_place(count) + 1);
        count++;
    }
    return count;
}

static void mark_needed(lua_State *L, struct tg_gather *op, int list, const char *name)
{
    int needs = (int)lua_objlen(L, -1);

    for (size_t i = 0; i < op->count; i++)
        op->children[i].needed = false;
    for (int n = 1; n <= needs; n++) {
        bool found = false;
        lua_rawgeti(L, -1, n);
        for (size_t i = 0; i < op->count && !found; i++) {
            lua_rawgeti(L, list, tg_gather_place(i) + 1);
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

static void read_options(lua_State *L, struct tg_gather *op, int list, const char *name)
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
    struct tg_gather *op =
        h2o_mem_alloc_pool(&task->run->pool, sizeof(*op) + count * sizeof(op->children[0]));
    *op = (struct tg_gather){.wait = {.start = on_start,
                                      .cancel = on_cancel,
                                      .take = is_race ? tg_race_take : tg_gather_take},
                             .L = L,
                             .count = count,
                             .limit = count,
                             .is_race = is_race};
    for (size_t i = 0; i < count; i++)
        op->children[i] = (struct tg_child){.op = op, .needed = !is_race};
    read_options(L, op, 3, name);
    return tg_task_wait_holding(L, task, &op->wait);
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
