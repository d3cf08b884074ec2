/* What a failed or killed task says of itself, read by protected calls: memory may be out. */
#include "script/task.h"

#include <lauxlib.h>
#include <string.h>

#include "script/fail.h"

struct explaining {
    struct tg_task *task;
    enum tg_task_end end;
    struct tg_task_report *report;
};

static h2o_iovec_t keep(struct explaining *e, const char *text, size_t len)
{
    return h2o_strdup(&e->task->run->pool, text, len);
}

static h2o_iovec_t keep_field(struct explaining *e, lua_State *L, const char *name)
{
    h2o_iovec_t kept = {NULL, 0};
    size_t len;

    lua_getfield(L, -1, name);
    const char *text = lua_tolstring(L, -1, &len);
    if (text != NULL)
        kept = keep(e, text, len);
    lua_pop(L, 1);
    return kept;
}

static lua_State *innermost(struct tg_task *task)
{
    return task->chain_count > 0 ? task->chain[task->chain_count - 1] : task->L;
}

/* Pushes the file and line where the coroutine stands, of a script's own code. */
static void push_place(lua_State *L, lua_State *at)
{
    lua_Debug frame;

    for (int level = 0; lua_getstack(at, level, &frame); level++) {
        lua_getinfo(at, "Sl", &frame);
        if (frame.currentline > 0 && strncmp(frame.source, "=[tidegate", 10) != 0) {
            lua_pushfstring(L, "%s:%d", frame.short_src, frame.currentline);
            return;
        }
    }
    lua_pushliteral(L, "?");
}

static void push_place_of(lua_State *L, struct tg_task *task)
{
    if (task->vm->place[0] != '\0')
        lua_pushstring(L, task->vm->place);
    else
        push_place(L, innermost(task));
}

static void explain_kill(struct explaining *e, lua_State *L)
{
    struct tg_task *task = e->task;
    const struct tg_vm_options *options = &task->vm->options;
    size_t len;

    push_place_of(L, task);
    if (strcmp(task->run->killed, "script_cpu") == 0)
        lua_pushfstring(L, "%s: stopped after %d ms of CPU time (limit script_cpu)",
                        lua_tostring(L, -1), (int)(options->script_cpu_ns / 1000000));
    else
        lua_pushfstring(L, "%s: stopped when it held more than %d KB (limit script_memory)",
                        lua_tostring(L, -1), (int)(options->script_memory / 1024));
    const char *text = lua_tolstring(L, -1, &len);
    e->report->message = keep(e, text, len);
    e->report->http = 500;
}

static void explain_error_table(struct explaining *e, lua_State *L)
{
    e->report->code = keep_field(e, L, "code");
    e->report->message = keep_field(e, L, "message");
    lua_getfield(L, -1, "http");
    e->report->http = lua_isnumber(L, -1) ? (int)lua_tointeger(L, -1) : 500;
    lua_pop(L, 1);
    if (e->report->http < 400 || e->report->http > 599)
        e->report->http = 500;
}

/* What Lua says of itself then has no place in it. */
static bool is_out_of_memory(const char *text)
{
    return text != NULL && strcmp(text, "not enough memory") == 0;
}

static void explain_mistake(struct explaining *e, lua_State *L)
{
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);

    if (is_out_of_memory(text)) {
        push_place_of(L, e->task);
        lua_pushfstring(L, "%s: %s", lua_tostring(L, -1), text);
        text = lua_tolstring(L, -1, &len);
    }
    if (text == NULL) {
        text = lua_pushfstring(L, "error object is a %s value", luaL_typename(L, -1));
        len = strlen(text);
    }
    e->report->message = keep(e, text, len);
    e->report->http = 500;
}

static int explain(lua_State *L)
{
    struct explaining *e = lua_touserdata(L, 1);
    lua_State *from = e->task->L;
    size_t len;

    luaL_checkstack(L, 10, "report");
    if (e->end == TG_TASK_KILLED) {
        explain_kill(e, L);
    } else {
        lua_pushvalue(from, -1);
        lua_xmove(from, L, 1);
        if (tg_fail_is(L, -1)) {
            explain_error_table(e, L);
            return 0;
        }
        explain_mistake(e, L);
    }
    luaL_traceback(L, innermost(e->task), NULL, 0);
    const char *text = lua_tolstring(L, -1, &len);
    e->report->traceback = keep(e, text, len);
    return 0;
}

void tg_task_explain(struct tg_task *task, enum tg_task_end end, struct tg_task_report *report)
{
    struct explaining e = {task, end, report};
    lua_State *L = task->vm->L;

    if (end == TG_TASK_KILLED && task->run->blame != NULL) {
        *report = *task->run->blame;
        return;
    }
    *report = (struct tg_task_report){.http = 500};
    if (lua_cpcall(L, explain, &e) != 0)
        lua_settop(L, 0);
    if (report->message.base == NULL)
        report->message = h2o_iovec_init(H2O_STRLIT("not enough memory"));
}
