/* What a backend answered, as scripts see it: the body stays in C until a script asks for it. */
#include <lauxlib.h>

#include "api/backend_call.h"
#include "api/body.h"
#include "codec/inflate.h"
#include "script/args.h"

static const char metatable[] = "tidegate.backend_response";
static const char streamed_metatable[] = "tidegate.streamed_response";

/* The block of a response userdata. */
struct value {
    struct tg_backend_call *call; /* NULL when its request is over */
};

void tg_backend_call_release(struct tg_backend_call *call)
{
    if (call->begun)
        tg_exchange_cancel(&call->exchange);
    call->begun = false;
    if (call->value != NULL)
        *call->value = NULL;
    call->value = NULL;
    tg_exchange_dispose(&call->exchange);
    tg_part_end(&call->part);
}

static struct tg_backend_call *live(lua_State *L, const struct value *value)
{
    if (value->call == NULL)
        tg_raise(L, "the request is over: what its backends answered can't be read any more");
    return value->call;
}

static struct tg_backend_call *check(lua_State *L, const char *name)
{
    if (!lua_isuserdata(L, 1))
        tg_raise(L, "'%s' is a method of a response: call it with a colon, res:%s(…)", name, name);
    struct tg_backend_call *call = tg_backend_response_at(L, 1);
    return call != NULL ? call : live(L, luaL_checkudata(L, 1, metatable));
}

/* What was decoded is as if it had come so: body and fields. */
static void forget_coding(struct tg_backend_call *call, struct tg_buffer *plain)
{
    struct tg_exchange *exchange = &call->exchange;
    struct tg_fields old = call->fields;
    struct tg_field *list = h2o_mem_alloc_pool(&call->run->pool, (old.count + 1) * sizeof(*list));
    size_t n = 0;

    for (size_t i = 0; i < old.count; i++)
        if (!tg_text_is_nocase(tg_text(old.list[i].name.base, old.list[i].name.len),
                               TG_TEXT("content-encoding")))
            list[n++] = old.list[i];
    call->fields = (struct tg_fields){list, n};
    call->run->held += plain->len;
    call->run->held -= exchange->body.len;
    tg_buffer_dispose(&exchange->content);
    exchange->content = *plain;
    exchange->body = h2o_iovec_init(plain->base, plain->len);
    exchange->length_known = false;
}

/* Undoes the coding of the body when a script looks at it for the first time. */
static struct tg_error decode(struct tg_backend_call *call)
{
    const struct tg_backend_config *config = tg_backend_config(call->exchange.backend);
    struct tg_fields received = {call->exchange.fields, call->exchange.field_count};
    const struct tg_field *field = tg_fields_find(received, TG_TEXT("content-encoding"));
    struct tg_text body = {call->exchange.body.base, call->exchange.body.len};
    struct tg_buffer plain = {.limit = config->limit};

    if (call->decoded || call->taken || field == NULL || body.len == 0)
        return TG_OK;
    struct tg_text coding = {field->value.base, field->value.len};
    if (!tg_inflate_knows(coding))
        return TG_OK;
    enum tg_inflate_result result = tg_inflate(coding, body, &plain);
    if (result == TG_INFLATE_DONE) {
        call->decoded = true;
        forget_coding(call, &plain);
        return TG_OK;
    }
    tg_buffer_dispose(&plain);
    return result == TG_INFLATE_DAMAGED
               ? (struct tg_error){"protocol", "the body is not of its Content-Encoding"}
               : (struct tg_error){"body_too_large", "the body of the response is longer than the "
                                                     "limit when it is decoded"};
}

typedef int reader(lua_State *L, const char *name, struct tg_body body);

static int read_as(lua_State *L, struct tg_backend_call *call, const char *name, reader *read)
{
    struct tg_error error = decode(call);
    struct tg_fields received = {call->exchange.fields, call->exchange.field_count};
    const struct tg_field *type = tg_fields_find(received, TG_TEXT("content-type"));
    struct tg_body body = {
        .bytes = {call->exchange.body.base, call->exchange.body.len},
        .backend = tg_backend_config(call->exchange.backend)->name,
    };

    if (type != NULL)
        body.type = tg_text(type->value.base, type->value.len);
    return error.code != NULL ? tg_backend_fail(L, call, error) : read(L, name, body);
}

static int json(lua_State *L)
{
    return read_as(L, check(L, "json"), "res:json", tg_body_json);
}

static int xml(lua_State *L)
{
    return read_as(L, check(L, "xml"), "res:xml", tg_body_xml);
}

