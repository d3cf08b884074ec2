/* Where the running script of a state is: asked for by a signal handler in the state's own thread.
 */
#ifndef TG_SCRIPT_WHERE_H
#define TG_SCRIPT_WHERE_H

#include "script/vm.h"

/* Writes "file:line", or nothing, as soon as the script is back in Lua: then it is safe. */
void tg_vm_ask_where(struct tg_vm *vm, char *out, size_t size);

/* Writes it now. The script must be inside one long call of C; a compiled one says nothing. */
void tg_vm_where(struct tg_vm *vm, char *out, size_t size);

/* Used by the hook: answers what was asked. */
void tg_vm_answer_where(struct tg_vm *vm, lua_State *L);

/* Writes the innermost line of a script that L is at. */
void tg_place(lua_State *L, char *out, size_t size);

#endif
