/* One Lua state of one thread: capped memory, the sandbox, idle coroutines, tasks that wait for a
 * slice. */
#ifndef TG_SCRIPT_VM_H
#define TG_SCRIPT_VM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <h2o.h>
#include <lua.h>

#include "base/files.h"
#include "base/log.h"
#include "net/timer.h"
#include "script/handle.h"
#include "script/heap.h"
#include "script/kind.h"

struct tg_chunks;
struct tg_task;

enum {
    TG_VM_IDLE_COROUTINES = 256,
    TG_VM_NESTING = 190, /* coroutines running inside each other */
    TG_VM_SLICE_NS = 1000 * 1000,
};

struct tg_vm_options {
    size_t lua_memory;        /* bytes the whole state may hold */
    size_t script_memory;     /* bytes one run may grow the heap by */
    uint64_t script_cpu_ns;   /* thread CPU time one run may use */
    bool jit;                 /* compile; then endless loops can't be stopped */
    bool is_own;              /* the program's own: all of Lua, no sandbox, nothing is stopped */
    const char *root;         /* the site's folder, as the user wrote it */
    const char *package_path; /* templates with '?' for require, below root; NULL: none */
    struct tg_files *files;   /* through which scripts and modules are read; NULL: from the disk */
    struct tg_chunks *chunks; /* files that other states have compiled; NULL: none are kept */
    const struct tg_log *log;
    struct tg_timers *timers;
    _Atomic uint64_t *steps; /* counts what shows that the thread goes on; NULL: nobody looks */
    void (*on_line)(void *owner, lua_State *L, lua_Debug *frame); /* for each line; NULL: none */
    void *line_owner;
    void *host;                 /* what the calls of api/ work on; script/ does not look inside */
    void (*open)(lua_State *L); /* adds the calls: on top lies the later 'tidegate', below it a
                                 * table for what only lua/tidegate/runtime.lua uses */
};

/* A coroutine and the reference that keeps it. */
struct tg_coroutine {
    lua_State *L;
    int ref;
};

/* Why the innermost coroutine has just yielded. */
enum tg_passing {
    TG_PASS_NOTHING, /* it is the script's own yield */
    TG_PASS_WAIT,    /* the running task has a wait to start */
    TG_PASS_SLICE,   /* its time is up: others go first */
};

struct tg_vm {
    lua_State *L;
    struct tg_vm_options options;
    struct tg_heap heap;       /* what the state holds */
    struct tg_handles handles; /* of what values in it refer to */
    struct tg_task *running;   /* the task inside lua_resume() now, or NULL */
    enum tg_passing passing;
    int unyieldable;   /* how many C calls that can't be yielded through are on the stack */
    bool load_stopped; /* load_until_ns has come, and no pcall may swallow that */
    bool chained;      /* a coroutine of a script's own has waited at least once */
    lua_State
        *passed[TG_VM_NESTING]; /* coroutines that a yield has gone through, innermost first */
    size_t passed_count;
    size_t nesting;       /* coroutines of scripts that are inside lua_resume() now */
    h2o_linklist_t ready; /* tasks whose slice ended */
    struct tg_coroutine idle[TG_VM_IDLE_COROUTINES];
    size_t idle_count;
    uint64_t resumed_ns; /* when the running task was resumed; monotonic */
    size_t resumed_used; /* heap.used at that time */
    size_t hurry_above;  /* heap.used from which the running task is looked at without delay */
    bool hurried;        /* the hook comes at the next instruction */
    bool hooked;         /* it comes at all */
    bool ticked;         /* somebody calls tg_vm_slice(), so instructions are not counted for it */
    bool missed;         /* a slice was over when the task could not be interrupted */
    int pause;           /* of the collector, in percent of what lived */
    const void *kinds[TG_KINDS]; /* metatables of userdata: script/kind.h */
    int kind_refs[TG_KINDS];     /* registry: the same */
    bool has_view;               /* userdata lie in memory as script/value_view.h says */
    size_t full_above;      /* heap.used from which garbage is collected before a task goes on */
    bool must_collect;      /* memory has run out, or a run was stopped with much of it */
    uint64_t mark_wall_ns;  /* a reading of both clocks at most some milliseconds old, */
    uint64_t mark_cpu_ns;   /* by which long runs are charged */
    uint64_t load_until_ns; /* thread CPU time at which loading a script is stopped; 0: none */
    lua_State *innermost;   /* the coroutine that was resumed last, while a task runs */
    char *where;            /* who asked where the script is gets it there; or NULL */
    size_t where_size;
    char
        place[LUA_IDSIZE + 16]; /* file:line of the script when its slice ended or it was stopped */
};

