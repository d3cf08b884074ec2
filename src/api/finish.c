/* From what a script returned to what is sent: runs inside the coroutine, where errors are caught.
 */
#include <lauxlib.h>

#include "api/backend_call.h"
#include "api/forward.h"
#include "api/keep.h"
#include "api/produce.h"
#include "api/response.h"
#include "http/strict.h"
#include "script/args.h"
#include "script/json_value.h"
#include "script/value.h"

enum { COPY_MAX = 4096 }; /* longer bodies stay in Lua's heap until they are sent */

/* Fields that belong to the connection, or that the server writes itself. */
static bool is_ours(struct tg_text name)
{
    return tg_strict_is_of_connection(name) || tg_text_is_nocase(name, TG_TEXT("date"));
}

static h2o_iovec_t copy(struct tg_request *request, struct tg_text text)
{
    return h2o_strdup(&request->run.pool, text.base, text.len);
}

/* Adds the field whose name is at index -2 (a string) and whose value is on top. */
static void add_field(lua_State *L, struct tg_request *request, struct tg_field *list, size_t *n)
{
    struct tg_text name, value;

    name.base = lua_tolstring(L, -2, &name.len);
    value.base = lua_tolstring(L, -1, &value.len);
    if (value.base == NULL)
        tg_raise(L, "the header '%s' has a %s as its value; a string or a list of strings is right",
                 name.base, luaL_typename(L, -1));
    if (tg_strict_field_name(name) != NULL)
        tg_raise(L, "'%s' can't be the name of a header", name.base);
    if (tg_strict_field_value(value) != NULL)
        tg_raise(L, "the value of the header '%s' has characters that can't be sent", name.base);
    if (is_ours(name))
        return;
    h2o_iovec_t lower = copy(request, name);
    h2o_strtolower(lower.base, lower.len);
    list[(*n)++] = (struct tg_field){lower, copy(request, value)};
}

static bool is_type(const struct tg_field *field)
{
    return tg_text_is(tg_text(field->name.base, field->name.len), TG_TEXT("content-type"));
}

/* A type that the script set under another spelling of the name stands instead of the usual one. */
static size_t drop_usual_type(struct tg_field *list, size_t n, const char *usual)
{
    size_t types = 0, kept = 0;

    for (size_t i = 0; i < n; i++)
        types += is_type(&list[i]);
    if (types < 2 || usual == NULL)
        return n;
    for (size_t i = 0; i < n; i++) {
        struct tg_text value = tg_text(list[i].value.base, list[i].value.len);
        if (!is_type(&list[i]) || !tg_text_is(value, tg_text_of(usual)))
            list[kept++] = list[i];
    }
    return kept;
}

/* Reads the table of headers on top. */
static void read_headers(lua_State *L, struct tg_request *request, const char *usual_type)
{
    size_t n = 0;
    struct tg_field *list =
        h2o_mem_alloc_pool(&request->run.pool, (tg_fields_count(L) + 1) * sizeof(*list));

    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        if (lua_type(L, -2) != LUA_TSTRING)
            tg_raise(L, "the names of headers are strings");
        if (lua_istable(L, -1)) {
            int count = (int)lua_objlen(L, -1);
            for (int i = 1; i <= count; i++) {
                lua_pushvalue(L, -2);
                lua_rawgeti(L, -2, i);
                add_field(L, request, list, &n);
                lua_pop(L, 2);
            }
        } else {
            add_field(L, request, list, &n);
        }
        lua_pop(L, 1);
    }
    n = drop_usual_type(list, n, usual_type);
    request->response.fields = (struct tg_fields){list, n};
}

