/* tg.backend: the named services that a script can call. */
#include <lauxlib.h>

#include "api/api.h"
#include "api/backend_call.h"
#include "api/request.h"
#include "script/args.h"
#include "script/fail.h"

/* In the order of a call: call_start → on_start → proceed with a kept one → on_done, or on_head of
 * a streamed one → take. */
static void on_start(struct tg_wait *wait);
static void proceed(struct tg_part *part, enum tg_part_state state);
static void on_head(struct tg_exchange *exchange);
static void on_done(struct tg_exchange *exchange);
static int take(lua_State *L, struct tg_wait *wait);
static void on_cancel(struct tg_wait *wait);

static const char metatable[] = "tidegate.backend";

static void on_dispose(void *call)
{
    tg_backend_call_release(call);
}

static void make(struct tg_backend_call *call)
{
    call->begun = true;
    if (call->streamed)
        tg_exchange_stream(&call->exchange, call->exchange.backend, &call->call, on_head, on_done);
    else
        tg_exchange_start(&call->exchange, call->exchange.backend, &call->call, on_done);
}

/* Goes on with what the cache knows of the call. */
static void proceed(struct tg_part *part, enum tg_part_state state)
{
    struct tg_backend_call *call = part->owner;

    switch (state) {
    case TG_PART_CALL:
        make(call);
        break;
    case TG_PART_WAIT:
        break;
    case TG_PART_HAS:
        tg_part_fill(part, &call->exchange);
        tg_task_resume(call->wait.task);
        break;
    }
}

static struct tg_host *host_of(const struct tg_backend_call *call)
{
    return call->wait.task->vm->options.host;
}

static void on_start(struct tg_wait *wait)
{
    struct tg_backend_call *call = (struct tg_backend_call *)wait;

    if (call->part == NULL)
        make(call);
    else
        proceed(call->part,
                tg_part_begin(call->part, host_of(call), tg_backend_config(call->exchange.backend),
                              &call->call, &call->run->pool, proceed));
}

static bool is_from_cache(const struct tg_backend_call *call)
{
    return call->part != NULL && call->part->has;
}

static void on_head(struct tg_exchange *exchange)
{
    struct tg_backend_call *call =
        H2O_STRUCT_FROM_MEMBER(struct tg_backend_call, exchange, exchange);

    tg_task_resume(call->wait.task);
}

static void on_done(struct tg_exchange *exchange)
{
    struct tg_backend_call *call =
        H2O_STRUCT_FROM_MEMBER(struct tg_backend_call, exchange, exchange);

    call->begun = false;
    if (call->part != NULL)
        tg_part_take(call->part, exchange);
    if (is_from_cache(call))
        tg_part_fill(call->part, exchange);
    tg_task_resume(call->wait.task);
}

static void on_cancel(struct tg_wait *wait)
{
    struct tg_backend_call *call = (struct tg_backend_call *)wait;

    if (call->begun)
        tg_exchange_cancel(&call->exchange);
    call->begun = false;
    if (call->part != NULL)
        tg_part_end(call->part);
}

/* For the access log. */
static void record(lua_State *L, struct tg_backend_call *call)
{
    struct tg_request *request = tg_request_current(L);

    if (request == NULL || request->response_sent)
        return;
    struct tg_call_record *record = h2o_mem_alloc_pool(&request->run.pool, sizeof(*record));
    *record = (struct tg_call_record){
        .backend = tg_backend_config(call->exchange.backend)->name,
        .code = call->exchange.error.code,
        .status = call->exchange.status,
        .elapsed_ms = call->exchange.elapsed_ms,
        .exchange = call->streamed ? &call->exchange : NULL,
        .from_cache = is_from_cache(call),
    };
    *request->last_call = record;
    request->last_call = &record->next;
    if (request->on_call != NULL)
        request->on_call(request, &call->exchange, !call->streamed && !is_from_cache(call));
}

/* For how long the response of the request is kept. */
static void note_part(lua_State *L, const struct tg_backend_call *call)
{
    struct tg_request *request = tg_request_current(L);

    if (request != NULL && call->part != NULL)
        tg_part_note(call->part, request);
    else if (request != NULL)
        request->parts.uncached = true;
}

int tg_backend_fail(lua_State *L, struct tg_backend_call *call, struct tg_error error)
{
    tg_fail(L, error);
    lua_pushstring(L, tg_backend_config(call->exchange.backend)->name);
    lua_setfield(L, -2, "backend");
    return 2;
}

static bool is_expected(const struct tg_backend_call *call)
{
    int status = call->exchange.status;

    if (call->expect[0] == '\0')
        return true;
    if (call->expect[1] == 'x')
        return status / 100 == call->expect[0] - '0';
    return status == atoi(call->expect);
}

/* Pushes nil and an error of code status, with the status and the response in it. */
static int fail_status(lua_State *L, struct tg_backend_call *call)
{
    char message[64];

    snprintf(message, sizeof(message), "answered %d where %s was expected", call->exchange.status,
             call->expect);
    tg_backend_fail(L, call, (struct tg_error){"status", message});
    lua_pushinteger(L, call->exchange.status);
    lua_setfield(L, -2, "status");
    tg_backend_response_push(L, call);
    lua_setfield(L, -2, "response");
    return 2;
}

