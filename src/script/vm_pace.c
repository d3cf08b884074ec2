/* How far the scripts of a state may go: when the hook interrupts them, what they hold, what they
 * are charged. */
#include "script/vm.h"

#include <lauxlib.h>

#include "base/clock.h"
#include "script/task.h"

enum {
    HOOK_INSTRUCTIONS = 10000,
    MARK_NS = 5 * 1000 * 1000,
};

/* ---- the hook */

/* After so many instructions, and at each line when somebody wants to know. */
static void set_hook(struct tg_vm *vm, int instructions)
{
    int mask = LUA_MASKCOUNT | (vm->options.on_line != NULL ? LUA_MASKLINE : 0);

    vm->hooked = true;
    lua_sethook(vm->L, tg_task_hook, mask, instructions);
}

void tg_vm_hook(struct tg_vm *vm)
{
    set_hook(vm, HOOK_INSTRUCTIONS);
}

void tg_vm_hurry(struct tg_vm *vm)
{
    if (vm->hurried || vm->running == NULL)
        return;
    vm->hurried = true;
    set_hook(vm, 1);
}

void tg_vm_end_hurry(struct tg_vm *vm)
{
    if (!vm->hurried)
        return;
    set_hook(vm, HOOK_INSTRUCTIONS);
    vm->hurried = false;
}

/* Where ticks come they see to it, unless the hook came where nothing can be interrupted. */
void tg_vm_glance(struct tg_vm *vm)
{
    if (vm->ticked && !vm->missed)
        return;
    if (vm->running != NULL && tg_clock_monotonic_ns() - vm->resumed_ns > TG_VM_SLICE_NS)
        tg_vm_hurry(vm);
}

/* Whether it has hurried already does not matter: LuaJIT may lose what is set while it sets the
 * same bits itself, and the next signal makes up for that. */
void tg_vm_slice(struct tg_vm *vm)
{
    if (tg_clock_monotonic_ns() - vm->resumed_ns <= TG_VM_SLICE_NS)
        return;
    vm->hurried = true;
    set_hook(vm, 1);
}

void tg_vm_rest(struct tg_vm *vm)
{
    if (!vm->ticked || !vm->hooked || vm->options.on_line != NULL)
        return;
    lua_sethook(vm->L, NULL, 0, 0);
    vm->hooked = vm->hurried = vm->missed = false;
}

/* ---- memory */

void tg_vm_hold(lua_State *L, size_t bytes)
{
    struct tg_vm *vm = tg_vm_of(L);

    if (!tg_heap_hold(&vm->heap, bytes)) {
        vm->must_collect = true;
        tg_vm_hurry(vm);
        luaL_error(L, "not enough memory");
    }
    if (vm->heap.used > vm->hurry_above)
        tg_vm_hurry(vm);
}

void tg_vm_release(struct tg_vm *vm, size_t bytes)
{
    tg_heap_release(&vm->heap, bytes);
}

size_t tg_vm_room(const struct tg_vm *vm)
{
    size_t limit = vm->options.lua_memory, left = 0;

    if (vm->heap.used < limit)
        left = limit - vm->heap.used;
    return left < vm->options.script_memory ? left : vm->options.script_memory;
}

/* ---- collecting */

void tg_vm_count_step(struct tg_vm *vm)
{
    if (vm->options.steps != NULL)
        atomic_fetch_add_explicit(vm->options.steps, 1, memory_order_release);
}

/* It takes tenths of a second when the state is big: for whoever looks at the thread it comes
 * between two steps. */
void tg_vm_collect(struct tg_vm *vm, lua_State *L)
{
    tg_vm_count_step(vm);
    vm->must_collect = false;
    lua_gc(L, LUA_GCCOLLECT, 0);
    tg_vm_count_step(vm);
}

/* When most of it lives, the next collection comes when half of the rest is used up. */
void tg_vm_make_room(struct tg_vm *vm)
{
    size_t limit = vm->options.lua_memory;

    if (vm->heap.used <= vm->full_above && !vm->must_collect)
        return;
    tg_vm_collect(vm, vm->L);
    size_t half = vm->heap.used + (limit - vm->heap.used) / 2;
    vm->full_above = half > limit / 4 * 3 ? half : limit / 4 * 3;
}

/* ---- time */

static void read_clocks(struct tg_vm *vm, uint64_t now_ns)
{
    vm->mark_wall_ns = now_ns;
    vm->mark_cpu_ns = tg_clock_thread_cpu_ns();
}

/* The fuller the state, the sooner it is collected. More garbage than what lives never pays:
 * collecting gets cheaper, but new values then lie where no cache has them. */
static void pace_collector(struct tg_vm *vm)
{
    size_t limit = vm->options.lua_memory;
    int pause = vm->heap.used < limit / 4 ? 200 : 120;

    if (pause == vm->pause)
        return;
    vm->pause = pause;
    lua_gc(vm->L, LUA_GCSETPAUSE, pause);
}

void tg_vm_move(struct tg_vm *vm, bool ticked)
{
    read_clocks(vm, tg_clock_monotonic_ns());
    vm->ticked = ticked;
    tg_vm_rest(vm);
}

void tg_vm_tick(struct tg_vm *vm, uint64_t now_ns)
{
    if (now_ns < vm->mark_wall_ns + MARK_NS)
        return;
    read_clocks(vm, now_ns);
    pace_collector(vm);
}

/* Short runs are charged by the wall clock, which costs nothing; long ones by what the thread
 * has used since the last reading, for it may have been waiting for a core. */
uint64_t tg_vm_charge(struct tg_vm *vm, uint64_t now_ns)
{
    uint64_t wall = now_ns - vm->resumed_ns;

    if (wall < MARK_NS)
        return wall;
    uint64_t before = vm->mark_cpu_ns;
    uint64_t used = tg_clock_thread_cpu_ns() - before;
    return used < wall ? used : wall;
}
