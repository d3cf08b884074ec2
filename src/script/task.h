/* A task runs one function of a script to its end, in a coroutine, through any number of waits. */
#ifndef TG_SCRIPT_TASK_H
#define TG_SCRIPT_TASK_H

#include "script/around.h"
#include "script/vm.h"

/* What a suspended task waits for. Operations embed it as their first member.
 * start() begins it, and may end it at once; then exactly one of two ends it:
 * tg_task_resume() when it is done, or cancel() when its task has died. cancel() may also come
 * after it is done, when nobody took the results. take() runs inside the coroutine, where errors
 * are caught, and pushes the results. */
struct tg_wait {
    struct tg_task *task;
    void (*start)(struct tg_wait *self);
    void (*cancel)(struct tg_wait *self);
    int (*take)(lua_State *L, struct tg_wait *self); /* how many values it pushed */
};

struct tg_task_report;

/* What a request's task and its children share: memory and limits. */
struct tg_run {
    h2o_mem_pool_t pool; /* all that they need; cleared when the last of them is gone */
    uint64_t cpu_ns;     /* used so far */
    uint64_t wall_ns;    /* time spent inside the scripts so far */
    ptrdiff_t grown;     /* bytes by which the heap has grown while they ran */
    size_t held;         /* bytes outside the heap that their values hold, such as bodies */
    unsigned light;      /* values that need no finalizer, since what they hold is little */
    const char *killed;  /* the limit that stopped them, or NULL */
    struct tg_task_report *blame;            /* of the task that was running then */
    uint64_t deadline_ms;                    /* loop time at which they are stopped; 0: none */
    const struct tg_codec_limits *limits;    /* of their route; lives as long, or NULL */
    void *context;                           /* what api/ and gate/ keep beside it */
    void (*on_suspend)(struct tg_run *self); /* a task has just begun to wait; may be NULL */
};

enum tg_task_end {
    TG_TASK_DONE,   /* its results lie on L */
    TG_TASK_FAILED, /* the error lies on top of L */
    TG_TASK_KILLED, /* run->killed says by what */
};

struct tg_task {
    struct tg_vm *vm;
    struct tg_run *run;
    void (*on_done)(struct tg_task *self, enum tg_task_end end);
    lua_State *L; /* the coroutine, kept alive by ref; NULL when disposed */
    int ref;
    int nargs;             /* on top of the innermost coroutine, for the next resume */
    bool active;           /* run() is on the C stack and will go on by itself */
    bool returned;         /* its function has returned: the coroutine can be used again */
    struct tg_wait *wait;  /* NULL while the script runs and when it is done */
    struct tg_wait *taken; /* the wait whose results the script takes next */
    lua_State **chain;     /* the script's own coroutines below L, innermost last */
    size_t chain_count, chain_capacity;
    h2o_linklist_t ready; /* linked while it waits for its next slice */
};

/* What a failed or killed task says of itself; texts are in the run's pool. */
struct tg_task_report {
    int http;              /* the status it becomes */
    h2o_iovec_t code;      /* of an error table; empty for a mistake in the script */
    h2o_iovec_t message;   /* one line */
    h2o_iovec_t traceback; /* many lines; empty for an error table */
};

void tg_run_init(struct tg_run *run);
void tg_run_dispose(struct tg_run *run);

/* Takes a coroutine; false when memory is out. */
bool tg_task_init(struct tg_task *task, struct tg_vm *vm, struct tg_run *run,
                  void (*on_done)(struct tg_task *self, enum tg_task_end end));

/* Ends the task wherever it is; it never runs again and never calls back. Twice is harmless. */
void tg_task_dispose(struct tg_task *task);

/* Calls the function of the registry under `function`. */
void tg_task_start(struct tg_task *task, int function);

/* Calls the function lying on L below its nargs arguments. */
void tg_task_run(struct tg_task *task, int nargs);

/* The task of the script that called `name`. Raises when that can't wait where it was called:
 * while a script loads, or inside a callback of sort, gsub and the like. */
struct tg_task *tg_task_current(lua_State *L, const char *name);

/* Suspends the calling task: `return tg_task_wait(L, task, &op->wait);` */
int tg_task_wait(lua_State *L, struct tg_task *task, struct tg_wait *wait);

/* The same; the value on top stays on the stack while it waits, and take() finds it at index 1. */
int tg_task_wait_holding(lua_State *L, struct tg_task *task, struct tg_wait *wait);

/* Continues a task whose wait is over. */
void tg_task_resume(struct tg_task *task);

/* Reads what a failed or killed task left behind. Only in on_done. */
void tg_task_explain(struct tg_task *task, enum tg_task_end end, struct tg_task_report *report);

/* Raises in a script whose run was killed, else returns. */
void tg_task_check(lua_State *L);

/* The hook that slices and stops; set on every state. */
void tg_task_hook(lua_State *L, lua_Debug *frame);

/* Pushes the table of C functions from which the sandbox makes `coroutine`. */
void tg_coroutine_open(lua_State *L);

#endif
