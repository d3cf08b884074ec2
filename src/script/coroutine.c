/* `coroutine` for scripts: waits and slices inside a script's own coroutines pass up to the task.
 */
#include <lauxlib.h>

#include "script/args.h"
#include "script/task.h"

/* Coroutines that wait inside a task: nobody may resume them. Weak keys, in the registry. */
static const char busy_key;

static void set_busy(lua_State *L, int index, bool busy)
{
    lua_pushlightuserdata(L, (void *)&busy_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, index);
    if (busy)
        lua_pushboolean(L, 1);
    else
        lua_pushnil(L);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static bool is_busy(lua_State *L, int index)
{
    if (!tg_vm_of(L)->chained)
        return false;
    lua_pushlightuserdata(L, (void *)&busy_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, index);
    lua_rawget(L, -2);
    bool busy = lua_toboolean(L, -1);
    lua_pop(L, 2);
    return busy;
}

/* Why the coroutine at index 1 can't be resumed; NULL when it can. */
static const char *obstacle(lua_State *L, lua_State *co)
{
    lua_Debug frame;

    if (co == L || is_busy(L, 1))
        return "cannot resume non-suspended coroutine";
    if (lua_status(co) == LUA_YIELD)
        return NULL;
    if (lua_status(co) != 0)
        return "cannot resume dead coroutine";
    if (lua_getstack(co, 0, &frame) != 0)
        return "cannot resume non-suspended coroutine";
    return lua_gettop(co) == 0 ? "cannot resume dead coroutine" : NULL;
}

static int refuse(lua_State *L, const char *why)
{
    lua_pushboolean(L, 0);
    lua_pushstring(L, why);
    return 2;
}

/* Pushes true and what it yielded or returned, or false and its error. */
static int take_results(lua_State *L, lua_State *co)
{
    bool well = lua_status(co) == LUA_YIELD || lua_status(co) == 0;
    int count = well ? lua_gettop(co) : 1;

    luaL_checkstack(L, count + 1, "too many results to resume");
    lua_pushboolean(L, well);
    lua_xmove(co, L, count);
    return count + 1;
}

/* resume_start(co, ...): gives what take_results() pushes, or, when a wait or a slice came in
 * between, the coroutine itself once it has ended or yielded; resume_end() reads that. */
static int resume_start(lua_State *L)
{
    struct tg_vm *vm = tg_vm_of(L);
    lua_State *co = lua_tothread(L, 1);
    bool barrier = !lua_isyieldable(L);
    int count = lua_gettop(L) - 1;

    if (co == NULL)
        return tg_args_type(L, "coroutine.resume", 1, "coroutine");
    const char *why = obstacle(L, co);
    if (why != NULL)
        return refuse(L, why);
    if (vm->nesting >= TG_VM_NESTING)
        return refuse(L, "C stack overflow");
    if (!lua_checkstack(co, count))
        return refuse(L, "too many arguments to resume");
    lua_xmove(L, co, count);
    vm->nesting++;
    vm->unyieldable += barrier;
    vm->innermost = co;
    int rc = lua_resume(co, count);
    vm->innermost = L;
    vm->unyieldable -= barrier;
    vm->nesting--;
    if (rc != LUA_YIELD || vm->passing == TG_PASS_NOTHING)
        return take_results(L, co);
    vm->chained = true;
    vm->passed[vm->passed_count++] = co;
    set_busy(L, 1, true);
    lua_settop(L, 1);
    return lua_yield(L, 1); /* the coroutine stays on this stack: that keeps it alive */
}

static int resume_end(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);

    tg_task_check(L);
    if (co == NULL)
        return lua_gettop(L);
    set_busy(L, 1, false);
    return take_results(L, co);
}

/* The coroutine that is the script's main one: the task's, or the state's own while it loads. */
static lua_State *base_of(struct tg_vm *vm)
{
    return vm->running != NULL ? vm->running->L : vm->L;
}

static int yield(lua_State *L)
{
    if (L == base_of(tg_vm_of(L)))
        return tg_raise(L, "coroutine.yield outside a coroutine of the script's own");
    if (!lua_isyieldable(L))
        return tg_raise(L, "attempt to yield across C-call boundary");
    return lua_yield(L, lua_gettop(L));
}

static int running(lua_State *L)
{
    if (L == base_of(tg_vm_of(L)))
        lua_pushnil(L);
    else
        lua_pushthread(L);
    return 1;
}

static int isyieldable(lua_State *L)
{
    lua_pushboolean(L, L != base_of(tg_vm_of(L)) && lua_isyieldable(L));
    return 1;
}

/* busy(co): whether it waits inside a task. */
static int busy(lua_State *L)
{
    lua_pushboolean(L, lua_tothread(L, 1) != NULL && lua_tothread(L, 1) != L && is_busy(L, 1));
    return 1;
}

/* check(...): its arguments, unless the run was killed. */
static int check(lua_State *L)
{
    tg_task_check(L);
    return lua_gettop(L);
}

/* take(...): the results of the wait that has just ended. */
static int take(lua_State *L)
{
    struct tg_vm *vm = tg_vm_of(L);
    struct tg_wait *wait = vm->running != NULL ? vm->running->taken : NULL;

    tg_task_check(L);
    if (wait == NULL)
        return lua_gettop(L); /* the call did not wait: its results are the arguments */
    int count = wait->take != NULL ? wait->take(L, wait) : 0;
    vm->running->taken = NULL;
    return count;
}

static const luaL_Reg functions[] = {
    {"resume_start", resume_start},
    {"resume_end", resume_end},
    {"yield", yield},
    {"running", running},
    {"isyieldable", isyieldable},
    {"busy", busy},
    {"check", check},
    {"take", take},
    {NULL, NULL},
};

void tg_coroutine_open(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushlightuserdata(L, (void *)&busy_key);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    luaL_register(L, NULL, functions);
}