static int to_json(lua_State *L)
{
    return read_as(L, check(L, "to_json"), "res:to_json", tg_body_to_json);
}

static int to_xml(lua_State *L)
{
    return read_as(L, check(L, "to_xml"), "res:to_xml", tg_body_to_xml);
}

/* ---- a body that is read later */

static void on_rest_start(struct tg_wait *wait);
static void on_rest(struct tg_exchange *exchange);
static int take_rest(lua_State *L, struct tg_wait *wait);
static void on_piece_start(struct tg_wait *wait);
static void on_piece(struct tg_exchange *exchange);
static int take_piece(lua_State *L, struct tg_wait *wait);

static struct tg_backend_call *of_more(struct tg_wait *wait)
{
    return H2O_STRUCT_FROM_MEMBER(struct tg_backend_call, more, wait);
}

static struct tg_backend_call *of_exchange(struct tg_exchange *exchange)
{
    return H2O_STRUCT_FROM_MEMBER(struct tg_backend_call, exchange, exchange);
}

static void on_more_cancel(struct tg_wait *wait)
{
    struct tg_backend_call *call = of_more(wait);

    call->reading = false;
    if (call->begun)
        tg_exchange_cancel(&call->exchange);
    call->begun = false;
}

static void on_rest_start(struct tg_wait *wait)
{
    struct tg_backend_call *call = of_more(wait);

    call->exchange.on_done = on_rest;
    if (call->begun)
        tg_exchange_read_rest(&call->exchange);
    else
        tg_task_resume(wait->task);
}

static void on_rest(struct tg_exchange *exchange)
{
    of_exchange(exchange)->begun = false;
    tg_task_resume(of_exchange(exchange)->more.task);
}

/* Gives true, or nil and why the body did not come. */
static int take_rest(lua_State *L, struct tg_wait *wait)
{
    struct tg_backend_call *call = of_more(wait);

    call->reading = false;
    if (call->exchange.error.code != NULL)
        return tg_backend_fail(L, call, call->exchange.error);
    call->streamed = false; /* from now on it is as one that was read whole */
    call->run->held += call->exchange.body.len;
    lua_pushboolean(L, true);
    return 1;
}

/* The first piece, unless it is empty, came with the head. */
static void on_piece_start(struct tg_wait *wait)
{
    struct tg_backend_call *call = of_more(wait);
    bool first = !call->taken;

    call->taken = true;
    call->exchange.on_piece = on_piece;
    call->exchange.on_done = on_rest;
    if (!first && !call->begun)
        call->exchange.body.len = 0;
    if (call->begun && (!first || call->exchange.body.len == 0))
        tg_exchange_next(&call->exchange);
    else
        tg_task_resume(wait->task);
}

static void on_piece(struct tg_exchange *exchange)
{
    tg_task_resume(of_exchange(exchange)->more.task);
}

static int take_piece(lua_State *L, struct tg_wait *wait)
{
    struct tg_backend_call *call = of_more(wait);

    call->reading = false;
    if (call->exchange.error.code != NULL) {
        tg_backend_fail(L, call, call->exchange.error);
        return lua_error(L);
    }
    if (call->exchange.body.len == 0)
        return 0;
    lua_pushlstring(L, call->exchange.body.base, call->exchange.body.len);
    return 1;
}

static void check_untaken(lua_State *L, const struct tg_backend_call *call)
{
    if (call->taken)
        tg_raise(L, "the body of this response was taken before; a streamed one comes only once");
}

static int wait_for_more(lua_State *L, struct tg_backend_call *call, const char *name,
                         struct tg_wait wait)
{
    struct tg_task *task = tg_task_current(L, name);

    if (call->reading)
        return tg_raise(L, "%s: another function of this request is reading this body", name);
    call->reading = true;
    call->more = wait;
    return tg_task_wait(L, task, &call->more);
}

/* rest(res): reads the body whole, when it is not. */
static int rest(lua_State *L)
{
    struct tg_backend_call *call = check(L, "body");

    if (call->streamed)
        check_untaken(L, call);
    return wait_for_more(
        L, call, "res.body",
        (struct tg_wait){.start = on_rest_start, .cancel = on_more_cancel, .take = take_rest});
}

/* piece(res): the next piece of the body, or nothing. */
static int piece(lua_State *L)
{
    return wait_for_more(
        L, check(L, "chunks"), "res:chunks",
        (struct tg_wait){.start = on_piece_start, .cancel = on_more_cancel, .take = take_piece});
}

/* is_whole(res): whether the body is here already. */
static int is_whole(lua_State *L)
{
    lua_pushboolean(L, !check(L, "body")->streamed);
    return 1;
}

