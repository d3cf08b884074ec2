/* Functions of a script that run side by side, as children of its task: what gather.c makes of them
 * and gather_result.c takes. */
#ifndef TG_API_GATHER_H
#define TG_API_GATHER_H

#include "script/task.h"

enum tg_child_state {
    TG_CHILD_WAITING, /* for its turn */
    TG_CHILD_RUNNING,
    TG_CHILD_OK,        /* its result lies on its stack */
    TG_CHILD_FAILED,    /* returned nil and an error, or raised one: on its stack */
    TG_CHILD_NO_MEMORY, /* has no coroutine */
    TG_CHILD_LATE,      /* cancelled by our timeout */
    TG_CHILD_CANCELLED, /* cancelled since another one decided the matter */
};

struct tg_child {
    struct tg_task task;
    struct tg_gather *op;
    enum tg_child_state state;
    bool needed;
    bool raised;  /* TG_CHILD_FAILED: by an error, not by returning one */
    size_t place; /* among the failures, in order of time; from 1 */
};

struct tg_gather {
    struct tg_wait wait;
    struct tg_timer timer;
    lua_State *L;        /* waits with the list { function, name, … } on top */
    double timeout_ms;   /* 0: none of our own */
    size_t count, limit; /* children, and how many of them may run at once */
    size_t begun, running, failures;
    bool is_race;
    bool decided;   /* nothing more is begun */
    bool advancing; /* advance() is on the C stack and will go on by itself */
    struct tg_child children[];
};

/* Where in the list the function of child i is; its name comes behind it. */
static inline int tg_gather_place(size_t i)
{
    return (int)(2 * i + 1);
}

/* Ends the children. */
void tg_gather_dispose(struct tg_gather *op);

/* For tg.gather: the table of results or nil, and the table of errors. */
int tg_gather_take(lua_State *L, struct tg_wait *wait);

/* For tg.race: the first result and its name, or nil and the first error. */
int tg_race_take(lua_State *L, struct tg_wait *wait);

#endif
