#include "script/where.h"

#include <string.h>

/* Without printf, which a signal handler must not use. */
bool tg_place_write(const char *file, int line, char *out, size_t size)
{
    char digits[12];
    size_t len = strlen(file), at = sizeof(digits);

    for (; line > 0 && at > 0; line /= 10)
        digits[--at] = (char)('0' + line % 10);
    if (len + 1 + sizeof(digits) - at >= size)
        return false;
    memcpy(out, file, len);
    out[len] = ':';
    memcpy(out + len + 1, digits + at, sizeof(digits) - at);
    out[len + 1 + sizeof(digits) - at] = '\0';
    return true;
}

bool tg_place(lua_State *L, char *out, size_t size)
{
    lua_Debug frame;

    for (int level = 0; lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "Sl", &frame);
        if (frame.currentline > 0 && !tg_is_library(&frame))
            return tg_place_write(frame.short_src, frame.currentline, out, size);
    }
    return false;
}

bool tg_is_library(const lua_Debug *frame)
{
    return strncmp(frame->source, "=[tidegate", 10) == 0;
}

void tg_vm_ask_where(struct tg_vm *vm, char *out, size_t size)
{
    vm->where = out;
    vm->where_size = size;
    tg_vm_hurry(vm);
}

void tg_vm_answer_where(struct tg_vm *vm, lua_State *L)
{
    if (vm->where == NULL)
        return;
    tg_place(L, vm->where, vm->where_size);
    vm->where = NULL;
}

void tg_vm_where(struct tg_vm *vm, char *out, size_t size)
{
    vm->where = NULL;
    if (!vm->options.jit && vm->innermost != NULL)
        tg_place(vm->innermost, out, size);
}