static int take(lua_State *L, struct tg_wait *wait)
{
    struct tg_backend_call *call = (struct tg_backend_call *)wait;

    record(L, call);
    note_part(L, call);
    if (call->exchange.error.code != NULL)
        return tg_backend_fail(L, call, call->exchange.error);
    call->fields = (struct tg_fields){call->exchange.fields, call->exchange.field_count};
    if (!call->streamed)
        call->run->held += call->exchange.body.len;
    if (!is_expected(call))
        return fail_status(L, call);
    tg_backend_response_push(L, call);
    return 1;
}

/* What is left of the request's time bounds every call. */
static void bound_by_deadline(struct tg_task *task, struct tg_backend_call *call)
{
    uint64_t now = tg_timers_now(task->vm->options.timers), deadline = task->run->deadline_ms;
    const struct tg_backend_config *config = tg_backend_config(call->exchange.backend);
    uint32_t own = call->call.timeout_ms != 0 ? call->call.timeout_ms : config->timeout_ms;

    if (deadline != 0 && now + own > deadline)
        own = deadline > now ? (uint32_t)(deadline - now) : 1;
    call->call.timeout_ms = own;
}

static struct tg_backend **check(lua_State *L, const char *name)
{
    if (!lua_isuserdata(L, 1))
        tg_raise(L, "%s is a method of a backend: call it with a colon", name);
    struct tg_backend **backend = tg_kind_at(L, 1, TG_KIND_BACKEND);
    return backend != NULL ? backend : luaL_checkudata(L, 1, metatable);
}

static struct tg_backend_call *make_call(lua_State *L, const char *name)
{
    struct tg_backend **backend = check(L, name);
    struct tg_task *task = tg_task_current(L, name);
    struct tg_backend_call *call =
        h2o_mem_alloc_shared(&task->run->pool, sizeof(*call), on_dispose);

    *call = (struct tg_backend_call){.wait = {.start = on_start, .cancel = on_cancel, .take = take},
                                     .run = task->run};
    call->exchange.backend = *backend;
    memcpy(call->expect, tg_backend_config(*backend)->expect, sizeof(call->expect));
    return call;
}

static int wait_for(lua_State *L, const char *name, struct tg_backend_call *call)
{
    struct tg_task *task = tg_task_current(L, name);

    bound_by_deadline(task, call);
    return tg_task_wait(L, task, &call->wait);
}

static int call_start(lua_State *L, const char *name, h2o_iovec_t method)
{
    struct tg_backend_call *call = make_call(L, name);

    tg_backend_options(L, name, call, method);
    return wait_for(L, name, call);
}

/* backend:forward(req, opts) */
static int forward(lua_State *L)
{
    static const char name[] = "backend:forward";
    struct tg_backend_call *call = make_call(L, name);

    call->streamed = true;
    tg_backend_forward_options(L, name, call, tg_request_at(L, name, 2));
    return wait_for(L, name, call);
}

#define METHOD(function, name)                                                                     \
    static int function(lua_State *L)                                                              \
    {                                                                                              \
        return call_start(L, "backend:" #function, h2o_iovec_init(H2O_STRLIT(name)));              \
    }

METHOD(request, "")
METHOD(get, "GET")
METHOD(head, "HEAD")
METHOD(post, "POST")
METHOD(put, "PUT")
METHOD(patch, "PATCH")
METHOD(options, "OPTIONS")

static int delete_call(lua_State *L)
{
    return call_start(L, "backend:delete", h2o_iovec_init(H2O_STRLIT("DELETE")));
}

static const luaL_Reg methods[] = {
    {"request", request}, {"get", get},     {"head", head},          {"post", post},
    {"put", put},         {"patch", patch}, {"delete", delete_call}, {"options", options},
    {"forward", forward}, {NULL, NULL},
};

static int to_text(lua_State *L)
{
    struct tg_backend **backend = luaL_checkudata(L, 1, metatable);

    lua_pushfstring(L, "backend '%s'", tg_backend_config(*backend)->name);
    return 1;
}

static int unknown(lua_State *L, struct tg_host *host, struct tg_text name)
{
    luaL_Buffer names;

    if (host->backend_count == 0)
        return tg_raise(L, "unknown backend '%s': the site has no backends", name.base);
    luaL_buffinit(L, &names);
    for (size_t i = 0; i < host->backend_count; i++) {
        if (i > 0)
            luaL_addstring(&names, ", ");
        luaL_addstring(&names, tg_backend_config(host->backends[i])->name);
    }
    luaL_pushresult(&names);
    return tg_raise(L, "unknown backend '%s'; the site has: %s", name.base, lua_tostring(L, -1));
}

/* tg.backend(name) */
static int backend_call(lua_State *L)
{
    struct tg_host *host = tg_host_of(L);
    struct tg_text name = tg_args_text(L, "tg.backend", 1);
    struct tg_backend *backend = tg_host_backend(host, name);

    if (backend == NULL)
        return unknown(L, host, name);
    struct tg_backend **value = lua_newuserdata(L, sizeof(*value));
    *value = backend;
    tg_kind_set(L, TG_KIND_BACKEND);
    return 1;
}

/* The methods stand in a table that runtime.lua sees, to make them wait. */
void tg_open_backend(lua_State *L)
{
    tg_backend_response_open(L);
    lua_pushcfunction(L, backend_call);
    lua_setfield(L, -2, "backend");
    luaL_newmetatable(L, metatable);
    tg_kind_open(L, TG_KIND_BACKEND);
    lua_newtable(L);
    luaL_register(L, NULL, methods);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "backend_methods");
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, to_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "backend");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