/* Takes the string on top as the body and pops it. */
static void take_body(lua_State *L, struct tg_request *request)
{
    struct tg_text body;

    body.base = lua_tolstring(L, -1, &body.len);
    if (body.len <= COPY_MAX) {
        request->response.body = copy(request, body);
        lua_pop(L, 1);
        return;
    }
    request->response.body = h2o_iovec_init((char *)body.base, body.len);
    request->response.body_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

static void set_type(struct tg_request *request, const char *type)
{
    if (type == NULL)
        return;

    struct tg_field *field = h2o_mem_alloc_pool(&request->run.pool, sizeof(*field));
    *field = (struct tg_field){h2o_iovec_init(H2O_STRLIT("content-type")),
                               h2o_iovec_init(type, strlen(type))};
    request->response.fields = (struct tg_fields){field, 1};
}

/* Takes the body on top, of any kind, and pops it. */
static void take_any_body(lua_State *L, struct tg_request *request)
{
    if (lua_type(L, -1) == LUA_TSTRING) {
        take_body(L, request);
        return;
    }
    struct tg_backend_call *call = tg_backend_response_at(L, -1);
    if (call != NULL) {
        tg_backend_response_use(L, call, &request->response);
    } else if (lua_isfunction(L, -1)) {
        request->response.source = tg_produce(L, request);
    } else if (lua_isstring(L, -1)) {
        take_body(L, request);
        return;
    } else {
        tg_raise(L,
                 "a response's body must be a string, a function or a backend's response, this is "
                 "a %s",
                 luaL_typename(L, -1));
    }
    lua_pop(L, 1);
}

/* Passes on what a backend answered. */
static int pass_on(lua_State *L, struct tg_request *request, struct tg_backend_call *call)
{
    tg_backend_response_use(L, call, &request->response);
    request->response.fields = tg_forward_response(&request->run.pool, call->fields);
    request->response.status = call->exchange.status;
    return 0;
}

int tg_response_finish_built(lua_State *L)
{
    struct tg_request *request = tg_request_current(L);
    enum tg_response_kind kind = (enum tg_response_kind)lua_tointeger(L, 1);
    int status = (int)lua_tointeger(L, 2);

    request->response = (struct tg_response){.status = 0};
    if (lua_type(L, 2) != LUA_TNUMBER || status < 200 || status > 599)
        return tg_raise(L, "a response's status must be a number from 200 to 599");
    if (!lua_isnil(L, 5))
        tg_keep_read(L, "a response", 5, &request->response.cache, &request->run.pool);
    lua_settop(L, 4);
    if (!lua_isnil(L, 4))
        take_any_body(L, request);
    lua_settop(L, 3);
    if (lua_isnil(L, 3))
        set_type(request, tg_response_type(kind));
    else if (lua_istable(L, 3))
        read_headers(L, request, tg_response_type(kind));
    else
        return tg_raise(L, "a response's headers must be a table");
    request->response.status = status;
    return 0;
}

static int encode_table(lua_State *L, struct tg_request *request)
{
    struct tg_buffer *out = tg_values_buffer(L);
    struct tg_parse_error error;

    if (!tg_json_encode(L, 1, NULL, out, &error))
        return tg_raise(L, "the table that the script returned: %s", error.text);
    request->response.body = copy(request, tg_text(out->base, out->len));
    set_type(request, tg_response_type(TG_RESPONSE_JSON));
    request->response.status = 200;
    return 0;
}

/* Says which script returned something that is no response. */
static int refuse(lua_State *L, struct tg_request *request)
{
    lua_Debug info;
    const char *type = lua_isnil(L, 1) ? "nothing" : luaL_typename(L, 1);

    lua_rawgeti(L, LUA_REGISTRYINDEX, request->scripts->chain);
    lua_rawgeti(L, -1, (int)lua_tointeger(L, 2));
    lua_getinfo(L, ">S", &info);
    lua_pushfstring(L, "%s:%d: this function must return a response, it returned %s%s",
                    info.short_src, info.linedefined, lua_isnil(L, 1) ? "" : "a ", type);
    return lua_error(L);
}

int tg_response_finish(lua_State *L)
{
    struct tg_request *request = tg_request_current(L);

    request->response = (struct tg_response){.status = 0};
    if (lua_isnil(L, 1) && request->scripts->passes)
        return 0;
    if (lua_type(L, 1) == LUA_TSTRING) {
        lua_pushvalue(L, 1);
        take_body(L, request);
        set_type(request, tg_response_type(TG_RESPONSE_TEXT));
        request->response.status = 200;
        return 0;
    }
    struct tg_backend_call *call = tg_backend_response_at(L, 1);
    if (call != NULL)
        return pass_on(L, request, call);
    if (!lua_istable(L, 1))
        return refuse(L, request);
    return encode_table(L, request);
}

void tg_response_release(struct tg_request *request)
{
    if (request->response.body_ref != 0)
        luaL_unref(request->task.vm->L, LUA_REGISTRYINDEX, request->response.body_ref);
    request->response.body_ref = 0;
}
