#include "api/gather.h"

#include <assert.h>
#include <lauxlib.h>

#include "api/host.h"
#include "script/fail.h"

void tg_gather_dispose(struct tg_gather *op)
{
    for (size_t i = 0; i < op->count; i++)
        tg_task_dispose(&op->children[i].task);
}

/* Logs a child's mistake, whose traceback would be lost, and pushes it as an error of code script.
 */
static void push_mistake(lua_State *L, struct tg_child *child)
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
static void push_error(lua_State *L, struct tg_child *child)
{
    switch (child->state) {
    case TG_CHILD_FAILED:
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
    case TG_CHILD_NO_MEMORY:
        tg_fail_push(L, "script", "not enough memory");
        return;
    case TG_CHILD_LATE:
        tg_fail_push(L, "timeout", "not done within the timeout of gather");
        return;
    case TG_CHILD_WAITING:
    case TG_CHILD_RUNNING:
    case TG_CHILD_OK:
    case TG_CHILD_CANCELLED:
        tg_fail_push(L, "cancelled", "cancelled since the whole was decided without it");
        return;
    }
}

/* Pushes the name of child i; the list is at index 1. */
static void push_name(lua_State *L, size_t i)
{
    lua_rawgeti(L, 1, tg_gather_place(i) + 1);
}

/* Pushes the table of errors: by name, and in order of time. */
static void push_errors(lua_State *L, struct tg_gather *op)
{
    lua_createtable(L, (int)op->failures, (int)op->failures);
    for (size_t i = 0; i < op->count; i++) {
        struct tg_child *child = &op->children[i];
        if (child->state == TG_CHILD_OK)
            continue;
        push_error(L, child);
        push_name(L, i);
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

static bool all_needed_succeeded(const struct tg_gather *op)
{
    for (size_t i = 0; i < op->count; i++)
        if (op->children[i].needed && op->children[i].state != TG_CHILD_OK)
            return false;
    return true;
}

static void push_result(lua_State *L, struct tg_child *child)
{
    lua_settop(child->task.L, 1);
    lua_xmove(child->task.L, L, 1);
}

int tg_gather_take(lua_State *L, struct tg_wait *wait)
{
    struct tg_gather *op = (struct tg_gather *)wait;

    luaL_checkstack(L, 10, "gather");
    if (all_needed_succeeded(op)) {
        lua_createtable(L, 0, (int)op->count);
        for (size_t i = 0; i < op->count; i++) {
            if (op->children[i].state != TG_CHILD_OK)
                continue;
            push_name(L, i);
            push_result(L, &op->children[i]);
            lua_rawset(L, -3);
        }
    } else {
        lua_pushnil(L);
    }
    push_errors(L, op);
    tg_gather_dispose(op);
    return 2;
}

/* The first result and its name, or nil and the first error. */
int tg_race_take(lua_State *L, struct tg_wait *wait)
{
    struct tg_gather *op = (struct tg_gather *)wait;
    struct tg_child *first = NULL;

    luaL_checkstack(L, 10, "race");
    for (size_t i = 0; i < op->count; i++) {
        struct tg_child *child = &op->children[i];
        if (child->state == TG_CHILD_OK) {
            push_result(L, child);
            push_name(L, i);
            tg_gather_dispose(op);
            return 2;
        }
        if (child->place == 1)
            first = child;
    }
    assert(first != NULL); /* when none succeeded, one failed first */
    lua_pushnil(L);
    push_error(L, first);
    push_name(L, (size_t)(first - op->children));
    lua_setfield(L, -2, "name");
    tg_gather_dispose(op);
    return 2;
}
