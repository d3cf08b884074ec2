/* What the command line asks of the gate: serve a site, check it, show its routes. */
#ifndef TG_GATE_SERVER_H
#define TG_GATE_SERVER_H

#include <stdbool.h>

struct tg_site;

/* Reads the site; what is wrong with it stands on stderr, and then it is NULL. */
struct tg_site *tg_server_read(const char *folder);

/* Serves the site until a signal ends it. port: instead of the first listener's, or -1.
 * watch: it is read anew when a file of it changes.
 * Returns the exit status; what is wrong stands on stderr. */
int tg_server_run(const char *folder, int port, bool watch);

/* Reads everything strictly, loads every script, resolves the names of backends. What is wrong
 * stands on stderr, or as JSON on stdout. */
int tg_server_check(const char *folder, bool json);

/* Writes the table of routes to stdout. */
int tg_server_routes(const char *folder);

#endif
