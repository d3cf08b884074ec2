/* tg.sleep(seconds): lets others run and goes on later. */
#include <lauxlib.h>

#include "api/api.h"
#include "api/host.h"
#include "script/args.h"
#include "script/task.h"

struct sleep_op {
    struct tg_wait wait;
    struct tg_timer timer;
    double ms;
};

static void on_fire(struct tg_timer *timer)
{
    struct sleep_op *op = H2O_STRUCT_FROM_MEMBER(struct sleep_op, timer, timer);

    tg_task_resume(op->wait.task);
}

static void on_start(struct tg_wait *wait)
{
    struct sleep_op *op = (struct sleep_op *)wait;

    tg_timer_start(wait->task->vm->options.timers, &op->timer, (uint64_t)(op->ms + 0.999), on_fire);
}

static void on_cancel(struct tg_wait *wait)
{
    tg_timer_stop(wait->task->vm->options.timers, &((struct sleep_op *)wait)->timer);
}

static int sleep_start(lua_State *L)
{
    struct tg_task *task = tg_task_current(L, "tg.sleep");
    double ms;

    if (!tg_args_duration(L, 1, &ms))
        return tg_args_fail(L, "tg.sleep", 1, "seconds, or a text such as '250ms', expected");
    if (ms > 86400e3)
        return tg_args_fail(L, "tg.sleep", 1, "at most a day");
    struct sleep_op *op = h2o_mem_alloc_pool(&task->run->pool, sizeof(*op));
    *op = (struct sleep_op){.wait = {.start = on_start, .cancel = on_cancel}, .ms = ms};
    return tg_task_wait(L, task, &op->wait);
}

static const luaL_Reg functions[] = {
    {"sleep", sleep_start},
    {NULL, NULL},
};

void tg_open_wait(lua_State *L)
{
    luaL_register(L, NULL, functions);
}
