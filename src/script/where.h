/* Where the running script of a state is: asked for by a signal handler in the state's own thread.
 */
#ifndef TG_SCRIPT_WHERE_H
#define TG_SCRIPT_WHERE_H

#include "script/vm.h"

/* Writes "file:line" as soon as the script is back in Lua: then it is safe. What stands there until
 * then stays when no line of a script is known. */
void tg_vm_ask_where(struct tg_vm *vm, char *out, size_t size);

/* Writes it now, likewise. The script must be inside one long call of C; a compiled one says
 * nothing. */
void tg_vm_where(struct tg_vm *vm, char *out, size_t size);

/* Used by the hook: answers what was asked. */
void tg_vm_answer_where(struct tg_vm *vm, lua_State *L);

/* Writes the innermost line of a script that L is at. False when there is none: a function that
 * ends with a call of C is not on the stack while that lasts. */
bool tg_place(lua_State *L, char *out, size_t size);

/* Writes "file:line", also in a signal handler; false, and nothing, when there is no room for it.
 */
bool tg_place_write(const char *file, int line, char *out, size_t size);

/* Whether the frame, with its source, is that of the program's own Lua. */
bool tg_is_library(const lua_Debug *frame);

#endif
