/* One worker process, as the master sees it. */
#ifndef TG_MASTER_CHILD_H
#define TG_MASTER_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum tg_child_state {
    TG_CHILD_NONE,
    TG_CHILD_STARTING,
    TG_CHILD_SERVING,
    TG_CHILD_LEAVING, /* told to drain and end */
};

struct tg_child {
    enum tg_child_state state;
    pid_t pid;
    int channel;       /* ours; -1 when the worker has closed its own */
    uint64_t since_ms; /* when the state began; monotonic */
    uint64_t alive_ms; /* when it was heard of last */
    uint32_t drain_ms; /* how long it may take to leave */
};

/* Starts the program that is in the place of this one now, with these words behind its name, and
 * `barred`, a list of routes a line each, in its environment. False with errno set. */
bool tg_child_start(struct tg_child *child, char *const words[], const char *barred);

/* It has been reaped: forgets it. */
void tg_child_forget(struct tg_child *child);

#endif
