/* What the command line asks of the gate: serve a site, check it, show its routes. */
#ifndef TG_GATE_SERVER_H
#define TG_GATE_SERVER_H

#include <stdbool.h>

/* Serves the site until a signal ends it. port: instead of the first listener's, or -1.
 * Returns the exit status; what is wrong stands on stderr. */
int tg_server_run(const char *folder, int port);

/* Reads everything strictly, loads every script, resolves the names of backends. */
int tg_server_check(const char *folder);

/* Writes the table of routes to stdout. */
int tg_server_routes(const char *folder);

/* Asks the process that serves the site, or whoever has that admin address (else NULL), how it is,
 * and writes that to stdout: as JSON, or for people. */
int tg_server_status(const char *folder, const char *admin, bool json);

#endif