/* start(res): from now on the body is taken in pieces. */
static int begin_pieces(lua_State *L)
{
    check_untaken(L, check(L, "chunks"));
    return 0;
}

void tg_backend_response_use(lua_State *L, struct tg_backend_call *call,
                             struct tg_response *response)
{
    check_untaken(L, call);
    if (call->exchange.error.code != NULL) {
        tg_backend_fail(L, call, call->exchange.error);
        lua_error(L);
    }
    call->taken = true;
    response->passed = true;
    response->length_known = call->exchange.length_known;
    response->length = call->exchange.length;
    if (call->begun)
        response->source = tg_exchange_source(&call->exchange);
    else
        response->body = call->exchange.body;
}

struct tg_backend_call *tg_backend_response_at(lua_State *L, int index)
{
    struct value *value = tg_kind_at(L, index, TG_KIND_RESPONSE);

    if (value == NULL)
        value = tg_kind_at(L, index, TG_KIND_STREAMED_RESPONSE);
    return value != NULL ? live(L, value) : NULL;
}

static int xpath(lua_State *L)
{
    return read_as(L, check(L, "xpath"), "res:xpath", tg_body_xpath);
}

/* res.<name>: upvalue 1 holds the methods. */
static int get(lua_State *L)
{
    struct tg_backend_call *call = live(L, lua_touserdata(L, 1));
    struct tg_text name;

    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    name.base = lua_tolstring(L, 2, &name.len);
    if (tg_text_is(name, TG_TEXT("status"))) {
        lua_pushinteger(L, call->exchange.status);
        return 1;
    }
    if (tg_text_is(name, TG_TEXT("body"))) {
        struct tg_error error = decode(call);
        if (error.code != NULL) {
            tg_backend_fail(L, call, error);
            return lua_error(L);
        }
        lua_pushlstring(L, call->exchange.body.base, call->exchange.body.len);
        return 1;
    }
    if (tg_text_is(name, TG_TEXT("headers"))) {
        tg_fields_push_open(L, 1, &call->fields, &call->run->pool);
        return 1;
    }
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    return 1;
}

static int set(lua_State *L)
{
    return tg_raise(L, "what a backend answered can't be changed; build a response of your own");
}

/* A body that no script can reach any more does not wait for the end of the request. */
static int collect(lua_State *L)
{
    struct value *value = lua_touserdata(L, 1);
    struct tg_backend_call *call = value->call;

    if (call == NULL)
        return 0;
    value->call = NULL;
    call->value = NULL;
    if (call->taken)
        return 0; /* it is being sent */
    if (!call->streamed)
        call->run->held -= call->exchange.body.len;
    if (call->begun)
        tg_exchange_cancel(&call->exchange);
    call->begun = false;
    tg_exchange_dispose(&call->exchange);
    return 0;
}

void tg_backend_response_push(lua_State *L, struct tg_backend_call *call)
{
    struct value *value = lua_newuserdata(L, sizeof(*value));

    value->call = NULL;
    tg_kind_set(L, call->streamed ? TG_KIND_STREAMED_RESPONSE : TG_KIND_RESPONSE);
    value->call = call;
    call->value = (void **)&value->call;
}

static const luaL_Reg methods[] = {
    {"json", json},     {"xml", xml},     {"to_json", to_json},
    {"to_xml", to_xml}, {"xpath", xpath}, {NULL, NULL},
};

static const luaL_Reg waits[] = {
    {"rest", rest}, {"piece", piece}, {"is_whole", is_whole}, {"begin_pieces", begin_pieces},
    {NULL, NULL},
};

/* Fills the metatable on top; the table of methods lies below it. */
static void fill_metatable(lua_State *L)
{
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, get, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, set);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, "backend_response");
    lua_setfield(L, -2, "__metatable");
}

/* runtime.lua makes those that wait of what stands in `backend_responses`. */
void tg_backend_response_open(lua_State *L)
{
    lua_newtable(L);
    luaL_register(L, NULL, waits);
    lua_newtable(L);
    luaL_register(L, NULL, methods);
    luaL_newmetatable(L, metatable);
    tg_kind_open(L, TG_KIND_RESPONSE);
    fill_metatable(L);
    lua_pop(L, 1);
    luaL_newmetatable(L, streamed_metatable);
    tg_kind_open(L, TG_KIND_STREAMED_RESPONSE);
    fill_metatable(L);
    lua_setfield(L, -3, "streamed");
    lua_setfield(L, -2, "methods");
    lua_setfield(L, -2, "backend_responses");
}
