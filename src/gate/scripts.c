#include "gate/scripts.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdlib.h>

#include "api/core.h"

struct loading {
    struct tg_generation *generation;
    const struct tg_site *site;
    const struct tg_route *route;
    struct tg_route_scripts *scripts;
    struct tg_vm *vm;
    int serve;
    int chains; /* registry: lists of scripts by their names */
};

static void note(struct tg_buffer *problems, char *message)
{
    tg_buffer_printf(problems, "%s\n", message);
    free(message);
}

static bool has_jit(const struct tg_site *site)
{
    for (size_t i = 0; i < site->route_count; i++)
        if (site->routes[i].jit)
            return true;
    return false;
}

static struct tg_vm *make_state(struct tg_generation *generation, bool jit)
{
    const struct tg_site *site = generation->edition->site;
    struct tg_vm_options options = {
        .lua_memory = site->lua_memory,
        .script_memory = site->script_memory,
        .script_cpu_ns = site->script_cpu_ns,
        .jit = jit,
        .root = site->folder,
        .package_path = site->package_path,
        .files = site->files,
        .log = generation->host.log,
        .chunks = generation->worker->gate->chunks,
        .on_line = generation->worker->gate->on_line,
        .line_owner = generation->worker->gate->line_owner,
        .timers = &generation->worker->timers,
        .steps = &generation->worker->look.turns,
        .host = &generation->host,
        .open = tg_core_open,
    };

    return tg_vm_create(&options);
}

static int find_serve(lua_State *L)
{
    struct loading *loading = lua_touserdata(L, 1);

    lua_newtable(L);
    loading->chains = luaL_ref(L, LUA_REGISTRYINDEX);
    tg_vm_push_runtime(L, "serve");
    loading->serve = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

/* Adds the script to the list on top, and notes there how many arguments one of them takes. */
static void add_script(lua_State *L, const char *path)
{
    tg_vm_push_runtime(L, "load_script");
    lua_pushstring(L, path);
    lua_call(L, 1, 1);
    tg_vm_push_runtime(L, "takes");
    lua_pushvalue(L, -2);
    lua_call(L, 1, 1);
    lua_getfield(L, -3, "takes");
    if (lua_tointeger(L, -2) > lua_tointeger(L, -1)) {
        lua_pushvalue(L, -2);
        lua_setfield(L, -5, "takes");
    }
    lua_pop(L, 2);
    lua_rawseti(L, -2, (int)lua_objlen(L, -2) + 1);
}

/* Pushes the text by which chains of the same scripts are known to be the same. */
static void push_chain_key(lua_State *L, const struct tg_route *route)
{
    luaL_Buffer key;

    luaL_buffinit(L, &key);
    for (size_t i = 0; i < route->before_count; i++) {
        luaL_addstring(&key, route->before[i]);
        luaL_addchar(&key, '\n');
    }
    if (route->script != NULL)
        luaL_addstring(&key, route->script);
    luaL_pushresult(&key);
}

/* Every script has been loaded once before, by itself, for the sake of its errors. */
static void push_new_chain(lua_State *L, const struct loading *loading)
{
    const struct tg_route *route = loading->route;

    lua_newtable(L);
    for (size_t i = 0; i < loading->site->before_count; i++)
        add_script(L, loading->site->before[i]);
    for (size_t i = 0; i < route->before_count; i++)
        add_script(L, route->before[i]);
    if (route->script != NULL)
        add_script(L, route->script);
}

/* Where the function begins that the list on top has alone. */
static int line_of(lua_State *L)
{
    lua_Debug info = {.linedefined = 0};

    if (lua_objlen(L, -1) != 1)
        return 0;
    lua_rawgeti(L, -1, 1);
    lua_getinfo(L, ">S", &info);
    return info.linedefined;
}

/* Keeps the list on top, and notes there where; so too the function that it has alone. */
static void keep_chain(lua_State *L)
{
    if (lua_objlen(L, -1) == 1) {
        lua_rawgeti(L, -1, 1);
        lua_pushinteger(L, luaL_ref(L, LUA_REGISTRYINDEX));
        lua_setfield(L, -2, "only");
    }
    lua_pushvalue(L, -1);
    lua_pushinteger(L, luaL_ref(L, LUA_REGISTRYINDEX));
    lua_setfield(L, -2, "ref");
}

static int number_at(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    int number = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return number;
}

/* Routes with the same scripts share their list: a site may have ten thousand routes. */
static int load_route(lua_State *L)
{
    struct loading *loading = lua_touserdata(L, 1);

    lua_rawgeti(L, LUA_REGISTRYINDEX, loading->chains);
    push_chain_key(L, loading->route);
    lua_pushvalue(L, -1);
    lua_rawget(L, 2);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        push_new_chain(L, loading);
        keep_chain(L);
        lua_pushvalue(L, 3);
        lua_pushvalue(L, -2);
        lua_rawset(L, 2);
    }
    *loading->scripts = (struct tg_route_scripts){
        .chain = number_at(L, "ref"),
        .only = number_at(L, "only"),
        .takes = number_at(L, "takes"),
        .text = loading->route->table,
        .passes = loading->route->script == NULL,
        .line = loading->route->script != NULL ? line_of(L) : 0,
    };
    return 0;
}

