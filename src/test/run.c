#include "test/run.h"

#include <assert.h>
#include <lauxlib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "api/core.h"
#include "api/host.h"
#include "codec/schema_store.h"
#include "gate/proof.h"
#include "gate/seams.h"
#include "gate/server.h"
#include "script/library.h"
#include "script/vm.h"
#include "test/process.h"
#include "test/site.h"
#include "test/wire.h"

enum { STATUS_FAILED = 1, LATER = 10 /* as nice has it */ };

static const size_t MEMORY = (size_t)8 << 30;

/* What the state works with; the calls that need a gate find none here. */
struct tester {
    struct tg_vm *vm;
    struct tg_host host;
    struct tg_timers timers;
    int argc;
    char **argv;
    const char *program; /* of the library */
    const char *site;
    char root[4096]; /* of schemas */
    int status;
};

static void load(lua_State *L, const char *name)
{
    struct tg_text text = tg_library(name);
    char chunk[64];

    snprintf(chunk, sizeof(chunk), "=[tidegate %s]", name);
    if (luaL_loadbuffer(L, text.base, text.len, chunk) != 0)
        lua_error(L);
}

/* library(name): a file of the library as a function. */
static int load_library(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);

    luaL_argcheck(L, tg_library(name).base != NULL, 1, "there is no such file");
    load(L, name);
    return 1;
}

/* root(folder): schemas are read from there, from now on. */
static int set_root(lua_State *L)
{
    struct tester *tester = lua_touserdata(L, lua_upvalueindex(1));

    snprintf(tester->root, sizeof(tester->root), "%s", luaL_checkstring(L, 1));
    tester->vm->options.root = tester->root;
    tester->host.loaded = false;
    return 0;
}

/* What only `tidegate import` wants. */
static void push_schemas(lua_State *L, struct tester *tester)
{
    lua_pushlightuserdata(L, tester);
    lua_pushcclosure(L, set_root, 1);
    lua_setfield(L, -2, "root");
    tg_vm_push_runtime(L, "native");
    lua_setfield(L, -2, "native");
}

static int run(lua_State *L)
{
    struct tester *tester = lua_touserdata(L, 1);

    load(L, tester->program);
    tg_test_site_open(L);
    lua_pushcfunction(L, load_library);
    lua_setfield(L, -2, "library");
    push_schemas(L, tester);
    tg_wire_open(L);
    lua_setfield(L, -2, "wire");
    tg_process_open(L);
    lua_setfield(L, -2, "process");
    lua_pushstring(L, tester->site);
    lua_setfield(L, -2, "default_site");
    lua_createtable(L, tester->argc, 0);
    for (int i = 0; i < tester->argc; i++) {
        lua_pushstring(L, tester->argv[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_call(L, 2, 1);
    tester->status = (int)lua_tointeger(L, -1);
    return 0;
}

static int run_program(const char *program, int argc, char **argv, const char *site)
{
    struct tester tester = {.program = program,
                            .argc = argc,
                            .argv = argv,
                            .site = site,
                            .status = STATUS_FAILED,
                            .host = {.loaded = true, .schemas = tg_schema_store_create()}};
    struct tg_vm_options options = {.lua_memory = MEMORY,
                                    .script_memory = MEMORY,
                                    .is_own = true,
                                    .root = site,
                                    .timers = &tester.timers,
                                    .host = &tester.host,
                                    .open = tg_core_open};
    char *message;

    if (!tg_seams_are_in_place()) {
        fprintf(stderr, "tidegate: libh2o does not call our checks of request heads\n");
        tg_schema_store_destroy(tester.host.schemas);
        return STATUS_FAILED;
    }
    signal(SIGPIPE, SIG_IGN);
    tg_timers_init(&tester.timers);
    h2o_linklist_init_anchor(&tester.host.afters);
    tester.host.random[1] = 1;
    tester.vm = tg_vm_create(&options);
    assert(tester.vm != NULL);
    if (!tg_vm_call(tester.vm, run, &tester, &message)) {
        fprintf(stderr, "tidegate: %s\n", message);
        free(message);
    }
    tg_vm_destroy(tester.vm);
    tg_schema_store_destroy(tester.host.schemas);
    tg_timers_dispose(&tester.timers);
    return tester.status;
}

int tg_test_run(int argc, char **argv, const char *site)
{
    const char *changes = getenv(TG_PROCESS_CHANGES);

    if (getenv(TG_PROOF_VARIABLE) != NULL) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setpriority(PRIO_PROCESS, 0, LATER);
    }
    if (argc == 2 && strcmp(argv[0], "--serve") == 0 && changes != NULL)
        return tg_server_run_changed(argv[1], changes);
    return run_program("test_run", argc, argv, site);
}

int tg_test_new(int argc, char **argv, const char *site)
{
    return run_program("new", argc, argv, site);
}

int tg_test_import(int argc, char **argv, const char *site)
{
    return run_program("import", argc, argv, site);
}

int tg_test_openapi(int argc, char **argv, const char *site)
{
    return run_program("openapi_run", argc, argv, site);
}

int tg_test_record(int argc, char **argv, const char *site)
{
    return run_program("record", argc, argv, site);
}
