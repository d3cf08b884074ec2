#include "script/vm.h"

#include <assert.h>
#include <lauxlib.h>
#include <lualib.h>
#include <luajit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "script/chunks.h"
#include "script/fail.h"
#include "script/library.h"
#include "script/sandbox.h"
#include "script/task.h"
#include "script/value.h"

enum { REFERENCES = 128 }; /* more than a state with some routes has */

static const char runtime_key[] = "tidegate.runtime";

static void *allocate(void *owner, void *block, size_t old, size_t size)
{
    struct tg_vm *vm = owner;

    if (size == 0) {
        tg_heap_free(&vm->heap, block, old);
        return NULL;
    }
    void *moved =
        block == NULL ? tg_heap_new(&vm->heap, size) : tg_heap_resize(&vm->heap, block, old, size);
    if (moved == NULL)
        vm->must_collect = true;
    if (vm->heap.used > vm->hurry_above || vm->must_collect)
        tg_vm_hurry(vm);
    return moved;
}

static void log_problem(const struct tg_log *log, const char *event, const char *reason)
{
    struct tg_buffer line = {.limit = 8192};

    tg_log_field(&line, "event", tg_text_of(event));
    tg_log_field(&line, "reason", tg_text_of(reason != NULL ? reason : "?"));
    tg_log_fields(log, TG_LOG_ERROR, NULL, &line);
    tg_buffer_dispose(&line);
}

/* Without a protected call around it memory ran out inside the loop: that is our mistake. */
static int on_panic(lua_State *L)
{
    log_problem(tg_vm_of(L)->options.log, "lua_panic", lua_tostring(L, -1));
    abort();
}

void tg_vm_push_library(lua_State *L, const char *name)
{
    struct tg_text text = tg_library(name);
    struct tg_chunks *chunks = tg_vm_of(L)->options.chunks;
    char chunk[64];

    snprintf(chunk, sizeof(chunk), "=[tidegate %s]", name);
    if (chunks != NULL && tg_chunks_push(chunks, L, chunk))
        return;
    if (luaL_loadbuffer(L, text.base, text.len, chunk) != 0)
        lua_error(L);
    if (chunks != NULL)
        tg_chunks_keep(chunks, L, chunk);
}

/* library(name): a file of the library as a function. */
static int library_call(lua_State *L)
{
    tg_vm_push_library(L, luaL_checkstring(L, 1));
    return 1;
}

static void push_options(lua_State *L, const struct tg_vm_options *options)
{
    lua_createtable(L, 0, 3);
    lua_pushstring(L, options->root);
    lua_setfield(L, -2, "root");
    lua_pushstring(L, options->package_path);
    lua_setfield(L, -2, "package_path");
    lua_pushboolean(L, options->is_own);
    lua_setfield(L, -2, "is_own");
}

/* Makes room in the array of the registry: what lies in its hash is found in twice the time. */
static void widen_registry(lua_State *L)
{
    int refs[REFERENCES];

    for (int i = 0; i < REFERENCES; i++) {
        lua_pushboolean(L, true);
        refs[i] = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    for (int i = REFERENCES; i > 0; i--)
        luaL_unref(L, LUA_REGISTRYINDEX, refs[i - 1]);
}

/* Leaves the environment of scripts as the state's globals and the helpers in the registry. */
static int open_all(lua_State *L)
{
    static const char *const helpers[] = {"load_script", "load_table", "takes", "abouts"};
    struct tg_vm *vm = tg_vm_of(L);

    luaL_openlibs(L);
    luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | (vm->options.jit ? LUAJIT_MODE_ON : LUAJIT_MODE_OFF));
    widen_registry(L);
    tg_fail_open(L);
    tg_values_open(L);
    vm->has_view = tg_values_get(L)->view.good;
    tg_coroutine_open(L); /* 2: the native table */
    tg_sandbox_open(L);
    lua_pushcfunction(L, library_call);
    lua_setfield(L, 2, "library");
    lua_newtable(L); /* 3: the table of calls */
    vm->options.open(L);

    tg_vm_push_library(L, "sandbox");
    lua_pushvalue(L, 2);
    push_options(L, &vm->options);
    lua_pushvalue(L, 3);
    lua_call(L, 3, 2); /* 4: the environment, 5: helpers */

    tg_vm_push_library(L, "runtime");
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 5);
    lua_call(L, 3, 1); /* 6: what runs scripts */
    for (size_t i = 0; i < sizeof(helpers) / sizeof(*helpers); i++) {
        lua_getfield(L, 5, helpers[i]);
        lua_setfield(L, 6, helpers[i]);
    }
    lua_pushvalue(L, 2);
    lua_setfield(L, 6, "native");
    lua_setfield(L, LUA_REGISTRYINDEX, runtime_key);
    if (vm->options.is_own) {
        lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
        lua_pushvalue(L, 3);
        lua_setfield(L, -2, "tidegate");
        return 0;
    }
    lua_pushvalue(L, 4);
    lua_replace(L, LUA_GLOBALSINDEX);
    return 0;
}

