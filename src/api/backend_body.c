/* The body of what a backend answered: it stays in C until a script asks for it, whole or in
 * pieces. */
#include <lauxlib.h>

#include "api/backend_parts.h"
#include "codec/inflate.h"

static void on_rest_start(struct tg_wait *wait);
static void on_rest(struct tg_exchange *exchange);
static int take_rest(lua_State *L, struct tg_wait *wait);
static void on_piece_start(struct tg_wait *wait);
static void on_piece(struct tg_exchange *exchange);
static int take_piece(lua_State *L, struct tg_wait *wait);

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
struct tg_error tg_backend_decode(struct tg_backend_call *call)
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

/* ---- a body that is read later */

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

void tg_backend_check_untaken(lua_State *L, const struct tg_backend_call *call)
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
    struct tg_backend_call *call = tg_backend_response_check(L, "body");

    if (call->streamed)
        tg_backend_check_untaken(L, call);
    return wait_for_more(
        L, call, "res.body",
        (struct tg_wait){.start = on_rest_start, .cancel = on_more_cancel, .take = take_rest});
}

/* piece(res): the next piece of the body, or nothing. */
static int piece(lua_State *L)
{
    return wait_for_more(
        L, tg_backend_response_check(L, "chunks"), "res:chunks",
        (struct tg_wait){.start = on_piece_start, .cancel = on_more_cancel, .take = take_piece});
}

/* is_whole(res): whether the body is here already. */
static int is_whole(lua_State *L)
{
    lua_pushboolean(L, !tg_backend_response_check(L, "body")->streamed);
    return 1;
}

/* start(res): from now on the body is taken in pieces. */
static int begin_pieces(lua_State *L)
{
    tg_backend_check_untaken(L, tg_backend_response_check(L, "chunks"));
    return 0;
}

const luaL_Reg tg_backend_body_waits[] = {
    {"rest", rest}, {"piece", piece}, {"is_whole", is_whole}, {"begin_pieces", begin_pieces},
    {NULL, NULL},
};
