#include "api/request.h"

#include <lauxlib.h>

#include "api/request_value.h"

static bool is_id(struct tg_text text)
{
    if (text.len == 0 || text.len > 64)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.base[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
            return false;
    }
    return true;
}

h2o_iovec_t tg_request_id(struct tg_request *request)
{
    if (request->id_len == 0) {
        const struct tg_field *given = tg_fields_find(request->fields, TG_TEXT("x-request-id"));
        if (given != NULL && is_id(tg_text(given->value.base, given->value.len))) {
            memcpy(request->id, given->value.base, given->value.len);
            request->id_len = (uint8_t)given->value.len;
        } else {
            tg_host_id(request->host, request->id);
            request->id_len = 16;
        }
    }
    return h2o_iovec_init(request->id, request->id_len);
}

static void keep(struct tg_request *request, h2o_iovec_t *text)
{
    *text = h2o_strdup(&request->run.pool, text->base, text->len);
}

void tg_request_keep(struct tg_request *request)
{
    h2o_iovec_t *texts[] = {&request->method, &request->path,      &request->raw_path,
                            &request->query,  &request->authority, &request->scheme,
                            &request->body};

    if (request->kept)
        return;
    request->kept = true;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        keep(request, texts[i]);
    for (size_t i = 0; i < request->fields.count; i++) {
        struct tg_field *field = (struct tg_field *)&request->fields.list[i];
        keep(request, &field->name);
        keep(request, &field->value);
    }
    tg_request_id(request);
    request->find_client(request);
}

void tg_request_forget(struct tg_request *request)
{
    if (request->handle != NULL)
        tg_handle_end(&request->task.vm->handles, request->handle);
    request->handle = NULL;
}

struct tg_request *tg_request_current(lua_State *L)
{
    struct tg_task *running = tg_vm_of(L)->running;

    return running != NULL ? running->run->context : NULL;
}

/* Pushes the route's table, made when the first request needs it; nil when nobody looks at it. */
static void push_route(lua_State *L, struct tg_route_scripts *scripts)
{
    if (scripts->takes < 2) {
        lua_pushnil(L);
        return;
    }
    if (scripts->table == 0) {
        tg_vm_push_runtime(L, "load_table");
        lua_pushstring(L, scripts->text);
        lua_call(L, 1, 1);
        scripts->table = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, scripts->table);
}

int tg_request_begin(lua_State *L)
{
    struct tg_request *request = tg_request_current(L);
    struct tg_route_scripts *scripts = request->scripts;
    bool looks = request->look != NULL && !scripts->passes;

    if (scripts->takes > 0)
        tg_request_push(L, request);
    else
        lua_pushnil(L);
    push_route(L, scripts);
    if (scripts->only != 0 && !looks) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, scripts->only);
        return 3;
    }
    lua_pushnil(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, scripts->chain);
    lua_pushboolean(L, looks);
    return 5;
}

/* ---- the cache, behind the scripts that run before the route's own */

static void on_look(struct tg_wait *wait)
{
    struct tg_look *look = (struct tg_look *)wait;
    struct tg_request *request = wait->task->run->context;

    request->look(request, look);
}

static void on_look_cancel(struct tg_wait *wait)
{
    struct tg_request *request = wait->task != NULL ? wait->task->run->context : NULL;

    if (request != NULL)
        request->looks = NULL;
}

static int take_look(lua_State *L, struct tg_wait *wait)
{
    lua_pushboolean(L, ((struct tg_look *)wait)->has);
    return 1;
}

int tg_request_look(lua_State *L)
{
    struct tg_task *task = tg_task_current(L, "look");
    struct tg_look *look = h2o_mem_alloc_pool(&task->run->pool, sizeof(*look));

    *look =
        (struct tg_look){.wait = {.start = on_look, .cancel = on_look_cancel, .take = take_look}};
    return tg_task_wait(L, task, &look->wait);
}
