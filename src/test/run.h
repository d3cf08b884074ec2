/* `tidegate test`: busted in a Lua state of the program's own, beside the sites it tests. */
#ifndef TG_TEST_RUN_H
#define TG_TEST_RUN_H

/* Runs the specs that the arguments behind `test` ask for; `site` is served when no other is named.
 * Returns the exit status. */
int tg_test_run(int argc, char **argv, const char *site);

#endif
