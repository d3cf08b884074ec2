#include "api/produce.h"

#include <lauxlib.h>

#include "api/api.h"
#include "script/args.h"

/* In the order of a body: next → on_give, once for each piece → on_done. */
static void next(struct tg_source *source);
static void on_give(struct tg_wait *wait);
static void on_done(struct tg_task *task, enum tg_task_end end);

struct producer {
    struct tg_source source;
    struct tg_request *request;
    struct tg_task task;
    struct tg_wait wait; /* of the task, while its piece is with the reader */
    h2o_iovec_t piece;   /* a string of the waiting coroutine */
    int function;        /* registry; 0: it has begun */
    int loop;            /* registry: runtime.lua's produce(producer, function) */
    bool alive;          /* the task has been made and not disposed of */
};

static struct producer *of_source(struct tg_source *source)
{
    return H2O_STRUCT_FROM_MEMBER(struct producer, source, source);
}

static void end(struct producer *producer)
{
    lua_State *L = producer->request->task.vm->L;

    if (producer->function != 0) {
        luaL_unref(L, LUA_REGISTRYINDEX, producer->function);
        luaL_unref(L, LUA_REGISTRYINDEX, producer->loop);
    }
    producer->function = 0;
    if (producer->alive)
        tg_task_dispose(&producer->task);
    producer->alive = false;
}

static void cancel(struct tg_source *source)
{
    end(of_source(source));
}

static void begin(struct producer *producer)
{
    lua_State *L = producer->task.L;

    lua_rawgeti(L, LUA_REGISTRYINDEX, producer->loop);
    lua_pushlightuserdata(L, producer);
    lua_rawgeti(L, LUA_REGISTRYINDEX, producer->function);
    luaL_unref(L, LUA_REGISTRYINDEX, producer->loop);
    luaL_unref(L, LUA_REGISTRYINDEX, producer->function);
    producer->function = 0;
    tg_task_run(&producer->task, 2);
}

static void next(struct tg_source *source)
{
    struct producer *producer = of_source(source);
    struct tg_vm *vm = producer->request->task.vm;

    if (producer->function == 0) {
        tg_task_resume(&producer->task);
        return;
    }
    producer->alive = tg_task_init(&producer->task, vm, &producer->request->run, on_done);
    if (producer->alive) {
        begin(producer);
        return;
    }
    source->error = (struct tg_error){"script", "no memory is left for the body's function"};
    source->on_piece(source, h2o_iovec_init(NULL, 0), TG_SOURCE_BROKEN);
}

static void on_give(struct tg_wait *wait)
{
    struct producer *producer = H2O_STRUCT_FROM_MEMBER(struct producer, wait, wait);

    producer->source.on_piece(&producer->source, producer->piece, TG_SOURCE_MORE);
}

static void on_cancel(struct tg_wait *wait)
{
    (void)wait; /* nothing goes on: it is the reader who does not ask */
}

static int take_nothing(lua_State *L, struct tg_wait *wait)
{
    (void)L;
    (void)wait;
    return 0;
}

/* The last thing done with it: the request may end with its body. */
static void on_done(struct tg_task *task, enum tg_task_end how)
{
    struct producer *producer = H2O_STRUCT_FROM_MEMBER(struct producer, task, task);
    struct tg_request *request = producer->request;
    struct tg_task_report report;
    bool well = how == TG_TASK_DONE;

    if (!well) {
        tg_task_explain(task, how, &report);
        request->report_body(request, &report);
    }
    end(producer);
    producer->source.on_piece(&producer->source, h2o_iovec_init(NULL, 0),
                              well ? TG_SOURCE_END : TG_SOURCE_BROKEN);
}

/* give(producer, chunk): waits until the reader wants more. */
static int give(lua_State *L)
{
    struct producer *producer = lua_touserdata(L, 1);

    if (!lua_isstring(L, 2))
        return tg_raise(L,
                        "the function of a body must return a string, or nil at its end; it "
                        "returned a %s",
                        luaL_typename(L, 2));
    producer->piece.base = (char *)(uintptr_t)lua_tolstring(L, 2, &producer->piece.len);
    if (producer->piece.len == 0)
        return tg_raise(L, "the function of a body returned an empty string");
    producer->wait = (struct tg_wait){.start = on_give, .cancel = on_cancel, .take = take_nothing};
    return tg_task_wait(L, tg_task_current(L, "body"), &producer->wait);
}

struct tg_source *tg_produce(lua_State *L, struct tg_request *request)
{
    struct producer *producer = h2o_mem_alloc_pool(&request->run.pool, sizeof(*producer));

    *producer = (struct producer){.source = {.next = next, .cancel = cancel}, .request = request};
    lua_pushvalue(L, -1);
    producer->function = luaL_ref(L, LUA_REGISTRYINDEX);
    tg_vm_push_runtime(L, "produce");
    producer->loop = luaL_ref(L, LUA_REGISTRYINDEX);
    return &producer->source;
}

void tg_open_produce(lua_State *L)
{
    lua_pushcfunction(L, give);
    lua_setfield(L, -3, "give");
}
