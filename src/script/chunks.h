/* Compiled files, for those who make many states of the same ones: specs do, servers don't. */
#ifndef TG_SCRIPT_CHUNKS_H
#define TG_SCRIPT_CHUNKS_H

#include <stdbool.h>
#include <lua.h>

struct tg_chunks;

struct tg_chunks *tg_chunks_create(void);
void tg_chunks_destroy(struct tg_chunks *chunks);

/* Pushes the function of that name, as it was compiled; false when there is none. */
bool tg_chunks_push(const struct tg_chunks *chunks, lua_State *L, const char *name);

/* Keeps the function on top, which stays there, unless there is one of that name. */
void tg_chunks_keep(struct tg_chunks *chunks, lua_State *L, const char *name);

#endif
