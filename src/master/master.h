/* The master: a process of one thread that owns the listening sockets, and starts, watches and
 * replaces the worker processes, which do all the rest. */
#ifndef TG_MASTER_MASTER_H
#define TG_MASTER_MASTER_H

/* Runs until a signal ends it. `words` is the command line of the workers behind the program's
 * name, and ends with NULL. Returns the exit status. */
int tg_master_run(char *const words[]);

#endif