/* Makes a state with the sandbox in place. NULL when that fails; the reason is in the log. */
struct tg_vm *tg_vm_create(const struct tg_vm_options *options);

/* Frees it with all in it. Its tasks must have been disposed. */
void tg_vm_destroy(struct tg_vm *vm);

/* The state that L belongs to. */
static inline struct tg_vm *tg_vm_of(lua_State *L)
{
    void *vm;

    lua_getallocf(L, &vm);
    return vm;
}

/* Loads a script and keeps what it returns, a function. `path` is relative to the site's folder.
 * On failure `message` (to be freed) says why, with file and line. */
bool tg_vm_load(struct tg_vm *vm, const char *path, int *ref, char **message);

/* Calls a C function with the pointer as its argument, with errors caught.
 * On failure `message` (to be freed) says why. */
bool tg_vm_call(struct tg_vm *vm, lua_CFunction function, void *argument, char **message);

/* Pushes a file of script/library.h as a function. */
void tg_vm_push_library(lua_State *L, const char *name);

/* Pushes what lua/tidegate/runtime.lua and sandbox.lua offer under the name. */
void tg_vm_push_runtime(lua_State *L, const char *name);

/* Gives each task whose slice had ended one more slice. True when there are still some. */
bool tg_vm_run_ready(struct tg_vm *vm);

/* A coroutine to run a task in; false when memory is out. */
bool tg_vm_take_coroutine(struct tg_vm *vm, struct tg_coroutine *coroutine);

/* Takes back one whose function has returned; its stack is emptied. */
void tg_vm_give_coroutine(struct tg_vm *vm, struct tg_coroutine coroutine);

/* Lets go of one that will never run again. */
void tg_vm_drop_coroutine(struct tg_vm *vm, struct tg_coroutine coroutine);

/* Lets the hook come after every so many instructions. */
void tg_vm_hook(struct tg_vm *vm);

/* Lets the hook come as soon as the running task is back in Lua; the hook itself ends the hurry. */
void tg_vm_hurry(struct tg_vm *vm);
void tg_vm_end_hurry(struct tg_vm *vm);

/* Called by what may take long in C: the same, when the slice of the running task is over. */
void tg_vm_glance(struct tg_vm *vm);

/* The same from a signal handler of the thread, which may interrupt it anywhere. */
void tg_vm_slice(struct tg_vm *vm);

/* The task that ran has ended or waits: a hook that came for its sake stops coming. */
void tg_vm_rest(struct tg_vm *vm);

/* Bytes outside of the state that a value in it holds: they count as if they were inside. What goes
 * beyond lua_memory raises. */
void tg_vm_hold(lua_State *L, size_t bytes);
void tg_vm_release(struct tg_vm *vm, size_t bytes);

/* How many more bytes one value may hold, at most. */
size_t tg_vm_room(const struct tg_vm *vm);

/* Counts that a task goes on. */
void tg_vm_count_step(struct tg_vm *vm);

/* Collects all garbage; L is what runs in the state. */
void tg_vm_collect(struct tg_vm *vm, lua_State *L);

/* Collects garbage when the state is nearly full: running out of memory does not. */
void tg_vm_make_room(struct tg_vm *vm);

/* Keeps the reading of the clocks and the pace of the collector fresh; called every few
 * milliseconds when there is something to do. */
void tg_vm_tick(struct tg_vm *vm, uint64_t now_ns);

/* Called by another thread than before: the state is its from now on. When `ticked`, tg_vm_slice()
 * comes every few milliseconds of that thread's CPU time, and scripts run without a hook. */
void tg_vm_move(struct tg_vm *vm, bool ticked);

/* Thread CPU time that has gone by since resumed_ns, never more than a few milliseconds too much.
 */
uint64_t tg_vm_charge(struct tg_vm *vm, uint64_t now_ns);

#endif