static bool load_file(struct tg_vm *vm, const char *path, struct tg_buffer *problems)
{
    char *message;
    int ref;

    if (!tg_vm_load(vm, path, &ref, &message)) {
        note(problems, message);
        return false;
    }
    luaL_unref(vm->L, LUA_REGISTRYINDEX, ref);
    return true;
}

struct files {
    const char **paths;
    size_t count;
};

static void add_path(struct files *files, const char *path)
{
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->paths[i], path) == 0)
            return;
    files->paths[files->count++] = path;
}

/* Loads each file once, so that one that is broken is named once. */
static bool load_files(struct tg_vm *vm, const struct tg_site *site, bool jit,
                       struct tg_buffer *problems)
{
    size_t most = site->before_count;
    bool well = true;

    for (size_t i = 0; i < site->route_count; i++)
        most += site->routes[i].before_count + 1;
    struct files files = {calloc(most + 1, sizeof(*files.paths)), 0};
    assert(files.paths != NULL);
    for (size_t i = 0; i < site->before_count; i++)
        add_path(&files, site->before[i]);
    for (size_t i = 0; i < site->route_count; i++) {
        const struct tg_route *route = &site->routes[i];
        if (route->jit != jit)
            continue;
        for (size_t k = 0; k < route->before_count; k++)
            add_path(&files, route->before[k]);
        if (route->script != NULL)
            add_path(&files, route->script);
    }
    for (size_t i = 0; i < files.count; i++)
        well = load_file(vm, files.paths[i], problems) && well;
    free(files.paths);
    return well;
}

static bool load_state(struct loading *loading, bool jit, struct tg_buffer *problems)
{
    const struct tg_site *site = loading->site;
    char *message;

    if (loading->vm == NULL) {
        tg_buffer_printf(problems,
                         "no Lua state could be made (is limits.lua_memory too small?)\n");
        return false;
    }
    bool proven = loading->generation->worker->gate->proven;
    if (!proven && !load_files(loading->vm, site, jit, problems))
        return false;
    if (!tg_vm_call(loading->vm, find_serve, loading, &message)) {
        note(problems, message);
        return false;
    }
    for (size_t i = 0; i < site->route_count; i++) {
        if (site->routes[i].jit != jit || loading->generation->worker->gate->late)
            continue;
        loading->route = &site->routes[i];
        loading->scripts = &loading->generation->routes[i];
        if (!tg_vm_call(loading->vm, load_route, loading, &message)) {
            note(problems, message);
            return false;
        }
    }
    return true;
}

bool tg_scripts_load(struct tg_generation *generation, struct tg_buffer *problems)
{
    const struct tg_site *site = generation->edition->site;
    struct tg_host *host = &generation->host;
    struct loading loading = {.generation = generation, .site = site};
    bool well;

    generation->vm = make_state(generation, false);
    generation->routes = calloc(site->route_count + 1, sizeof(*generation->routes));
    assert(generation->routes != NULL);
    host->loaded = false;
    loading.vm = generation->vm;
    well = load_state(&loading, false, problems);
    generation->serve = loading.serve;
    if (well && has_jit(site)) {
        loading.vm = generation->jit_vm = make_state(generation, true);
        well = load_state(&loading, true, problems);
        generation->jit_serve = loading.serve;
    }
    host->loaded = true;
    if (!well)
        tg_scripts_close(generation);
    return well;
}

bool tg_scripts_load_late(struct tg_generation *generation, const struct tg_route *route)
{
    struct loading loading = {.generation = generation,
                              .site = generation->edition->site,
                              .route = route,
                              .scripts = &generation->routes[route->index],
                              .vm = route->jit ? generation->jit_vm : generation->vm};
    char *message;

    generation->host.loaded = false;
    bool well = tg_vm_call(loading.vm, find_serve, &loading, &message) &&
                tg_vm_call(loading.vm, load_route, &loading, &message);
    generation->host.loaded = true;
    if (well)
        return true;
    struct tg_buffer line = {.limit = 16384};
    tg_log_field(&line, "event", TG_TEXT("load_failed"));
    tg_log_field(&line, "reason", tg_text_of(message));
    tg_log_fields(generation->host.log, TG_LOG_ERROR, NULL, &line);
    tg_buffer_dispose(&line);
    free(message);
    return false;
}

static void close_state(struct tg_vm *vm, struct tg_host *host)
{
    if (vm == NULL)
        return;
    tg_every_stop(host, vm);
    tg_vm_destroy(vm);
}

void tg_scripts_close(struct tg_generation *generation)
{
    close_state(generation->vm, &generation->host);
    close_state(generation->jit_vm, &generation->host);
    free(generation->routes);
    generation->vm = generation->jit_vm = NULL;
    generation->routes = NULL;
}
