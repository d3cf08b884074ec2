/* Which lines of which files have run. */
#ifndef TG_TEST_COVERAGE_H
#define TG_TEST_COVERAGE_H

#include <stddef.h>
#include <lua.h>

struct tg_covered;

/* All zero is one that has seen nothing. */
struct tg_coverage {
    struct tg_covered *files;
    size_t count;
};

void tg_coverage_dispose(struct tg_coverage *coverage);

/* Notes the line that runs in the frame: what a hook of lines is called with. `coverage` is a
 * struct tg_coverage. */
void tg_coverage_note(void *coverage, lua_State *L, lua_Debug *frame);

/* Pushes a table: by the path of each file, a table whose keys are lines. */
void tg_coverage_push(const struct tg_coverage *coverage, lua_State *L);

#endif
