#include "api/request_parts.h"

#include "http/cookie.h"
#include "http/escape.h"
#include "http/query.h"

static void push_text(lua_State *L, h2o_iovec_t text)
{
    lua_pushlstring(L, text.base, text.len);
}

void tg_request_push_params(lua_State *L, struct tg_request *request)
{
    lua_createtable(L, 0, (int)request->param_count);
    for (size_t i = 0; i < request->param_count; i++) {
        push_text(L, request->params[i].name);
        push_text(L, request->params[i].value);
        lua_rawset(L, -3);
    }
}

static size_t count_pairs(struct tg_text rest)
{
    struct tg_query_pair pair;
    size_t count = 0;

    while (tg_query_next(&rest, &pair))
        count++;
    return count;
}

static h2o_iovec_t decoded(h2o_mem_pool_t *pool, struct tg_text raw)
{
    char *space = h2o_mem_alloc_pool(pool, raw.len + 1);

    return h2o_iovec_init(space, tg_query_decode(raw, space));
}

struct tg_fields tg_request_pairs(struct tg_request *request, h2o_iovec_t source)
{
    h2o_mem_pool_t *pool = &request->run.pool;
    struct tg_text rest = tg_text(source.base, source.len);
    size_t count = count_pairs(rest), n = 0;
    struct tg_field *list = h2o_mem_alloc_pool(pool, (count + 1) * sizeof(*list));
    struct tg_query_pair pair;

    while (tg_query_next(&rest, &pair))
        list[n++] = (struct tg_field){decoded(pool, pair.name), decoded(pool, pair.value)};
    return (struct tg_fields){list, n};
}

void tg_request_push_cookies(lua_State *L, struct tg_request *request)
{
    lua_newtable(L);
    for (size_t i = 0; i < request->fields.count; i++) {
        const struct tg_field *field = &request->fields.list[i];
        struct tg_text rest = tg_text(field->value.base, field->value.len);
        struct tg_cookie cookie;
        if (!tg_text_is_nocase(tg_text(field->name.base, field->name.len), TG_TEXT("cookie")))
            continue;
        while (tg_cookie_next(&rest, &cookie)) {
            lua_pushlstring(L, cookie.name.base, cookie.name.len);
            char *space = h2o_mem_alloc_pool(&request->run.pool, cookie.value.len + 1);
            lua_pushlstring(L, space, tg_cookie_decode(cookie.value, space));
            lua_rawset(L, -3);
        }
    }
}

void tg_request_push_client(lua_State *L, struct tg_request *request)
{
    request->find_client(request);
    lua_createtable(L, 0, 2);
    lua_pushstring(L, request->client_address);
    lua_setfield(L, -2, "address");
    lua_pushinteger(L, request->client_port);
    lua_setfield(L, -2, "port");
}

static bool is_lower_hex(const char *text, size_t from, size_t to)
{
    bool all_zero = true;

    for (size_t i = from; i < to; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
        all_zero = all_zero && text[i] == '0';
    }
    return !all_zero;
}

/* A traceparent of version 00 (W3C Trace Context). */
static bool is_traceparent(h2o_iovec_t text)
{
    return text.len == 55 && memcmp(text.base, "00-", 3) == 0 && text.base[35] == '-' &&
           text.base[52] == '-' && is_lower_hex(text.base, 3, 35) &&
           is_lower_hex(text.base, 36, 52) && tg_hex_value(text.base[53]) >= 0 &&
           tg_hex_value(text.base[54]) >= 0;
}

void tg_request_push_trace(lua_State *L, struct tg_request *request)
{
    const struct tg_field *given = tg_fields_find(request->fields, TG_TEXT("traceparent"));
    char made[56] = "00-................................-................-01";

    if (given != NULL && is_traceparent(given->value)) {
        push_text(L, given->value);
        return;
    }
    tg_host_id(request->host, made + 3);
    tg_host_id(request->host, made + 19);
    tg_host_id(request->host, made + 36);
    lua_pushlstring(L, made, 55);
}
