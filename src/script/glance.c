/* Turns of the scripts of a server. */
#include "script/glance.h"

#include "script/vm.h"

void tg_glance(lua_State *L)
{
    tg_vm_glance(tg_vm_of(L));
}
