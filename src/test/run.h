/* Commands written in Lua, in a state of the program's own: `tidegate test`, which has busted
 * beside the sites that it tests, `tidegate new`, `record`, `import` and `openapi`. */
#ifndef TG_TEST_RUN_H
#define TG_TEST_RUN_H

/* Runs the specs that the arguments behind `test` ask for; `site` is served when no other is named.
 * Returns the exit status. */
int tg_test_run(int argc, char **argv, const char *site);

/* `tidegate new`: makes a site or adds a route to one, by the arguments behind `new`; `site` is the
 * one that came with tidegate. Returns the exit status. */
int tg_test_new(int argc, char **argv, const char *site);

/* `tidegate import`: makes a site of a WSDL document, by the arguments behind `import`. */
int tg_test_import(int argc, char **argv, const char *site);

/* `tidegate openapi`: writes the OpenAPI document of a site. */
int tg_test_openapi(int argc, char **argv, const char *site);

/* `tidegate record`: a spec of what a process that runs is asked, by the arguments behind `record`.
 * Returns the exit status. */
int tg_test_record(int argc, char **argv, const char *site);

#endif
