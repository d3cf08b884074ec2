/* What the command line asks of a site without serving it. Each returns the exit status. */
#ifndef TG_GATE_CHECK_H
#define TG_GATE_CHECK_H

#include <stdbool.h>

/* Reads everything strictly, loads every script, resolves the names of backends. What is wrong
 * stands on stderr, or as JSON on stdout. `self_test`: also sends the self_test of each route. */
int tg_check_site(const char *folder, bool json, bool self_test);

/* Writes the table of routes to stdout. */
int tg_check_routes(const char *folder);

#endif