struct tg_vm *tg_vm_create(const struct tg_vm_options *options)
{
    struct tg_vm *vm = calloc(1, sizeof(*vm));
    char *message;

    assert(vm != NULL);
    vm->options = *options;
    vm->heap.limit = options->lua_memory;
    vm->hurry_above = SIZE_MAX;
    vm->full_above = options->lua_memory / 4 * 3;
    h2o_linklist_init_anchor(&vm->ready);
    vm->L = lua_newstate(allocate, vm);
    if (vm->L == NULL) {
        log_problem(options->log, "lua_failed", "no memory for a Lua state");
        free(vm);
        return NULL;
    }
    lua_atpanic(vm->L, on_panic);
    tg_vm_tick(vm, tg_clock_monotonic_ns());
    if (!tg_vm_call(vm, open_all, NULL, &message)) {
        log_problem(options->log, "lua_failed", message);
        free(message);
        tg_vm_destroy(vm);
        return NULL;
    }
    if (!options->is_own)
        tg_vm_hook(vm);
    return vm;
}

void tg_vm_destroy(struct tg_vm *vm)
{
    assert(h2o_linklist_is_empty(&vm->ready));
    lua_sethook(vm->L, NULL, 0, 0);
    lua_close(vm->L);
    tg_handles_dispose(&vm->handles);
    tg_heap_dispose(&vm->heap);
    free(vm);
}

struct calling {
    struct tg_vm *vm;
    char *message;
};

/* The text of the error on top: tables made by tg_fail have __tostring. */
static int describe(lua_State *L)
{
    struct calling *calling = lua_touserdata(L, 1);

    lua_pushvalue(L, lua_upvalueindex(1));
    if (luaL_callmeta(L, -1, "__tostring") == 0)
        lua_pushvalue(L, -1);
    const char *text = lua_tostring(L, -1);
    calling->message = strdup(text != NULL ? text : "error object is not a string");
    return 0;
}

static char *take_message(struct tg_vm *vm)
{
    lua_State *L = vm->L;
    const char *text = lua_tostring(L, -1);
    struct calling calling = {vm, NULL};

    if (text != NULL) {
        calling.message = strdup(text);
    } else {
        lua_pushcclosure(L, describe, 1);
        lua_pushlightuserdata(L, &calling);
        if (lua_pcall(L, 1, 0, 0) != 0)
            calling.message = strdup("error in error handling");
    }
    lua_settop(L, 0);
    return calling.message;
}

bool tg_vm_call(struct tg_vm *vm, lua_CFunction function, void *argument, char **message)
{
    if (lua_cpcall(vm->L, function, argument) == 0)
        return true;
    *message = take_message(vm);
    return false;
}

void tg_vm_push_runtime(lua_State *L, const char *name)
{
    lua_getfield(L, LUA_REGISTRYINDEX, runtime_key);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

struct loading {
    const char *path;
    int ref;
};

static int load_script(lua_State *L)
{
    struct loading *loading = lua_touserdata(L, 1);

    tg_vm_push_runtime(L, "load_script");
    lua_pushstring(L, loading->path);
    lua_call(L, 1, 1);
    loading->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

bool tg_vm_load(struct tg_vm *vm, const char *path, int *ref, char **message)
{
    struct loading loading = {path, LUA_NOREF};

    vm->load_until_ns = tg_clock_thread_cpu_ns() + vm->options.script_cpu_ns;
    vm->load_stopped = false;
    bool loaded = tg_vm_call(vm, load_script, &loading, message);
    vm->load_until_ns = 0;
    *ref = loading.ref;
    return loaded;
}

static int make_coroutine(lua_State *L)
{
    struct tg_coroutine *coroutine = lua_touserdata(L, 1);

    coroutine->L = lua_newthread(L);
    coroutine->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

bool tg_vm_take_coroutine(struct tg_vm *vm, struct tg_coroutine *coroutine)
{
    if (vm->idle_count > 0) {
        *coroutine = vm->idle[--vm->idle_count];
        return true;
    }
    tg_vm_make_room(vm);
    if (lua_cpcall(vm->L, make_coroutine, coroutine) == 0)
        return true;
    lua_settop(vm->L, 0);
    return false;
}

void tg_vm_give_coroutine(struct tg_vm *vm, struct tg_coroutine coroutine)
{
    if (vm->idle_count == TG_VM_IDLE_COROUTINES) {
        tg_vm_drop_coroutine(vm, coroutine);
        return;
    }
    lua_settop(coroutine.L, 0);
    vm->idle[vm->idle_count++] = coroutine;
}

/* Freeing a slot of the registry allocates nothing. */
void tg_vm_drop_coroutine(struct tg_vm *vm, struct tg_coroutine coroutine)
{
    luaL_unref(vm->L, LUA_REGISTRYINDEX, coroutine.ref);
}
