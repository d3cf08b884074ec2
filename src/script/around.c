/* Around the scripts of a server. */
#include "script/around.h"

#include "script/task.h"

void tg_glance(lua_State *L)
{
    tg_vm_glance(tg_vm_of(L));
}

bool tg_has_turns(lua_State *L)
{
    const struct tg_vm *vm = tg_vm_of(L);

    return vm->running != NULL && vm->unyieldable == 0 && lua_isyieldable(L);
}

const struct tg_codec_limits *tg_codec_limits_of(lua_State *L)
{
    const struct tg_task *running = tg_vm_of(L)->running;

    return running != NULL ? running->run->limits : NULL;
}
