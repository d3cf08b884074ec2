#include "gate/document.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "gate/edition.h"
#include "gate/gate.h"
#include "gate/server.h"
#include "script/vm.h"

struct making {
    const struct tg_site *site;
    const struct tg_document_options *options;
    struct tg_buffer *out, *problems;
};

static void set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static void push_routes(lua_State *L, const struct tg_site *site)
{
    lua_createtable(L, (int)site->route_count, 0);
    for (size_t i = 0; i < site->route_count; i++) {
        lua_createtable(L, 0, 3);
        set_text(L, "pattern", site->routes[i].pattern);
        set_text(L, "script", site->routes[i].script);
        lua_pushboolean(L, site->backend_count != 0);
        lua_setfield(L, -2, "calls");
        lua_rawseti(L, -2, (int)i + 1);
    }
}

static void push_options(lua_State *L, const struct tg_document_options *options)
{
    lua_createtable(L, 0, 3);
    set_text(L, "title", options->title);
    set_text(L, "version", options->version);
    set_text(L, "server", options->server);
}

/* What lua/tidegate/openapi.lua gives: the document, and what is left out of it. */
static int make(lua_State *L)
{
    struct making *making = lua_touserdata(L, 1);

    tg_vm_push_runtime(L, "native"); /* 2 */
    lua_getfield(L, 2, "library");
    lua_pushliteral(L, "openapi");
    lua_call(L, 1, 1);
    lua_pushvalue(L, 2);
    tg_vm_push_runtime(L, "tg");
    tg_vm_push_runtime(L, "abouts");
    push_routes(L, making->site);
    push_options(L, making->options);
    lua_call(L, 5, 2);
    size_t len;
    const char *text = lua_tolstring(L, -2, &len);
    tg_buffer_append(making->out, text, len);
    text = lua_tolstring(L, -1, &len);
    if (len != 0)
        tg_buffer_printf(making->problems, "OpenAPI has no place for: %s\n", text);
    return 0;
}

static bool run(struct tg_vm *vm, struct making *making)
{
    char *message;

    if (tg_vm_call(vm, make, making, &message))
        return true;
    tg_buffer_printf(making->problems, "%s\n", message);
    free(message);
    return false;
}

bool tg_document_make(struct tg_site *site, const struct tg_document_options *options,
                      struct tg_buffer *out, struct tg_buffer *problems)
{
    struct making making = {site, options, out, problems};
    struct tg_gate gate;

    for (size_t i = 0; i < site->route_count; i++)
        site->routes[i].jit = false; /* all scripts in one state */
    tg_server_prepare(&gate, tg_edition_create(site, NULL, site->workers, 1));
    bool well = tg_server_make_workers(&gate, 1, problems);
    well = well && run(gate.workers[0].generation->vm, &making);
    tg_server_dispose(&gate);
    return well;
}
