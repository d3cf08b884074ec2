/* What a failed or killed task says of itself, read by protected calls: memory may be out. */
#include "script/task.h"

#include <lauxlib.h>
#include <string.h>

#include "script/fail.h"
#include "script/where.h"

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

/* Of a frame of the library: pushes where the function begins that it has called as `script`. */
static bool push_begin(lua_State *L, lua_State *at, lua_Debug *frame)
{
    const char *name;

    for (int i = 1; (name = lua_getlocal(at, frame, i)) != NULL; i++) {
        if (strcmp(name, "script") == 0 && lua_isfunction(at, -1)) {
            lua_getinfo(at, ">S", frame);
            lua_pushfstring(L, "%s:%d: in the call that this function ends with", frame->short_src,
                            frame->linedefined);
            return true;
        }
        lua_pop(at, 1);
    }
    return false;
}

/* Pushes the file and line where the coroutine stands, of a script's own code; where its function
 * begins, when that has ended with a call and so left the stack. */
static void push_place(lua_State *L, lua_State *at)
{
    lua_Debug frame;

    for (int level = 0; lua_getstack(at, level, &frame); level++) {
        lua_getinfo(at, "Sl", &frame);
        if (tg_is_library(&frame)) {
            if (push_begin(L, at, &frame))
                return;
        } else if (frame.currentline > 0) {
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

/* What Lua says when memory is out has no place, nor has a value that is no text; and when a
 * function has ended with the call that fails, the place is that of its caller, the library. */
static bool lacks_place(const char *text)
{
    return strcmp(text, "not enough memory") == 0 || strncmp(text, "[tidegate ", 10) == 0;
}

/* Behind the library's place, if there is one. */
static const char *without_place(const char *text)
{
    const char *end = text[0] == '[' ? strstr(text, ": ") : NULL;

    return end != NULL ? end + 2 : text;
}

static void explain_mistake(struct explaining *e, lua_State *L)
{
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);

    if (text == NULL || lacks_place(text)) {
        const char *said =
            text != NULL ? without_place(text)
                         : lua_pushfstring(L, "error object is a %s value", luaL_typename(L, -1));
        push_place_of(L, e->task);
        lua_pushfstring(L, "%s: %s", lua_tostring(L, -1), said);
        text = lua_tolstring(L, -1, &len);
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
